import assert from 'node:assert/strict';
import { WIRES, assertAnswer, requestIdOf } from './answer.ts';
import { assertRotated, makeUpdate, updated } from './harness.ts';
import type { Device } from './harness.ts';
import { newJti, newPair, pemOf, thumbprintOf } from './jwt.ts';
import { withBench } from './rows.ts';

interface AuditEvent {
  readonly action: string;
  readonly actor: string;
  readonly device_id: string;
  readonly project_id: string;
  readonly request_id: string;
  readonly peer: string;
  readonly details: object;
}

describe('section 7.2 and 7.4: what a rotation does', () => {
  const bench = withBench();

  for (const wire of WIRES) {
    it(`${wire}: the old key is dead, the new one works`, async () => {
      const update = makeUpdate(await bench().device());
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(update.device)), 'E401');
      const second = makeUpdate(updated(update));
      assertAnswer(await bench().sendUpdate(wire, second), 'OK');
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(update.device)), 'E401');
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(updated(update))), 'E401');
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(updated(second))), 'OK');
    });

    it(`${wire}: a jti is spent once for a device, in either case, and not for another`, async () => {
      const jti = newJti();
      const first = makeUpdate(await bench().device(), { jti });
      assertAnswer(await bench().sendUpdate(wire, first), 'OK');
      const { rows } = await bench().sql.query<{ kept: boolean }>('select true as kept from used_jti where device_id = $1', [first.device.id]);
      // 7.4: it may be dropped with the key that signed it; while it is kept it counts.
      const want = rows.length > 0 ? 'E401' : 'OK';
      for (const spelling of [jti, jti.toLowerCase()]) {
        const again = makeUpdate(updated(first), { jti: spelling });
        assertAnswer(await bench().sendUpdate(wire, again), want);
      }
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(await bench().device(), { jti })), 'OK');
    });

    it(`${wire}: the history: newest first, one current`, async () => {
      const first = makeUpdate(await bench().device());
      assertAnswer(await bench().sendUpdate(wire, first), 'OK');
      const second = makeUpdate(updated(first));
      assertAnswer(await bench().sendUpdate(wire, second), 'OK');
      const { keys } = JSON.parse((await bench().operator('GET', `/v1/devices/${first.device.id}/keys`)).body) as {
        keys: { thumbprint: string; state: string; public_key: string; algorithm: string; rotation_id: string; activated_at: string; retired_at?: string }[];
      };
      const pairs = [second.next, first.next, first.device.pair];
      assert.deepEqual(keys.map(({ thumbprint, state, algorithm }) => [thumbprint, state, algorithm]), pairs.map((pair, index) => [thumbprintOf(pair), index === 0 ? 'CURRENT' : 'RETIRED', 'P-256']));
      assert.deepEqual(keys.map((key) => key.public_key), pairs.map(pemOf));
      assert.deepEqual(keys.map((key) => key.rotation_id !== ''), [true, true, false]);
      assert.deepEqual(keys.map((key) => key.retired_at), [undefined, keys[0]?.activated_at, keys[1]?.activated_at]);
    });

    it(`${wire}: one audit event with the documented details, none for a replay or a refusal`, async () => {
      const update = makeUpdate(await bench().device());
      const before = bench().service.lines.length;
      const refused = await bench().send(wire, { authorization: update.jwt, pop: 'AAAA' });
      assertAnswer(refused, 'E400');
      const done = await bench().sendUpdate(wire, update);
      assertAnswer(done, 'OK');
      assertAnswer(await bench().sendUpdate(wire, update), 'REPLAYED');
      const { body } = await bench().operator('GET', `/v1/audit-events?device_id=${update.device.id}`);
      const { audit_events: events } = JSON.parse(body) as { audit_events: AuditEvent[] };
      assert.deepEqual(events.map(({ action, actor }) => [action, actor]), [['device_key.rotated', 'device'], ['device.created', 'operator']]);
      const [event] = events;
      assert.deepEqual([event?.device_id, event?.project_id, event?.request_id, event?.peer], [update.device.id, 'default', requestIdOf(done), '127.0.0.1']);
      assert.deepEqual(event?.details, {
        jti: update.jti.toLowerCase(),
        old_thumbprint: thumbprintOf(update.device.pair),
        new_thumbprint: thumbprintOf(update.next),
      });
      const logged = JSON.stringify(bench().service.lines.slice(before));
      for (const secret of [update.jwt, update.pop, update.jwt.split('.')[2] ?? '']) {
        assert.ok(!body.includes(secret) && !logged.includes(secret));
      }
    });
  }

  it('nothing stored holds a JWT or a proof', async () => {
    const update = makeUpdate(await bench().device());
    assertAnswer(await bench().sendUpdate('rest', update), 'OK');
    for (const table of ['device', 'public_key', 'rotation', 'used_jti', 'audit_event', 'outbox']) {
      const { rows } = await bench().sql.query<{ found: number }>(
        `select count(*)::int as found from ${table} t where t::text like any ($1)`,
        [[update.jwt, update.pop, update.jwt.split('.')[2] ?? ''].map((secret) => `%${secret}%`)],
      );
      assert.deepEqual(rows, [{ found: 0 }], table);
    }
  });
});

describe('section 7.2: no key is accepted twice', () => {
  const bench = withBench();

  for (const wire of WIRES) {
    const refused = async (device: Device, next = newPair()): Promise<void> => {
      const before = await bench().stored(device.id);
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(device, { next })), 'E403', { reason: 'PUBLIC_KEY_REUSED' });
      assert.deepEqual(await bench().stored(device.id), before);
    };

    it(`E403 ${wire}: the current key, own history, another device's key and history, a removed device's keys`, async () => {
      const owner = await bench().device();
      await refused(owner, owner.pair);
      const update = makeUpdate(owner);
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      await refused(updated(update), owner.pair);
      const device = await bench().device();
      await refused(device, update.next);
      await refused(device, owner.pair);
      await bench().operator('DELETE', `/v1/devices/${owner.id}`);
      await refused(device, update.next);
      await refused(device, owner.pair);
      const good = makeUpdate(device);
      assertAnswer(await bench().sendUpdate(wire, good), 'OK');
      await assertRotated(bench(), good);
    });
  }

  it('409 to the operator for any key that a device has or had, and nothing is stored', async () => {
    const owner = await bench().device();
    const update = makeUpdate(owner);
    assertAnswer(await bench().sendUpdate('rest', update), 'OK');
    const removed = await bench().device();
    await bench().operator('DELETE', `/v1/devices/${removed.id}`);
    for (const [id, pair] of [['fresh', owner.pair], ['fresh', update.next], ['fresh', removed.pair], [removed.id, removed.pair]] as const) {
      const answer = await bench().operator('POST', '/v1/devices', { device_id: id, public_key: pemOf(pair) });
      assert.deepEqual([answer.status, answer.reason], [409, 'PUBLIC_KEY_EXISTS']);
      assert.equal((await bench().operator('GET', `/v1/devices/${id}`)).status, 404);
    }
  });

  it('a removed device that is registered again keeps its history; its old JWTs stay spent', async () => {
    const first = makeUpdate(await bench().device());
    assertAnswer(await bench().sendUpdate('rest', first), 'OK');
    await bench().operator('DELETE', `/v1/devices/${first.device.id}`);
    const again = await bench().device({ id: first.device.id });
    assertAnswer(await bench().sendUpdate('rest', first), 'E401');
    assertAnswer(await bench().sendUpdate('grpc', makeUpdate(first.device)), 'E401');
    assertAnswer(await bench().sendUpdate('grpc', makeUpdate(again)), 'OK');
    const { keys } = JSON.parse((await bench().operator('GET', `/v1/devices/${again.id}/keys`)).body) as { keys: { state: string }[] };
    assert.deepEqual(keys.map(({ state }) => state), ['CURRENT', 'RETIRED', 'REVOKED', 'RETIRED']);
  });
});
