import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'mocha';
import { Failure } from '../../src/cli/failure.ts';
import { readPassword } from '../../src/cli/password.ts';

describe('a password that is asked for', () => {
  it('is asked for twice and not shown', async () => {
    assert.deepEqual(await type('pass word \u00e4\npass word \u00e4\n'), { password: 'pass word \u00e4', shown: 'New password: \nOnce more: \n' });
  });

  it('must be the same both times', async () => {
    await assert.rejects(type('one password\nanother password\n'), (error) => error instanceof Failure && error.exitCode === 2 && /not the same/.test(error.message));
  });

  it('is not taken from a terminal that closes', async () => {
    for (const input of ['', 'one password\n', '\u0003']) {
      await assert.rejects(type(input), (error) => error instanceof Failure && error.exitCode === 1 && /nothing was changed/.test(error.message));
    }
  });

  it('is not asked for without a terminal', async () => {
    const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
    await assert.rejects(readPassword({ environment: {}, ...streams }, undefined), /there is no terminal to ask for the password; give --password-file/);
  });
});

/** Types `input` and closes the terminal; returns the password and what was shown. */
async function type(input: string): Promise<{ password: string; shown: string }> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stdin.end(input);
  const password = await readPassword({ environment: {}, stdin, stdout, stderr }, undefined);
  assert.equal(stdout.read(), null);
  return { password, shown: String(stderr.read()) };
}
