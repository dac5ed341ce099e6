import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { describeWith, missingCommands } from '../support/machine.ts';
import { runHere } from './keyturn.ts';
import { commandsOf, examplesOf, leavesOf, newProgram } from './tree.ts';

describe('the help of keyturn', () => {
  const all = commandsOf(newProgram());

  it('describes each command, option and argument', () => {
    const bare = all.flatMap(({ path, command }) => [
      ...(command.description() === '' ? [path.join(' ')] : []),
      ...command.options.filter(({ description }) => description === '').map(({ flags }) => [...path, flags].join(' ')),
      ...command.registeredArguments.filter(({ description }) => description === '').map((argument) => [...path, argument.name()].join(' ')),
    ]);
    assert.deepEqual(bare, []);
  });

  it('ends with examples of the command itself', async () => {
    for (const { path } of all) {
      const examples = await examplesOf(path);
      assert.notEqual(examples.length, 0, path.join(' '));
      for (const example of examples) assert.match(example, new RegExp(`\\b${['keyturn', ...path].join(' ')}\\b`));
    }
  });

  it('is the same for all ways to ask for it', async () => {
    const [option, short, command, group] = await Promise.all([['device', 'list', '--help'], ['device', 'list', '-h'], ['device', 'help', 'list'], ['help', 'device']].map((args) => runHere(args)));
    assert.deepEqual(short, option);
    assert.deepEqual(command, option);
    assert.deepEqual(group, await runHere(['device', '--help']));
  });
});

describeWith(missingCommands('bash'), 'the examples in the help of keyturn', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyturn-help-'));
    for (const name of ['pump-8.pem', 'password.txt']) writeFileSync(join(folder, name), '');
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The words of each call of keyturn in a shell line. */
  const wordsOf = (line: string): string[][] => {
    const script = `keyturn() { printf '%s\\0' "$@" $'\\n' >> words; }\nopenssl() { true; }\n${line}`;
    writeFileSync(join(folder, 'words'), '');
    execFileSync('bash', ['--norc', '-c', script], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const calls = readFileSync(join(folder, 'words'), 'utf8').split('\n\0').slice(0, -1);
    return calls.map((call) => call.split('\0').slice(0, -1));
  };

  for (const { path } of commandsOf(newProgram())) {
    it(`${['keyturn', ...path].join(' ')}: have commands, options and arguments that exist`, async () => {
      for (const line of await examplesOf(path)) {
        const calls = wordsOf(line);
        assert.notEqual(calls.length, 0, line);
        for (const words of calls) {
          const program = newProgram();
          let reached = false;
          for (const { command } of leavesOf(program)) command.action(() => void (reached = true));
          if (words[0] === 'help') continue;
          await program.parseAsync(words, { from: 'user' });
          assert.ok(reached, line);
        }
      }
    });
  }
});
