import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../wire/answer.ts';
import { withBench } from '../wire/rows.ts';
import { accessKey, askKeySet, basic, shown, verified } from '../wire/tokens/checks.ts';
import { authenticationJwt } from '../wire/tokens/kit.ts';
import { assertRateLimited, retryAfterOf } from './fixtures.ts';

describe('failures of a peer that checks devices', () => {
  const bench = withBench({ KEYTURN_PEER_FAILURES_PER_MINUTE: '3' });

  for (const wire of WIRES) {
    it(`are none of its own if strangers have named devices to it that there are not (${wire})`, async () => {
      const device = await bench().device();
      const { authorization } = await accessKey(bench());
      for (let count = 0; count < 20; count += 1) {
        const answer = await askKeySet(bench(), wire, `nobody-${count}`, { authorization });
        assert.deepEqual([answer.reason, retryAfterOf(answer)], ['DEVICE_NOT_FOUND', undefined]);
        assert.equal((await verified(bench(), 'x', authorization)).active, false);
      }
      assert.deepEqual(await verified(bench(), authenticationJwt(device), authorization), shown(device, true));
      assert.equal((await askKeySet(bench(), wire, device.id, { authorization })).reason, undefined);
    });
  }

  it('are its own if it does not prove who it is', async () => {
    const authorization = basic('nobody:wrong');
    for (let count = 0; count < 3; count += 1) assert.equal((await askKeySet(bench(), 'rest', 'nobody', { authorization })).reason, 'UNAUTHENTICATED');
    assertRateLimited(await askKeySet(bench(), 'rest', 'nobody', { authorization }), 22);
  });
});
