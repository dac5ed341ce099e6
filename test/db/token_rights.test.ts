import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Database } from '../../src/db/database.ts';
import { inspect } from '../../src/db/inspection.ts';
import { BothClients } from '../services/folder_service.ts';
import { createDatabase, execute } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { makeUpdate, sendTo, updated } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, deleteDevice, freezeDevice, operate } from '../wire/operator.ts';
import { authenticationJwt, introspect, newToken, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import { rowsOf } from './fixtures/rotations.ts';

describe('the rights that doctor asks for', function () {
  this.timeout(60_000);
  it('are enough for all that concerns tokens of devices, and what is cleared away of them', async () => {
    await using own = await createDatabase();
    await (await startService({ database: own }))[Symbol.asyncDispose]();
    const role = `rights_${new URL(own.url).pathname.slice(1)}`;
    const url = Object.assign(new URL(own.url), { username: role, password: 'hush-hush' }).href;
    await execute(own.url, `create role ${role} login password 'hush-hush'; grant select on keyturn_migration to ${role}`);
    try {
      const missing = async (): Promise<readonly string[]> => {
        await using database = await Database.open({ url, poolSize: 1, log: () => {} });
        return (await inspect(database)).missingRights;
      };
      for (const right of await missing()) {
        const [, kind, relation] = /^(\w+) on (\w+)$/.exec(right) ?? [];
        await execute(own.url, `grant ${kind} on ${kind === 'usage' ? 'sequence ' : ''}${relation} to ${role}`);
      }
      assert.deepEqual(await missing(), []);
      await live(url);
      const left = 'select (select count(*)::int from used_jti) as jtis, (select count(*)::int from device_token) as tokens, (select count(*)::int from device_token_chain) as chains';
      assert.deepEqual(await rowsOf(own.url, left), [{ jtis: 0, tokens: 0, chains: 0 }]);
    } finally {
      await execute(own.url, `drop owned by ${role}; drop role ${role}`);
    }
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
