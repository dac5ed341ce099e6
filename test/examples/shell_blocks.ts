import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { missingCommands } from '../support/machine.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the machine lacks to run what the documents show: an empty list, or the names. */
export const MISSING = missingCommands('bash', 'curl');

/** A document of the repository, as text. */
export function documentAt(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** What the blocks of a language hold, one after the other, from below a heading to the next one of its level or above. */
export function blocksOf(document: string, heading: string, language: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const lines = document.split('\n');
  const begin = lines.indexOf(heading) + 1;
  if (begin === 0) throw new Error(`there is no ${heading}`);
  const length = lines.slice(begin).findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? Infinity) <= level);
  const text = lines.slice(begin, length === -1 ? undefined : begin + length).join('\n');
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^\\1\`\`\`$`, 'gm'))].map((match) => match[2]).join('');
}

/**
 * Runs shell lines as they stand in a document, in one shell that ends at the first failure, on a service elsewhere than
 * on its usual ports and with another data folder. Returns what they have printed.
 */
export async function runLines(lines: string, service: TestService, dataFolder: string, variables: Record<string, string> = {}): Promise<string> {
  const script = [`npx() { shift; node src/keyturn.js "$@"; }`, lines]
    .join('\n')
    .replaceAll('localhost:8080', new URL(service.url).host)
    .replaceAll(/^(node examples\/identity\/verify\.mjs .*)$/gm, `$1 ${service.url}`)
    .replaceAll(/\bdata\//g, `${dataFolder}/`);
  return runShell(script, { KEYTURN_SERVER: service.operator, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, ...variables });
}

/** Runs a script at the root of the repository, with the Node of the tests first on its PATH, to its first failure. Returns what it has printed. */
export async function runShell(script: string, variables: Record<string, string>): Promise<string> {
  const env = { PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`, ...variables };
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-euo', 'pipefail', '-c', script], { cwd: ROOT, env });
  return stdout;
}
