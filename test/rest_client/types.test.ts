import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { withEcho } from './echo.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/.bin/tsc');
const STRICT = [
  '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noImplicitOverride', '--noPropertyAccessFromIndexSignature', '--noUnusedLocals', '--noUnusedParameters',
  '--verbatimModuleSyntax', '--isolatedModules', '--erasableSyntaxOnly', '--allowImportingTsExtensions', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022', '--ignoreConfig',
];
const BROWSER = ['--lib', 'es2022,dom,dom.iterable', '--types', ''];

describe('the types of the generated clients', function () {
  this.timeout(120_000);

  it('take what the contract has and nothing else, with the types of a browser alone', () => {
    compile([...BROWSER, 'test/rest_client/fixtures/types.ts']);
  });

  it('fit the types of Node', () => {
    compile(['--lib', 'es2024', '--types', 'node', ...filesBelow(join(ROOT, 'gen/rest'))]);
  });

  it('know no "any", and import nothing but each other', () => {
    for (const file of filesBelow(join(ROOT, 'gen/rest'))) {
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
    compile([...BROWSER, ...filesBelow(join(echo().folder, 'gen/rest'))]);
  });

  it('say what is deprecated, and keep comments whole', () => {
    const code = readFileSync(join(echo().folder, 'gen/rest/transcoder/v1/client_service.ts'), 'utf8');
    assert.match(code, /^\/\*\* What generated clients meet seldom\. This comment ends \*\\\/ nothing\. \*\/$/m);
    assert.match(code, / {3}\* Takes forms and nothing else\.\n {3}\*\n {3}\* `POST \/client\/form\/\{id\}`\n {3}\*\n {3}\* @deprecated\n {3}\*\//);
    assert.match(code, / {2}\/\*\* @deprecated \*\/\n {2}readonly color\?: Color/);
  });
});

function compile(more: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(TSC, [...STRICT, ...more], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}
