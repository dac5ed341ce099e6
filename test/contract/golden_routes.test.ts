import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage } from '../../src/contract/image.ts';

const GOLDEN = new URL('routes.golden', import.meta.url);

/** `buf breaking` does not see a changed REST path; this list does. */
describe('the routes', () => {
  it('are those of routes.golden', () => {
    const golden = linesOf(readFileSync(GOLDEN, 'utf8'));
    const routes = linesOf(routesOfContract().join('\n'));
    const gone = golden.filter((line) => !routes.includes(line)).map((line) => `- ${line}`);
    const added = routes.filter((line) => !golden.includes(line)).map((line) => `+ ${line}`);
    assert.ok(
      gone.length + added.length === 0,
      `REST routes have changed. A line that goes or changes breaks clients.\n${[...gone, ...added].join('\n')}\n` +
        `If this is meant, make test/contract/routes.golden:\n\n${routes.join('\n')}\n`,
    );
    assert.deepEqual(golden, golden.toSorted(), 'routes.golden is sorted');
  });
});

/** One route a line: method, template, body, response_body, rpc; `-` for nothing. */
function routesOfContract(): string[] {
  const methods = compileContract(loadImage(), 'keyturn.v1').services.flatMap((service) => service.methods);
  return methods.flatMap(({ path, http }) =>
    http.map(({ pattern, body, responseBody }) => {
      const [method, template] = pattern?.$case === 'custom' ? [pattern.value.kind, pattern.value.path] : [pattern?.$case.toUpperCase(), pattern?.value];
      return [method, template, body || '-', responseBody || '-', path.slice(1)].join(' ');
    }),
  );
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).toSorted();
}
