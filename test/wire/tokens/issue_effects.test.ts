import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../answer.ts';
import type { Wire } from '../answer.ts';
import { makeUpdate, updated } from '../harness.ts';
import type { Bench, Device } from '../harness.ts';
import { newJti } from '../jwt.ts';
import { withBench } from '../rows.ts';
import { NOTHING, SCOPES, assertRefused, assertToken, sendIssue, sha256Of, storedOf, storedTokens } from './issue_rows.ts';
import { authenticationJwt, introspect, issue, verifyJwt } from './kit.ts';

const ALL = SCOPES.join(' ');

/** Every row of every table, as text. */
async function everythingOf({ sql }: Bench): Promise<string> {
  const { rows: tables } = await sql.query<{ name: string }>(`select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`);
  const texts: string[] = [];
  for (const { name } of tables) texts.push(JSON.stringify((await sql.query<{ row: string }>(`select t::text as row from ${name} t`)).rows));
  return texts.join('\n');
}

async function isActive(bench: Bench, wire: Wire, token: string): Promise<boolean> {
  return (JSON.parse((await introspect(bench, wire, token)).body) as { active: boolean }).active;
}

async function get(bench: Bench, wire: Wire, device: Device, jwt = authenticationJwt(device), scope = ALL): Promise<string> {
  return assertToken(await issue(bench, wire, { authorization: jwt, clientId: device.id }), scope);
}

describe('what a token request stores', () => {
  const bench = withBench();

  for (const wire of WIRES) {
    it(`${wire}: one row each of the token, its chain, its jti and its audit event, and nothing else`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const jti = newJti();
      const before = bench().service.clock.now().getTime();
      const answer = await issue(bench(), wire, { authorization: authenticationJwt(device, { jti }), clientId: device.id, scope: 'a refresh.token', requestId: 'r-1' });
      const token = assertToken(answer, 'a refresh.token');
      const { rows: [row] } = await bench().sql.query<{ issued_at: Date; expires_at: Date; chain_id: string }>('select * from device_token where device_id = $1', [device.id]);
      assert.ok(row);
      const { issued_at, expires_at, chain_id } = row;
      assert.deepEqual(row, { token_sha256: Buffer.from(sha256Of(token), 'hex'), device_id: device.id, issued_at, expires_at, scopes: ['a', 'refresh.token'], chain_id });
      assert.ok(issued_at.getTime() >= before && issued_at.getTime() <= bench().service.clock.now().getTime());
      assert.equal(expires_at.getTime() - issued_at.getTime(), 3_599_000);
      const { rows: chains } = await bench().sql.query('select * from device_token_chain where device_id = $1', [device.id]);
      assert.deepEqual(chains, [{ chain_id, device_id: device.id, scopes: ['a', 'refresh.token'], renewals: 0, expires_at }]);
      const { rows: jtis } = await bench().sql.query(
        `select j.jti, j.used_at, j.thumbprint = d.current_key as current from used_jti j join device d using (device_id) where device_id = $1`, [device.id]);
      assert.deepEqual(jtis, [{ jti: jti.toLowerCase(), used_at: issued_at, current: true }]);
      const { rows: audits } = await bench().sql.query(
        `select occurred_at, project_id, action, actor, request_id, peer, details::text from audit_event where device_id = $1 and action <> 'device.created'`, [device.id]);
      const details = `{"jti":"${jti.toLowerCase()}","scope":"a refresh.token"}`;
      assert.deepEqual(audits, [{ occurred_at: issued_at, project_id: 'default', action: 'device_token.issued', actor: 'device', request_id: 'r-1', peer: '127.0.0.1', details }]);
    });

    it(`${wire}: neither tables nor the log show a token, a JWT or a part of them, granted or refused`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const jwt = authenticationJwt(device);
      assertRefused(await issue(bench(), wire, { authorization: jwt, clientId: device.id, scope: 'b' }), 'E403');
      assertRefused(await issue(bench(), wire, { authorization: jwt, clientId: 'another-client' }), 'E401', { reason: 'CLIENT_ID_MISMATCH' });
      assertRefused(await issue(bench(), wire, { authorization: `${jwt}A`, clientId: device.id }), 'E401');
      const token = await get(bench(), wire, device, jwt);
      const text = (await everythingOf(bench())) + JSON.stringify(bench().service.lines);
      assert.ok(text.includes(device.id));
      for (const secret of [...token.split('.'), ...jwt.split('.').slice(1)]) assert.ok(!text.includes(secret), secret);
    });

    it(`${wire}: two tokens have nothing in common`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const parts = [await get(bench(), wire, device), await get(bench(), wire, device)].flatMap((token) => token.split('.'));
      assert.equal(new Set(parts).size, 4);
      const { tokens, chains } = await storedTokens(bench().sql, device.id);
      assert.deepEqual([tokens.length, chains], [2, 2]);
    });

    it(`${wire}: the same JWT goes through once all that was wrong beside it is mended, and then never again`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const jti = newJti();
      const good = { authorization: authenticationJwt(device, { jti }), clientId: device.id };
      assertRefused(await sendIssue(bench(), wire, { ...good, scope: ' ' }), 'E400');
      assertRefused(await sendIssue(bench(), wire, { ...good, clientId: 'x' }), 'E401', { reason: 'CLIENT_ID_MISMATCH' });
      assertRefused(await sendIssue(bench(), wire, { ...good, scope: 'b' }), 'E403');
      await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
      assertRefused(await sendIssue(bench(), wire, good), 'E403', { reason: 'DEVICE_FROZEN' });
      await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
      assert.deepEqual(await storedTokens(bench().sql, device.id), NOTHING);
      const token = await get(bench(), wire, device, good.authorization);
      for (const request of [good, { ...good, scope: 'a' }, { ...good, authorization: `Bearer ${good.authorization}` }]) assertRefused(await sendIssue(bench(), wire, request), 'E401');
      assertRefused(await sendIssue(bench(), wire, { authorization: authenticationJwt(device, { jti: jti.toLowerCase() }), clientId: device.id }), 'E401');
      assert.deepEqual(await storedTokens(bench().sql, device.id), storedOf(jti, token, ALL));
      assert.equal(await isActive(bench(), wire, token), true);
    });
  }
});

describe('one jti store for all calls that take a JWT', () => {
  const bench = withBench();

  for (const wire of WIRES) {
    it(`${wire}: what has bought a token updates no key and is not verified, and the other way round`, async () => {
      const device = await bench().device();
      const [bought, verified] = [newJti(), newJti()];
      await get(bench(), wire, device, authenticationJwt(device, { jti: bought }), '');
      for (const jti of [bought, bought.toLowerCase()]) {
        assertAnswer(await bench().sendUpdate(wire, makeUpdate(device, { jti })), 'E401');
        assert.match((await verifyJwt(bench(), authenticationJwt(device, { jti }))).body, /"active":false/);
      }
      assert.match((await verifyJwt(bench(), authenticationJwt(device, { jti: verified }))).body, /"active":true/);
      for (const jti of [verified, verified.toLowerCase()]) {
        assertRefused(await issue(bench(), wire, { authorization: authenticationJwt(device, { jti }), clientId: device.id }), 'E401');
        assertAnswer(await bench().sendUpdate(wire, makeUpdate(device, { jti })), 'E401');
      }
    });

    it(`${wire}: what has updated a key buys no token; what a refused update has not spent does`, async () => {
      const device = await bench().device();
      const update = makeUpdate(device);
      assertAnswer(await bench().send(wire, { authorization: update.jwt, pop: '' }), 'E400');
      const token = await get(bench(), wire, device, authenticationJwt(device, { jti: update.jti }), '');
      assertAnswer(await bench().sendUpdate(wire, update), 'E401');
      const next = makeUpdate(device);
      assertAnswer(await bench().sendUpdate(wire, next), 'OK');
      for (const jti of [next.jti, next.jti.toLowerCase(), update.jti]) {
        assertRefused(await issue(bench(), wire, { authorization: authenticationJwt(updated(next), { jti }), clientId: device.id }), 'E401');
      }
      assert.equal(await isActive(bench(), wire, token), true);
    });

    it(`${wire}: each device has a store of its own`, async () => {
      const [one, other] = [await bench().device(), await bench().device()];
      const jti = newJti();
      for (const device of [one, other]) await get(bench(), wire, device, authenticationJwt(device, { jti }), '');
      assertRefused(await issue(bench(), wire, { authorization: authenticationJwt(other, { jti }), clientId: other.id }), 'E401');
    });
  }
});

describe('tokens while their device changes', () => {
  const bench = withBench();

  for (const wire of WIRES) {
    it(`${wire}: live on over a rotation; the retired key buys none any more, the new one does`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const token = await get(bench(), wire, device);
      const unused = authenticationJwt(device);
      const update = makeUpdate(device);
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      assertRefused(await issue(bench(), wire, { authorization: unused, clientId: device.id }), 'E401');
      assertRefused(await issue(bench(), wire, { authorization: authenticationJwt(device), clientId: device.id }), 'E401');
      const second = await get(bench(), wire, updated(update));
      for (const text of [token, second]) assert.equal(await isActive(bench(), wire, text), true);
      bench().service.clock.advance(3_599_000);
      for (const text of [token, second]) assert.equal(await isActive(bench(), wire, text), false);
    });

    it(`${wire}: end when it is frozen, and stay so when it is not any more`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const token = await get(bench(), wire, device);
      await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
      assert.equal(await isActive(bench(), wire, token), false);
      const jwt = authenticationJwt(device);
      assertRefused(await issue(bench(), wire, { authorization: jwt, clientId: device.id }), 'E403', { reason: 'DEVICE_FROZEN' });
      await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
      assert.equal(await isActive(bench(), wire, token), false);
      assert.equal(await isActive(bench(), wire, await get(bench(), wire, device, jwt)), true);
    });

    it(`${wire}: end when it is removed, and are not those of another one with its id`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const jti = newJti();
      const token = await get(bench(), wire, device, authenticationJwt(device, { jti }));
      await bench().operator('DELETE', `/v1/devices/${device.id}`);
      assert.equal(await isActive(bench(), wire, token), false);
      assertRefused(await issue(bench(), wire, { authorization: authenticationJwt(device), clientId: device.id }), 'E401');
      const again = await bench().device({ id: device.id, scopes: ['b'] });
      assert.equal(await isActive(bench(), wire, token), false);
      assertRefused(await issue(bench(), wire, { authorization: authenticationJwt(device), clientId: device.id }), 'E401');
      assert.equal(await isActive(bench(), wire, await get(bench(), wire, again, authenticationJwt(again, { jti }), 'b')), true);
      assert.equal(await isActive(bench(), wire, token), false);
    });
  }
});

describe('tokens while the clock is set', () => {
  const bench = withBench();

  for (const wire of WIRES) {
    it(`${wire}: they end when the clock says so, and a clock that is set back gives new ones`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const { clock } = bench().service;
      const jwt = authenticationJwt(device);
      const token = await get(bench(), wire, device, jwt);
      clock.advance(3_590_000);
      assert.equal(await isActive(bench(), wire, token), true);
      clock.advance(9_000);
      assert.equal(await isActive(bench(), wire, token), false);
      const later = await get(bench(), wire, device);
      clock.advance(-86_400_000);
      const earlier = await get(bench(), wire, device);
      assert.equal(await isActive(bench(), wire, earlier), true);
      assert.equal(await isActive(bench(), wire, later), true);
      assertRefused(await issue(bench(), wire, { authorization: jwt, clientId: device.id }), 'E401');
      clock.advance(86_400_000);
      assert.equal(await isActive(bench(), wire, earlier), false);
      assertRefused(await issue(bench(), wire, { authorization: jwt, clientId: device.id }), 'E401');
    });

    it(`${wire}: exp and nbf of a JWT go by the clock, and what came too early or too late is not spent`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const { clock } = bench().service;
      const now = bench().atSecond();
      const jwt = authenticationJwt(device, { edit: ({ payload }) => void Object.assign(payload, { nbf: now + 600, exp: now + 1200 }) });
      const request = { authorization: jwt, clientId: device.id };
      assertRefused(await issue(bench(), wire, request), 'E401');
      clock.advance(1_200_000);
      assertRefused(await issue(bench(), wire, request), 'E401');
      clock.advance(-300_000);
      assertToken(await issue(bench(), wire, request), ALL);
      clock.advance(-900_000);
      assertRefused(await issue(bench(), wire, request), 'E401');
    });
  }
});
