import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { CLIENTS, check, filesBelow } from './compiler.ts';
import { withEcho } from './echo.ts';

describe('the types of the generated clients', function () {
  this.timeout(120_000);

  it('take what the contract has and nothing else, with the types of a browser alone', () => {
    check(['test/rest_client/fixtures/types.ts']);
  });

  it('fit the types of Node', () => {
    check(CLIENTS, 'node');
  });

  it('know no "any", and import nothing but each other', () => {
    for (const file of CLIENTS) {
      const code = readFileSync(file, 'utf8');
      const lines = code.split('\n').filter((line) => !/^ *(?:\/\*|\*|\/\/)/.test(line));
      assert.deepEqual(lines.filter((line) => /(?:[:<|&,(]|\bas) *any\b/.test(line)), [], file);
      const imported = [...code.matchAll(/\bfrom ["']([^"']+)["']/g)].map(([, name = '']) => name);
      assert.deepEqual(imported.filter((name) => !name.startsWith('.') || builtinModules.includes(name)), [], file);
    }
  });
});

describe('the types of clients for another contract', function () {
  this.timeout(120_000);
  const echo = withEcho();

  it('compile, whatever its messages, names and comments are', () => {
    check(filesBelow(join(echo().folder, 'gen/rest')));
  });

  it('say what is deprecated, and keep comments whole', () => {
    const code = readFileSync(join(echo().folder, 'gen/rest/transcoder/v1/client_service.ts'), 'utf8');
    assert.match(code, /^\/\*\* What generated clients meet seldom\. This comment ends \*\\\/ nothing\. \*\/$/m);
    assert.match(code, / {3}\* Takes forms and nothing else\.\n {3}\*\n {3}\* `POST \/client\/form\/\{id\}`\n {3}\*\n {3}\* @deprecated\n {3}\*\//);
    assert.match(code, / {2}\/\*\* @deprecated \*\/\n {2}readonly color\?: Color/);
  });
});
