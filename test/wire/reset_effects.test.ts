import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from './answer.ts';
import { assertReset, withResets } from './resets.ts';

const DEVICE = 'select state, updates_allowed, auth_type, fingerprint, created_at, updated_at, active_at, expires_at, current_key, xmin::text from device where device_id = $1';

describe('ResetDeviceSecret: effects (5.3)', () => {
  const bench = withResets();
  const deviceRow = async (device: string) => (await bench().sql.query<Record<string, unknown>>(DEVICE, [device])).rows[0] ?? assert.fail();
  const secretRow = async (device: string, slot: string) =>
    (await bench().sql.query<{ set_at: Date; last_used_at: Date | null; key_id: string }>('select * from device_secret where device_id = $1 and slot = $2', [device, slot])).rows[0] ?? assert.fail();
  const addTokens = (device: string, count: number) =>
    bench().sql.query(`insert into device_token select sha256((random()::text)::bytea), $1, now(), now() + interval '1 day' from generate_series(1, $2)`, [device, count]);
  const tokens = async (device: string) => (await bench().sql.query('select from device_token where device_id = $1', [device])).rowCount;

  for (const wire of WIRES) {
    it(`${wire}: PRIMARY replaces the primary secret and SECONDARY the secondary one; the other stays as it is`, async () => {
      const device = await bench().device();
      const first = assertReset(await bench().reset(wire, { device }), device);
      const second = assertReset(await bench().reset(wire, { device, body: { secret_type: 'SECONDARY' } }), device, { slot: 'SECONDARY' });
      assert.deepEqual(await bench().secrets(device), { PRIMARY: first, SECONDARY: second });
      const secondary = await secretRow(device, 'SECONDARY');
      const third = assertReset(await bench().reset(wire, { device, body: { secret: 'abcd1234' } }), device, { secret: 'abcd1234' });
      assert.deepEqual(await bench().secrets(device), { PRIMARY: third, SECONDARY: second });
      assert.deepEqual(await secretRow(device, 'SECONDARY'), secondary);
      assert.deepEqual(await bench().stored(device), { audits: 3, events: Array<string>(3).fill('device_secret.reset'), records: 0, slots: ['PRIMARY', 'SECONDARY'] });
    });

    it(`${wire}: the same value as before, or as the other slot, is taken, and sealed anew`, async () => {
      const device = await bench().device();
      const boxes = new Set<string>();
      for (const type of ['PRIMARY', 'PRIMARY', 'SECONDARY', 'SECONDARY'] as const) {
        assertReset(await bench().reset(wire, { device, body: { secret: 'abcd1234', secret_type: type } }), device, { slot: type, secret: 'abcd1234' });
        const { rows } = await bench().sql.query<{ box: Buffer }>('select box from device_secret where device_id = $1', [device]);
        for (const { box } of rows) boxes.add(box.toString('hex'));
      }
      assert.equal(boxes.size, 4);
      assert.deepEqual(await bench().secrets(device), { PRIMARY: 'abcd1234', SECONDARY: 'abcd1234' });
    });

    it(`${wire}: a frozen device is reset and stays frozen; its row is not touched, for status and times stay`, async () => {
      const device = await bench().device({ frozen: true });
      const before = await deviceRow(device);
      assertReset(await bench().reset(wire, { device, body: { force_disconnect: true } }), device);
      assert.deepEqual(await deviceRow(device), before);
      assert.equal(before['state'], 'FROZEN');
    });

    it(`${wire}: a SECONDARY reset leaves CERTIFICATES, a PRIMARY one makes it SECRET; the fingerprint and the times stay`, async () => {
      const device = await bench().device({ certificates: true });
      const before = await deviceRow(device);
      assertReset(await bench().reset(wire, { device, body: { secret_type: 'SECONDARY' } }), device, { slot: 'SECONDARY' });
      assert.deepEqual(await deviceRow(device), before);
      assertReset(await bench().reset(wire, { device }), device);
      const after = await deviceRow(device);
      assert.deepEqual({ ...after, xmin: '' }, { ...before, auth_type: 'SECRET', xmin: '' });
    });

    it(`${wire}: without force_disconnect session and access tokens stay; with it a session is closed and the tokens of this device end`, async () => {
      const [device, other] = [await bench().device(), await bench().device()];
      await addTokens(device, 3);
      await addTokens(other, 2);
      for (const body of [undefined, { force_disconnect: false }]) assertReset(await bench().reset(wire, { device, body }), device);
      assert.deepEqual([await tokens(device), await tokens(other)], [3, 2]);
      assertReset(await bench().reset(wire, { device, body: { force_disconnect: true } }), device);
      assert.deepEqual([await tokens(device), await tokens(other)], [0, 2]);
      const reset = 'device_secret.reset';
      assert.deepEqual((await bench().stored(device)).events, [reset, reset, reset, 'session.close']);
      assert.deepEqual((await bench().stored(other)).events, []);
    });

    it(`${wire}: a child device has no session to close; its tokens end all the same`, async () => {
      const device = await bench().device({ gateway: await bench().device() });
      await addTokens(device, 1);
      assertReset(await bench().reset(wire, { device, body: { force_disconnect: true } }), device);
      assert.deepEqual((await bench().stored(device)).events, ['device_secret.reset']);
      assert.equal(await tokens(device), 0);
    });

    it(`${wire}: the new secret was never used, and was set now`, async () => {
      const device = await bench().device();
      assertReset(await bench().reset(wire, { device }), device);
      await bench().sql.query('update device_secret set last_used_at = now() where device_id = $1', [device]);
      bench().service.clock.advance(5000);
      const before = bench().service.clock.now();
      assertReset(await bench().reset(wire, { device }), device);
      const { set_at: setAt, last_used_at: lastUsedAt, key_id: keyId } = await secretRow(device, 'PRIMARY');
      assert.deepEqual([lastUsedAt, keyId], [null, 'tests']);
      assert.ok(setAt >= before && setAt <= bench().service.clock.now());
    });

    it(`${wire}: the audit event says who, which slot and whether by force, the outbox event which slot, and neither the secret`, async () => {
      const device = await bench().device();
      const secret = 'hush-0123456789';
      const answer = await bench().reset(wire, { device, body: { secret, secret_type: 'SECONDARY', force_disconnect: true } });
      assertReset(answer, device, { slot: 'SECONDARY', secret });
      const audits = await bench().sql.query('select project_id, actor, request_id, peer, details from audit_event where device_id = $1 and action = $2', [device, 'device_secret.reset']);
      const details = { slot: 'SECONDARY', force_disconnect: 'true' };
      assert.deepEqual(audits.rows, [{ project_id: 'default', actor: 'operator', request_id: answer.headers.get('x-request-id')?.[0], peer: '127.0.0.1', details }]);
      const events = await bench().sql.query('select project_id, type, payload from outbox where device_id = $1 and type <> $2 order by event_id', [device, 'device.created']);
      assert.deepEqual(events.rows, [
        { project_id: 'default', type: 'device_secret.reset', payload: { slot: 'SECONDARY' } },
        { project_id: 'default', type: 'session.close', payload: {} },
      ]);
      assert.doesNotMatch(JSON.stringify(bench().service.lines), new RegExp(secret));
    });
  }

  it('a device that was removed leaves neither secret, nor token, nor stored answer to one of the same id, whatever its project', async () => {
    const device = await bench().device();
    assertReset(await bench().reset('rest', { device, key: 'k' }), device);
    await addTokens(device, 1);
    await bench().operator(`/v1/devices/${device}`, undefined, 'DELETE');
    await bench().device({ id: device, project: 'other' });
    assert.deepEqual([await bench().secrets(device), await tokens(device)], [{}, 0]);
    const again = await bench().reset('rest', { device, project: 'other', key: 'k' });
    assert.deepEqual(await bench().secrets(device), { PRIMARY: assertReset(again, device) });
  });
});
