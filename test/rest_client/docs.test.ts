import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { before, describe, it } from 'mocha';
import { blocksOf, documentAt } from '../examples/shell_blocks.ts';
import { withWorkplace } from '../examples/workplace.ts';
import { operate } from '../support/iotda.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

describe('docs/rest_client.md', () => {
  const { folder, service } = withWorkplace();
  const tokenFile = join(folder, 'operator.token');
  before(() => writeFileSync(tokenFile, `${OPERATOR_TOKEN}\n`));

  it('has code that compiles and does what it says', async () => {
    const script = join(folder, 'page.ts');
    const code = blocksOf(documentAt('docs/rest_client.md'), '# A typed client for TypeScript', 'ts')
      .replaceAll(/'keyturn\/rest\/(.*)\.js'/g, `'${join(ROOT, 'gen/rest')}/$1.ts'`)
      .replaceAll('http://localhost:8080', service().url)
      .replaceAll('data/operator.token', tokenFile);
    writeFileSync(script, code);
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--allowImportingTsExtensions', '--module', 'nodenext', '--target', 'es2024', '--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
    const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), [...options, script], { cwd: ROOT, encoding: 'utf8' });
    assert.equal(status, 0, stdout);

    const printed = (await run(process.execPath, [script])).stdout.split('\n');
    assert.match(printed[0] ?? '', /^ACTIVE 20\d\d-/);
    assert.match(printed[1] ?? '', /^0 [\w-]+$/);
    assert.equal(printed[2], 'unchanged');
    assert.match(printed[3] ?? '', /^device\.created meter-1 \S+$/);
    assert.match(printed[4] ?? '', /^409 DEVICE_EXISTS A device of this id is registered already\. [\w-]+ undefined$/);
    assert.deepEqual(printed.slice(5), ['[]', '']);
  });

  it('names an example that runs', async () => {
    for (const id of ['one', 'two']) await operate(service(), 'POST', '/v1/devices', { device_id: id });
    const { stdout } = await run(process.execPath, ['examples/rest_client/frozen.ts', service().url, tokenFile, 'two', 'nobody'], { cwd: ROOT });
    assert.deepEqual(stdout.split('\n'), ['two FROZEN', 'nobody is not registered', 'frozen: two', '']);
  });
});
