import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { describeWith, missingCommands } from '../support/machine.ts';
import { keyturn, runHere } from './keyturn.ts';
import { NO_TERMINAL, onTerminal } from './terminal.ts';

const COMMANDS = [
  'access-key', 'audit', 'completion', 'device', 'doctor', 'events', 'help', 'identity', 'introspect-client', 'issuer', 'keyring', 'message', 'migrate', 'product', 'project',
  'reset-secret', 'rotate', 'serve', 'token', 'user',
];
const ALGORITHMS = ['ES256', 'ES384', 'Ed25519', 'EdDSA', 'PS256', 'RS256'];

/** What is typed, where A stands for the key that inserts all that could follow, and the words that the command gets. */
const TYPED: readonly (readonly [typed: string, ...words: string[]])[] = [
  ['A', ...COMMANDS],
  ['devi\tsh\tx', 'device', 'show', 'x'],
  ['device s\tx', 'device', 'sx'],
  ['issuer A', 'issuer', 'distrust', 'help', 'list', 'revoke', 'rotate', 'trust'],
  ['help us\t', 'help', 'user'],
  ['device help sho\t', 'device', 'help', 'show'],
  ['completion A', 'completion', 'bash', 'fish', 'zsh'],
  ['rotate --alg A', 'rotate', '--alg', ...ALGORITHMS],
  ['rotate --alg=ES3\t', 'rotate', '--alg=ES384'],
  ['rotate --key pu\t', 'rotate', '--key', 'pump.pem'],
  ['rotate --key=pu\t', 'rotate', '--key=pump.pem'],
  ['rotate --state s\t', 'rotate', '--state', 'state/'],
  ['audit list --limit A', 'audit', 'list', '--limit'],
  ['device add a --scope b c:d --json --no-u\t', 'device', 'add', 'a', '--scope', 'b', 'c:d', '--json', '--no-updates'],
  ['device show -- --js\t', 'device', 'show', '--', '--js'],
  ['issuer trust https://issuer.example --publ\tpu\t', 'issuer', 'trust', 'https://issuer.example', '--public-key', 'pump.pem'],
];

/** Where nothing follows but options, which zsh offers there. */
const LAST_WORDS: typeof TYPED = [
  ['completion bash A', 'completion', 'bash'],
  ['device add pump-7 A', 'device', 'add', 'pump-7'],
];

describe('keyturn completion', () => {
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keyturn-completion-'));
    writeFileSync(join(folder, 'pump.pem'), '');
    // Nothing but files is offered where a file is wanted: the words of a script are no patterns.
    writeFileSync(join(folder, '+any'), '');
    mkdirSync(join(folder, 'state'));
    for (const shell of ['bash', 'zsh', 'fish']) {
      const { code, stdout, stderr } = await keyturn(['completion', shell]);
      assert.deepEqual([code, stderr], [0, '']);
      writeFileSync(join(folder, `script.${shell}`), stdout);
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  it('knows three shells and no other', async () => {
    const { code, stderr } = await runHere(['completion', 'tcsh']);
    assert.equal(code, 2);
    assert.match(stderr, /^keyturn: command-argument value 'tcsh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish\./);
  });

  /** What the command has got for each line that was typed. */
  const typeInto = async (shell: string, lines: readonly string[]): Promise<string[]> => {
    const input = `\n${lines.map((line) => `keyturn ${line}\n`).join('')}exit\n`;
    const { output } = await onTerminal(shell, { input, cwd: folder, environment: { ZDOTDIR: folder, HOME: folder } });
    return [...output.matchAll(/RAN((?:<[^>]*>)*)/g)].map((match) => match[1] ?? '');
  };

  const completes = async (shell: string, all: string, cases: typeof TYPED, written: (words: readonly string[]) => readonly string[]): Promise<void> => {
    const ran = await typeInto(shell, cases.map(([typed]) => typed.replace('A', all)));
    assert.deepEqual(ran, cases.map(([, ...words]) => written(words).map((word) => `<${word}>`).join('')));
  };

  describeWith(NO_TERMINAL, 'in bash', () => {
    before(() => {
      writeFileSync(join(folder, '.bashrc'), `keyturn() { printf RAN; printf '<%s>' "$@"; echo; }\nsource script.bash\n`);
    });

    it('completes commands, options, their words and files', async () => {
      await completes('bash --rcfile .bashrc -i', '\u001b*', [...TYPED, ...LAST_WORDS], (words) => words);
    });
  });

  describeWith([...NO_TERMINAL, ...missingCommands('zsh')], 'in zsh', () => {
    before(() => {
      const lines = [
        'autoload -Uz compinit && compinit -u -D',
        `keyturn() { printf RAN; printf '<%s>' "$@"; echo; }`,
        'source script.zsh',
        'zle -C all complete-word _generic',
        "zstyle ':completion:all:*' completer _all_matches _complete",
        "zstyle ':completion:all:*' insert true",
        "bindkey '^Xa' all",
      ];
      writeFileSync(join(folder, '.zshrc'), `${lines.join('\n')}\n`);
    });

    it('completes commands, options, their words and files', async () => {
      // It ties a value to its option, and drops the slash behind a folder that is whole.
      await completes('zsh -i', '\u0018a', TYPED, (words) => words.join(' ').replace('--public-key pump', '--public-key=pump').replace('state/', 'state').split(' '));
    });
  });

  describeWith(missingCommands('fish'), 'in fish', () => {
    it('completes commands, options, their words and files', () => {
      assert.deepEqual(offered(folder, 'keyturn '), COMMANDS.toSorted());
      assert.deepEqual(offered(folder, 'keyturn devi'), ['device']);
      assert.deepEqual(offered(folder, 'keyturn issuer '), ['distrust', 'help', 'list', 'revoke', 'rotate', 'trust']);
      assert.deepEqual(offered(folder, 'keyturn help us'), ['user']);
      assert.deepEqual(offered(folder, 'keyturn completion '), ['bash', 'fish', 'zsh']);
      assert.deepEqual(offered(folder, 'keyturn rotate --alg '), ALGORITHMS.toSorted());
      assert.deepEqual(offered(folder, 'keyturn rotate --alg=ES3'), ['--alg=ES384']);
      assert.deepEqual(offered(folder, 'keyturn rotate --key pu'), ['pump.pem']);
      assert.deepEqual(offered(folder, 'keyturn rotate --state s'), ['state/']);
      assert.deepEqual(offered(folder, 'keyturn audit list --limit '), []);
      assert.deepEqual(offered(folder, 'keyturn device add pump-7 '), []);
      assert.deepEqual(offered(folder, 'keyturn device add a --scope b c:d --json --no-u'), ['--no-updates']);
      assert.deepEqual(offered(folder, 'keyturn device show -'), ['--help', '--json', '--server', '--token-file', '-h']);
    });
  });
});

/** What fish offers at the end of a line. */
function offered(folder: string, line: string): string[] {
  const output = execFileSync('fish', ['--no-config', '-c', 'source script.fish; complete -C $argv[1]', line], { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: folder } });
  return output.split('\n').filter((row) => row !== '').map((row) => row.split('\t', 1)[0] ?? '').toSorted();
}
