import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { BothClients } from '../services/folder_service.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { makeUpdate, sendTo, updated } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, deleteDevice, freezeDevice, operate } from '../wire/operator.ts';
import { authenticationJwt, introspect, newToken, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import { withAskedRights } from './fixtures/rights.ts';
import { rowsOf } from './fixtures/rotations.ts';

describe('the rights that doctor asks for', function () {
  this.timeout(60_000);
  it('are enough for all that concerns tokens of devices, and what is cleared away of them', async () => {
    await withAskedRights(async (asRole, asOwner) => {
      await live(asRole);
      const left = 'select (select count(*)::int from used_jti) as jtis, (select count(*)::int from device_token) as tokens, (select count(*)::int from device_token_chain) as chains';
      assert.deepEqual(await rowsOf(asOwner, left), [{ jtis: 0, tokens: 0, chains: 0 }]);
    });
  });
});

/** All calls, the end of what has expired, and the clearing away of what replaced keys have signed. */
async function live(url: string): Promise<void> {
  await using service = await startService({ database: { url, [Symbol.asyncDispose]: () => Promise.resolve() } });
  using clients = new BothClients(service);
  for (const wire of WIRES) {
    const device = { id: `rights-${wire}`, pair: newPair(), kind: 'P-256' } as const;
    assertDone(await operate(clients, wire, createDevice({ device_id: device.id, public_key: pemOf(device.pair), scopes: ['refresh.token'] })));
    const { access_token: token } = await newToken(clients, wire, device);
    tokenIn(await renew(clients, wire, { authorization: token, clientId: device.id }));
    assert.match((await introspect(clients, wire, token)).body, /^{"active":true/);
    assert.match((await verifyJwt(clients, authenticationJwt(device))).body, /"active":true/);
    const update = makeUpdate(device);
    assertAnswer(await sendTo(clients, wire, { authorization: update.jwt, pop: update.pop }), 'OK');
    await newToken(clients, wire, updated(update));
    const set = await clients.rest.send({ method: 'GET', target: `/v1/devices/${device.id}/jwks.json?include_retired=true`, headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`]] });
    assert.equal(set.status, 200);
    await service.app.sweeper.sweep();
    assertDone(await operate(clients, wire, (wire === 'rest' ? freezeDevice : deleteDevice)({ device_id: device.id })));
    if (wire === 'rest') assertDone(await operate(clients, wire, deleteDevice({ device_id: device.id })));
  }
  const device = { id: 'rights-last', pair: newPair(), kind: 'P-256' } as const;
  assertDone(await operate(clients, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair) })));
  await newToken(clients, 'rest', device);
  service.clock.advance(86_400_000);
  const update = makeUpdate(device);
  assertAnswer(await sendTo(clients, 'rest', { authorization: update.jwt, pop: update.pop }), 'OK');
  service.clock.advance(86_400_000);
  await service.app.sweeper.sweep();
  assert.deepEqual(service.lines.filter((line) => JSON.stringify(line).includes('permission denied')), []);
}
