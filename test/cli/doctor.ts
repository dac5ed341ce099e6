import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../src/config/index.ts';
import { runHere } from './keyturn.ts';

export interface Finding {
  readonly check: string;
  readonly state: 'good' | 'warning' | 'bad';
  readonly says: string;
  readonly todo?: string;
}

/** Free ports, so that nothing else on the machine is found. */
export const FREE = { KEYTURN_HTTP_LISTEN: '127.0.0.1:0', KEYTURN_GRPC_LISTEN: '127.0.0.1:0' };

/** Runs doctor. Whatever it says, its form holds: what is not good has something to do, and the exit code and the counts fit. */
export async function doctor(environment: Environment): Promise<readonly Finding[]> {
  const { code, stdout, stderr } = await runHere(['doctor', '--json'], environment);
  assert.equal(stderr, '');
  const document = JSON.parse(stdout) as { findings: Finding[]; good: number; warning: number; bad: number };
  for (const { check, state, says, todo } of document.findings) {
    assert.match(check, /^(?:settings|folder|database|clock|tls|listeners|keyring)$/);
    assert.ok(says.length > 0);
    assert.equal(todo === undefined, state === 'good', `${state}: ${says} - ${todo}`);
    assert.notEqual(todo, '');
  }
  const count = (state: Finding['state']): number => document.findings.filter((finding) => finding.state === state).length;
  assert.deepEqual([document.good, document.warning, document.bad], [count('good'), count('warning'), count('bad')]);
  assert.equal(code, document.bad > 0 ? 1 : 0);
  return document.findings;
}

/** The findings of one check as the text lines have them: `bad: what is so - what to do`. */
export function linesOf(findings: readonly Finding[], check: string): string[] {
  return findings
    .filter((finding) => finding.check === check)
    .map(({ state, says, todo }) => `${state}: ${says}${todo === undefined ? '' : ` - ${todo}`}`);
}

/** Asserts that exactly one finding of the check matches, and returns its line. */
export function oneLine(findings: readonly Finding[], check: string, pattern: RegExp): string {
  const lines = linesOf(findings, check);
  const [line, ...more] = lines.filter((candidate) => pattern.test(candidate));
  assert.ok(line !== undefined && more.length === 0, `${pattern} in\n${lines.join('\n')}`);
  return line;
}

/** A temporary folder with `data` in it if so wished, removed when disposed of. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'keyturn-doctor-'));
  readonly data = join(this.path, 'data');

  /** Writes a file with this mode whatever the umask; a name that ends in a slash is a folder. */
  write(name: string, text: string, mode: number): string {
    const path = join(this.path, name);
    if (name.endsWith('/')) mkdirSync(path, { recursive: true });
    else writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
