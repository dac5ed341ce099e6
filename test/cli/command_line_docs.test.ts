import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { MISSING, blocksOf, documentAt, runLines } from '../examples/shell_blocks.ts';
import { describeWith } from '../support/machine.ts';
import { startService } from '../support/service.ts';
import { runHere } from './keyturn.ts';
import { leavesOf, newProgram } from './tree.ts';

const PAGE = documentAt('docs/command_line.md');
const LEAVES = leavesOf(newProgram());

/** What stands below a heading, up to the next one. */
function section(heading: string): string {
  return PAGE.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? assert.fail(`there is no ${heading}`);
}

/** The rows of all tables below a heading, without their heads. */
function rowsOf(heading: string): string[] {
  return section(heading).split('\n').filter((line) => line.startsWith('| `') || /^\| \d/.test(line));
}

describe('docs/command_line.md', () => {
  const rows = rowsOf('Commands');

  it('lists every command with its arguments, and no other', () => {
    const listed = rows.filter((row) => row.startsWith('| `keyturn ')).map((row) => row.split('`')[1]);
    const expected = LEAVES.map(({ path, command }) => {
      const words = command.registeredArguments.map((argument) => {
        const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
        return argument.required ? `<${name}>` : `[${name}]`;
      });
      return ['keyturn', ...path, ...words].join(' ');
    });
    assert.deepEqual(listed, expected);
  });

  it('lists every option of each, in its row or among those that are shared, and no other', () => {
    const shared = rows.filter((row) => row.startsWith('| `-')).join('\n');
    for (const { path, command } of LEAVES) {
      const row = rows.find((line) => line.startsWith(`| \`keyturn ${path.join(' ')}\``) || line.startsWith(`| \`keyturn ${path.join(' ')} `)) ?? assert.fail(path.join(' '));
      for (const { flags } of command.options) assert.ok(row.includes(`\`${flags}\``) || shared.includes(`\`${flags}\``), `${path.join(' ')} ${flags}`);
    }
    const known = new Set(LEAVES.flatMap(({ command }) => command.options.map(({ long }) => long)));
    for (const [option] of PAGE.matchAll(/(?<=[`\s])--[a-z][a-z-]*/g)) assert.ok(known.has(option) || option === '--help', option);
  });

  it('has the exit codes and variables of keyturn --help', async () => {
    const { stdout } = await runHere(['--help']);
    const codes = [...stdout.matchAll(/^ {2}(\d+) {2}/gm)].map((match) => match[1] ?? '');
    assert.deepEqual(codes, ['0', '1', '2', '3', '130']);
    const written = rowsOf('Exit codes').map((row) => /\d+/.exec(row)?.[0]);
    assert.deepEqual(written, codes);
    for (const [name] of stdout.matchAll(/\b(?:KEYTURN_[A-Z_]+|NO_COLOR|FORCE_COLOR)\b/g)) assert.ok(section('Environment').includes(`\`${name}\``), name);
  });
});

describeWith(MISSING, 'the commands of docs/command_line.md', () => {
  it('run as they stand', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-example-'));
    await using service = await startService();
    const printed = await runLines(`exec 2>&1\n${blocksOf(PAGE, '# The command line', 'sh')}`, service, folder);
    const files = readdirSync(folder).toSorted();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(files, ['_keyturn', 'keyturn.fish']);
    assert.match(printed, /^fan-1 +default +ACTIVE /m);
    assert.match(printed, /^state +FROZEN$/m);
    assert.match(printed, /^ {2}"state": "FROZEN",$/m);
    assert.match(printed, /^keyturn: There is no such device\. \(DEVICE_NOT_FOUND\)\nended with 3\n/m);
    assert.ok(printed.endsWith(`${blocksOf(PAGE, '## For scripts', 'json')}ended with 3\n`), printed);
  }).timeout(120_000);
});
