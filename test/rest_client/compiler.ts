import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STRICT = [
  '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--noImplicitOverride', '--noPropertyAccessFromIndexSignature', '--noUnusedLocals', '--noUnusedParameters',
  '--verbatimModuleSyntax', '--isolatedModules', '--erasableSyntaxOnly', '--module', 'esnext', '--moduleResolution', 'bundler', '--target', 'es2022', '--ignoreConfig',
];
/** The types of a browser, and of nothing else. */
const BROWSER = ['--lib', 'es2022,dom,dom.iterable', '--types', ''];
const NODE = ['--lib', 'es2024', '--types', 'node'];

/** The generated clients of Keyturn. */
export const CLIENTS = filesBelow(join(ROOT, 'gen/rest'));

/** Compiles files as strictly as TypeScript can; fails with what it says against them. */
export function check(files: readonly string[], types: 'browser' | 'node' = 'browser'): void {
  compile(['--noEmit', '--allowImportingTsExtensions', ...(types === 'browser' ? BROWSER : NODE), ...files]);
}

/** Compiles the clients of Keyturn for browsers into a folder. */
export function emit(folder: string): void {
  compile(['--outDir', folder, '--rootDir', 'gen/rest', '--rewriteRelativeImportExtensions', ...BROWSER, ...CLIENTS]);
}

function compile(more: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), [...STRICT, ...more], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}
