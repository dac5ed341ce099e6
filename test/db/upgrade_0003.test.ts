import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'mocha';
import { Database } from '../../src/db/database.ts';
import { tokenDigest } from '../../src/crypto/token.ts';
import { BothClients } from '../services/folder_service.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { makeUpdate, sendTo, updated } from '../wire/harness.ts';
import type { Device, Update } from '../wire/harness.ts';
import { newJti, newPair, pemOf, thumbprintOf } from '../wire/jwt.ts';
import { assertDone, createDevice, freezeDevice, operate } from '../wire/operator.ts';
import { authenticationJwt, introspect, issue, newToken, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import { rowsOf } from './fixtures/rotations.ts';

/** What the version before writes, to the column: a rotation, with the jti of its JWT, and a token of /v5/device-auth. */
const ROTATE = [
  `update device set current_key = $3, updated_at = now() where device_id = $1 and current_key = $2`,
  `update public_key set state = 'RETIRED', retired_at = now() where thumbprint = $2 and $1::text is not null and $3::text is not null`,
  `insert into public_key (thumbprint, device_id, state, kind, spki, activated_at, rotation_id) select $3, $1, 'CURRENT', 'P-256', '\\x00', now(), gen_random_uuid() where $2::text is not null`,
  `insert into used_jti (device_id, jti, thumbprint, used_at) select $1, md5($3), $2, now()`,
];
const DEVICE_AUTH = `insert into device_token (token_sha256, device_id, issued_at, expires_at) values ($1, $2, now(), now() + interval '1 day')`;

async function jtisOf(url: string, id: string): Promise<number> {
  return (await rowsOf(url, 'select from used_jti where device_id = $1', [id])).length;
}

function send(clients: BothClients, wire: Wire, { jwt, pop }: Update): Promise<Answer> {
  return sendTo(clients, wire, { authorization: jwt, pop });
}

describe('a database that the version before device tokens has left', () => {
  it('is brought up by a start: its devices get tokens, its retired keys are cleared, its tokens count', async () => {
    await using own = await createDatabase();
    const device: Device = { id: 'from-before', pair: newPair(), kind: 'P-256' };
    const update = makeUpdate(device);
    const current = updated(update);
    {
      await using service = await startService({ database: own });
      using clients = new BothClients(service);
      assertDone(await operate(clients, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair), scopes: ['a', 'refresh.token'] })));
      assertAnswer(await send(clients, 'rest', update), 'OK');
    }
    {
      await using database = await Database.open({ url: own.url, poolSize: 2, log: () => {} });
      await database.orm.migrator.down({ to: '0003' });
    }
    const columns = `select column_name from information_schema.columns where column_name in ('chain_id', 'scopes', 'jtis_cleared', 'jtis_cleared_to', 'verification_id') and table_name <> 'device'`;
    assert.deepEqual(await rowsOf(own.url, columns), []);
    // A token of that time, and a jti that its current key has used.
    const old = randomBytes(32).toString('base64url');
    await rowsOf(own.url, DEVICE_AUTH, [tokenDigest(old), device.id]);
    const spent = newJti();
    await rowsOf(own.url, 'insert into used_jti (device_id, jti, thumbprint, used_at) values ($1, $2, $3, now())', [device.id, spent.toLowerCase(), thumbprintOf(current.pair)]);

    await using service = await startService({ database: own });
    using clients = new BothClients(service);
    assert.equal(await jtisOf(own.url, device.id), 2);
    await rowsOf(own.url, `update public_key set retired_at = retired_at - interval '1 day'`);
    await service.app.sweeper.sweep();
    assert.equal(await jtisOf(own.url, device.id), 1, 'what the current key has used is known');
    for (const wire of WIRES) {
      assertAnswer(await send(clients, wire, update), 'REPLAYED');
      assertAnswer(await issue(clients, wire, { authorization: authenticationJwt(current, { jti: spent }), clientId: device.id }), 'E401');
      assertAnswer(await issue(clients, wire, { authorization: authenticationJwt(device), clientId: device.id }), 'E401');
      const { access_token: token } = await newToken(clients, wire, current);
      tokenIn(await renew(clients, wire, { authorization: token, clientId: device.id }));
      assert.match((await verifyJwt(clients, authenticationJwt(current))).body, /"active":true/);
      assert.match((await introspect(clients, wire, old)).body, /^{"active":true,"sub":"from-before","scope":"",/);
      assertAnswer(await renew(clients, wire, { authorization: old, clientId: device.id }), 'E401');
    }
    assertDone(await operate(clients, 'rest', freezeDevice({ device_id: device.id })));
    assert.equal((await introspect(clients, 'rest', old)).body, '{"active":false}');
  });

  it('takes what a node of that version still writes beside this one', async () => {
    await using own = await createDatabase();
    await using service = await startService({ database: own });
    using clients = new BothClients(service);
    const device: Device = { id: 'beside', pair: newPair(), kind: 'P-256' };
    assertDone(await operate(clients, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair), scopes: ['a'] })));
    const { access_token: token } = await newToken(clients, 'rest', device);
    const lost: Update = makeUpdate(device);
    const next = newPair();
    for (const text of ROTATE) await rowsOf(own.url, text, [device.id, thumbprintOf(device.pair), thumbprintOf(next)]);
    await rowsOf(own.url, 'update public_key set spki = $2 where thumbprint = $1', [thumbprintOf(next), next.publicKey.export({ type: 'spki', format: 'der' })]);
    const old = randomBytes(32).toString('base64url');
    await rowsOf(own.url, DEVICE_AUTH, [tokenDigest(old), device.id]);

    assert.equal(await jtisOf(own.url, device.id), 2);
    await rowsOf(own.url, `update public_key set retired_at = retired_at - interval '1 day'`);
    await service.app.sweeper.sweep();
    assert.equal(await jtisOf(own.url, device.id), 0);
    assertAnswer(await send(clients, 'rest', lost), 'E401');
    const current: Device = { ...device, pair: next };
    for (const wire of WIRES) {
      await newToken(clients, wire, current);
      assert.match((await introspect(clients, wire, token)).body, /^{"active":true/);
      assert.match((await introspect(clients, wire, old)).body, /^{"active":true,"sub":"beside","scope":"",/);
      assertAnswer(await renew(clients, wire, { authorization: old, clientId: device.id }), 'E401');
    }
  });
});
