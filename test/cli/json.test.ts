import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { runHere } from './keyturn.ts';
import { leavesOf, newProgram } from './tree.ts';

/** Commands whose output is not data: a service's own ready line, and a script for a shell. */
const WITHOUT = new Set(['serve', 'completion']);

interface Told {
  readonly error: { readonly exit_code: number; readonly reason?: string; readonly message: string; readonly details: readonly string[] };
}

describe('--json', () => {
  const leaves = leavesOf(newProgram());

  it('is an option of every command that prints data', () => {
    const without = leaves.filter(({ command }) => !command.options.some(({ long }) => long === '--json')).map(({ path }) => path.join(' '));
    assert.deepEqual(new Set(without), WITHOUT);
  });

  for (const { path, command } of leaves.filter(({ path: [name = ''] }) => !WITHOUT.has(name))) {
    it(`makes one line of JSON of what is wrong with keyturn ${path.join(' ')}`, async () => {
      const missing = command.options.find(({ mandatory }) => mandatory);
      await told([...path, '--json', '--no-such-option'], 2, missing === undefined ? "unknown option '--no-such-option'" : `required option '${missing.flags}' not specified`);
      const [argument] = command.registeredArguments;
      if (argument?.required === true && missing === undefined) await told([...path, '--json'], 2, `missing required argument '${argument.name()}'`);
    });
  }

  it('tells of settings, of an absent service, and of words that are no option', async () => {
    const settings = await told(['device', 'list', '--json'], 2, 'bad settings', { KEYTURN_SERVER: 'nowhere', KEYTURN_OPERATOR_TOKEN: 'short' });
    assert.equal(settings.details.length, 2);
    const away = { KEYTURN_SERVER: '127.0.0.1:1', KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN };
    await told(['device', 'list', '--json'], 1, 'cannot reach Keyturn at 127.0.0.1:1; is it running? (keyturn serve)', away);
    const { code, stderr } = await runHere(['device', 'show', '--', '--json'], away);
    assert.deepEqual([code, stderr], [1, 'keyturn: cannot reach Keyturn at 127.0.0.1:1; is it running? (keyturn serve)\n']);
  });
});

async function told(args: readonly string[], exitCode: number, message: string, environment: Record<string, string> = {}): Promise<Told['error']> {
  const { code, stdout, stderr } = await runHere(args, environment);
  assert.deepEqual([code, stdout, stderr.indexOf('\n')], [exitCode, '', stderr.length - 1], stderr);
  const { error } = JSON.parse(stderr) as Told;
  assert.deepEqual([error.exit_code, error.message], [exitCode, message]);
  return error;
}
