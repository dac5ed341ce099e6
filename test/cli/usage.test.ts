import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Environment } from '../../src/config/index.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { keyturn, runHere } from './keyturn.ts';

describe('the usage of keyturn', () => {
  it('says what exit codes mean', async () => {
    const { code, stdout } = await keyturn(['--help']);
    assert.equal(code, 0);
    assert.match(stdout, /Exit codes:\n {2}0 {4}done\n {2}1 {4}failed.*\n {2}2 {4}wrong usage.*\n {2}3 {4}refused/);
  });

  it('complains of what it does not know', async () => {
    await refuses(['devise'], /^keyturn: unknown command 'devise'\n\(Did you mean device\?\)\n/);
    await refuses(['device', 'show'], /^keyturn: missing required argument 'device_id'/);
    await refuses(['device', 'show', 'a', 'b'], /^keyturn: too many arguments/);
    await refuses(['device', 'list', '--jsn'], /^keyturn: unknown option '--jsn'/);
    await refuses(['device'], /^Usage: keyturn device /);
    await refuses([], /^Usage: keyturn /);
    for (const limit of ['0', '1.5', 'many']) {
      await refuses(['audit', 'list', '--limit', limit], /^keyturn: option '--limit <N>' argument '.*' is invalid\. It should be a whole number/);
    }
  });

  it('complains of settings by their names', async () => {
    const expects = / expects HOST:PORT, such as 127\.0\.0\.1:8080/.source;
    const bad = { KEYTURN_SERVER: 'nowhere', KEYTURN_OPERATOR_TOKEN: 'short' };
    const all = new RegExp(`^keyturn: bad settings\n {2}KEYTURN_SERVER${expects}.*\n {2}KEYTURN_OPERATOR_TOKEN expects`);
    await refuses(['device', 'list'], all, bad);
    const option = new RegExp(`^keyturn: bad settings\n {2}--server${expects}`);
    await refuses(['device', 'list', '--server', 'nowhere'], option, { KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN });
  });

  it("sends the operator's token to another machine by TLS alone, unless told that nobody listens on the way", async () => {
    const known = { KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN };
    for (const place of ['keyturn.invalid:50051', '192.0.2.2:50051', '[2001:db8::2]:50051']) {
      await refuses(['device', 'list', '--server', place], /^keyturn: bad settings\n {2}--server leads to another machine, and the operator's token would go there unencrypted: give https:/, known);
      await refuses(['device', 'list'], /^keyturn: bad settings\n {2}KEYTURN_SERVER leads to another machine/, { ...known, KEYTURN_SERVER: place });
    }
    for (const scheme of ['https', 'http']) {
      const { code, stderr } = await runHere(['device', 'list', '--server', `${scheme}://keyturn.invalid:50051`], known);
      assert.deepEqual([code, stderr], [1, 'keyturn: cannot reach Keyturn at keyturn.invalid:50051: this machine knows no host of that name\n'], scheme);
    }
  });
});

async function refuses(args: readonly string[], stderr: RegExp, environment: Environment = {}): Promise<void> {
  const result = await runHere(args, environment);
  assert.match(result.stderr, stderr);
  assert.deepEqual([result.code, result.stdout], [2, '']);
}
