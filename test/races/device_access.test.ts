import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import type { Client } from 'pg';
import { DeviceAccessStore } from '../../src/db/device_access.ts';
import { connect } from '../support/postgres.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { Bench } from '../wire/harness.ts';
import { authOf, connectOf, decide, deviceAuth, secretDevice, setSecret } from '../wire/secrets.ts';
import type { Decision } from '../wire/secrets.ts';

/** Fewer than the connections of the pool, so that all of them have read, and wait to write, at the same time. */
const CALLERS = 12;
const LOCK = 'select from device where device_id = $1 for update';
const WAITS = `select count(*)::int as waits from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
/** The status over REST, the reason over gRPC; 0 without one. */
function statusOf({ wire, status, reason }: Answer): unknown {
  return wire === 'rest' ? status : (reason ?? 0);
}

describe('access of devices at the same time', () => {
  let bench: Bench;
  let holder: Client;
  before(async () => {
    bench = await Bench.start();
    holder = await connect(bench.service.databaseUrl);
  });
  after(async () => {
    await holder.end();
    await bench[Symbol.asyncDispose]();
  });

  /** Begins a call while the device is locked, changes the device once so many statements wait, and gives its answer. */
  const overtaken = async <T>(deviceId: string, call: () => Promise<T>, change: string | (() => Promise<unknown>), waiting = 1): Promise<T> => {
    await holder.query('begin');
    await holder.query(LOCK, [deviceId]);
    const answer = call();
    for (let waits = 0; waits < waiting;) waits = (await bench.sql.query<{ waits: number }>(WAITS)).rows[0]?.waits ?? 0;
    await (typeof change === 'string' ? holder.query(change, [deviceId]) : change());
    await holder.query('commit');
    return answer;
  };
  const tokensOf = async (deviceId: string): Promise<number> =>
    (await bench.sql.query<{ n: number }>('select count(*)::int as n from device_token where device_id = $1', [deviceId])).rows[0]?.n ?? -1;
  const reset = (id: string) => (): Promise<void> => setSecret({ sql: holder, service: bench.service }, id, 'PRIMARY', 'after-1');

  for (const wire of WIRES) {
    for (const [what, change, rest, grpc] of [
      ['frozen', `update device set state = 'FROZEN' where device_id = $1`, 403, 'IOTDA_PERMISSION_DENIED'],
      ['removed', `with gone as (delete from device where device_id = $1) delete from device_secret where device_id = $1`, 401, 'IOTDA_UNAUTHENTICATED'],
      ['made a CERTIFICATES device', `update device set auth_type = 'CERTIFICATES' where device_id = $1`, 401, 'IOTDA_UNAUTHENTICATED'],
      ['changed otherwise', `update device set description = 'x' where device_id = $1`, 200, 0],
    ] as const) {
      it(`${wire}: no token for a device that is ${what} between read and write, unless it may have one`, async () => {
        const { id } = await secretDevice(bench, { primary: 'before-1' });
        const answer = await overtaken(id, () => deviceAuth(bench, wire, authOf(id, 'before-1')), change);
        assert.equal(statusOf(answer), wire === 'rest' ? rest : grpc, answer.body);
        assert.equal(await tokensOf(id), statusOf(answer) === 200 || statusOf(answer) === 0 ? 1 : 0);
      });
    }

    it(`${wire}: no token for a secret that is reset between read and write`, async () => {
      const { id } = await secretDevice(bench, { primary: 'before-1' });
      const answer = await overtaken(id, () => deviceAuth(bench, wire, authOf(id, 'before-1')), reset(id));
      assert.equal(statusOf(answer), wire === 'rest' ? 401 : 'IOTDA_UNAUTHENTICATED');
      assert.equal(await tokensOf(id), 0);
    });
  }

  for (const [what, change, code] of [
    ['frozen', `update device set state = 'FROZEN' where device_id = $1`, 5],
    ['removed', `with gone as (delete from device where device_id = $1) delete from device_secret where device_id = $1`, 4],
    ['made a CERTIFICATES device', `update device set auth_type = 'CERTIFICATES' where device_id = $1`, 4],
    ['left without its secret', `delete from device_secret where device_id = $1`, 4],
  ] as const) {
    it(`a device that is ${what} between read and write is decided on anew: ${code}`, async () => {
      const { id } = await secretDevice(bench, { primary: 'before-1' });
      const [decided] = await overtaken(id, () => decide(bench, connectOf(id, 'before-1')), change);
      assert.equal(decided, code);
      const { rows } = await bench.sql.query('select active_at is not null as active from device where device_id = $1', [id]);
      if (rows.length > 0) assert.deepEqual(rows, [{ active: false }]);
    });
  }

  it('a device that is reset between read and write is decided on anew: 4', async () => {
    const { id } = await secretDevice(bench, { primary: 'before-1' });
    assert.deepEqual(await overtaken(id, () => decide(bench, connectOf(id, 'before-1')), reset(id)), [4, '', '', 0]);
    assert.deepEqual(await decide(bench, connectOf(id, 'after-1')), [0, id, 'default', 1]);
  });

  it('a new secret is not shown as used because the old one was', async () => {
    const { id } = await secretDevice(bench, { primary: 'before-1' });
    const store = new DeviceAccessStore(bench.service.app.database);
    const origin = { actor: 'operator', requestId: 'r', peer: 'p', at: bench.service.clock.now() };
    const attempts: unknown[] = [];
    await store.settle(id, async (access) => {
      const state = await access.read(origin.at);
      const box = state?.secrets.PRIMARY?.box ?? assert.fail();
      if (attempts.length === 0) await setSecret(bench, id, 'PRIMARY', 'after-1');
      const isUsed = await access.use({ slot: 'PRIMARY', box }, origin);
      attempts.push(isUsed, (await access.read(origin.at))?.secrets.PRIMARY?.lastUsedAt);
      return isUsed || undefined;
    });
    assert.deepEqual(attempts, [false, undefined, true, origin.at]);
  });

  it(`${CALLERS} tokens of one device at once: each is good, and all but the last have 30 s`, async () => {
    const { id } = await secretDevice(bench, { primary: 'primary-1', secondary: 'secondary-1' });
    const call = (index: number): Promise<Answer> => deviceAuth(bench, WIRES[index % 2] ?? 'rest', authOf(id, index % 3 === 0 ? 'secondary-1' : 'primary-1'));
    const answers = await overtaken(id, () => Promise.all(Array.from({ length: CALLERS }, (_, index) => call(index))), 'select $1', CALLERS);
    const hashes = answers.map(({ status, wire, body }) => {
      assert.equal(status, wire === 'rest' ? 200 : 0, body);
      return createHash('sha256').update((JSON.parse(body) as { access_token: string }).access_token).digest('hex');
    });
    const { rows } = await bench.sql.query<{ hash: string; seconds: number }>(
      `select encode(token_sha256, 'hex') as hash, extract(epoch from expires_at - issued_at)::float as seconds from device_token where device_id = $1`,
      [id],
    );
    assert.deepEqual(rows.map(({ hash }) => hash).toSorted(), hashes.toSorted());
    const long = rows.filter(({ seconds }) => seconds > 60);
    assert.deepEqual(long.map(({ seconds }) => seconds), [86_399]);
  });

  it(`${CALLERS} decisions on a never active device at once: it becomes active once`, async () => {
    const { id } = await secretDevice(bench, { primary: 'primary-1', secondary: 'secondary-1' });
    const call = (index: number): Promise<Decision> => decide(bench, connectOf(id, index % 2 === 0 ? 'primary-1' : 'secondary-1'));
    const decisions = await overtaken(id, () => Promise.all(Array.from({ length: CALLERS }, (_, index) => call(index))), 'select $1', CALLERS);
    assert.deepEqual(decisions.map(([code]) => code), Array.from({ length: CALLERS }, () => 0));
    const { rows } = await bench.sql.query(`select count(*)::int as n from audit_event where device_id = $1 and action = 'device.activated'`, [id]);
    assert.deepEqual(rows, [{ n: 1 }]);
  });
});
