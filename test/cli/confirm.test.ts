import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'mocha';
import { confirm } from '../../src/cli/confirm.ts';
import { Failure } from '../../src/cli/failure.ts';

describe('confirmation', () => {
  it('takes yes in its usual forms', async () => {
    for (const yes of ['y\n', 'YES\n', ' yes \n']) assert.equal(await answer(yes), 'Sure? [y/N] ');
  });

  it('takes anything else as no, and no answer too', async () => {
    for (const no of ['\n', 'n\n', 'yesterday\n', '']) {
      await assert.rejects(answer(no), (error) => error instanceof Failure && error.exitCode === 1 && /nothing was changed/.test(error.message));
    }
  });
});

/** Types `input` and closes the terminal; returns what was asked. */
async function answer(input: string): Promise<string> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const stderr = new PassThrough();
  stdin.end(input);
  await confirm({ environment: {}, stdin, stdout: new PassThrough(), stderr }, 'Sure?');
  return String(stderr.read());
}
