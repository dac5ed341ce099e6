import assert from 'node:assert/strict';
import { it } from 'mocha';
import { describeWith } from '../support/machine.ts';
import { MISSING, blocksOf, documentAt } from './shell_blocks.ts';
import { runWithServers } from './token_blocks.ts';
import { withWorkplace } from './workplace.ts';

describeWith(MISSING, 'the example with tokens', () => {
  const { folder, service } = withWorkplace();

  it('goes from registration to a token in use and its end, line by line as README shows it', async () => {
    const printed = await runWithServers(blocksOf(documentAt('README.md'), '## Get a token with the key', 'sh'), service(), folder);
    const lines = printed.split('\n').filter((line) => /^[{]|^pump-7 has/.test(line));
    const active = new RegExp(`^\\{"active":true,"sub":"pump-7","scope":"telemetry\\.write refresh\\.token","iss":"${service().url}/","exp":\\d+\\}$`);
    const expected = [
      /^\{"access_token":"[\w-]{43}\.[\w-]{43}","expires_in":3599,"scope":"telemetry\.write refresh\.token","token_type":"bearer"\}$/,
      active,
      /^pump-7 has the new key [0-9a-f]{64} \(ES256\)$/,
      active,
      active,
      /^\{"device":"pump-7"\}$/,
      /^\{"error":"the token does not count"\}$/,
      /^\{"active":false\}$/,
    ];
    assert.equal(lines.length, expected.length, printed);
    for (const [index, pattern] of expected.entries()) assert.match(lines[index] ?? '', pattern);
  }).timeout(120_000);
});
