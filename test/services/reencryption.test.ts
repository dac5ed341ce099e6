import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject } from '@bufbuild/protobuf';
import { after, before, beforeEach, describe, it } from 'mocha';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import { Client } from '../../src/cli/client.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing, formatKeyRing, newMasterKey, placeOf } from '../../src/crypto/key_ring.ts';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { openAll, writeSealed } from '../db/fixtures/sealed.ts';
import { connect, execute } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const OLD = new KeyRing(parseKeyRing(MASTER_KEYS));
const KEYS = `${formatKeyRing([{ ...newMasterKey(), id: 'new' }])},${MASTER_KEYS},${formatKeyRing([{ ...newMasterKey(), id: 'older' }])}`;
const RING = new KeyRing(parseKeyRing(KEYS));
const OLDER = new KeyRing(RING.keys.slice(2));

describe('re-encryption', () => {
  let service: TestService;
  let client: Client;
  before(async () => {
    service = await startService({ settings: { KEYTURN_MASTER_KEYS: KEYS } });
    client = new Client({ server: service.grpc, tls: undefined, token: { value: OPERATOR_TOKEN, source: 'the test' } });
  });
  after(async () => {
    client[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });
  beforeEach(() => execute(service.databaseUrl, 'truncate device_secret, access_key, idempotency_record, audit_event'));

  const watch = (): AsyncGenerator<JsonObject, void> => client.watch(OperatorServiceService.reencryptSecrets, {});
  const run = async (): Promise<JsonObject[]> => {
    const answers: JsonObject[] = [];
    for await (const answer of watch()) answers.push(answer);
    return answers;
  };
  const valuesByKey = async (): Promise<Record<string, number>> =>
    Object.fromEntries(Object.entries(await openAll(service.databaseUrl, RING)).map(([keyId, values]) => [keyId, values.length]));
  const audits = (): Promise<{ details: unknown }[]> => rowsOf(service.databaseUrl, "select details from audit_event where action = 'reencryption.started' and actor = 'operator'");

  it('leaves every value as it was, under the active key, and is audited once', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 250, accessKeys: 3, records: 210 });
    await writeSealed(service.databaseUrl, OLDER, 'y', { devices: 1, accessKeys: 1 });
    await writeSealed(service.databaseUrl, RING, 'z', { devices: 2 });
    const values = Object.values(await openAll(service.databaseUrl, RING)).flat().toSorted();
    const others = "select device_id, slot, set_at, last_used_at from device_secret order by 1, 2";
    const untouched = await rowsOf(service.databaseUrl, others);
    const answers = await run();
    assert.deepEqual(answers.at(-1), last(716));
    const done = answers.map((answer) => Number(answer['done']));
    assert.deepEqual(done, done.toSorted((one, other) => one - other));
    assert.ok(answers.length >= 8 && answers.every(({ total }) => total === '716'), 'in small steps');
    const now = await openAll(service.databaseUrl, RING);
    assert.deepEqual(Object.keys(now), ['new']);
    assert.deepEqual(now['new']?.toSorted(), values);
    assert.deepEqual(await rowsOf(service.databaseUrl, others), untouched);
    assert.deepEqual(await audits(), [{ details: { key_id: 'new', values: '716' } }]);
  });

  it('has nothing to do twice', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 2 });
    assert.deepEqual((await run()).at(-1), last(4));
    const untouched = await rowsOf(service.databaseUrl, 'select * from device_secret order by 1, 2');
    assert.deepEqual(await run(), [last(0)]);
    assert.deepEqual(await rowsOf(service.databaseUrl, 'select * from device_secret order by 1, 2'), untouched);
  });

  it('streams lines of JSON over REST', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 1 });
    const answer = await fetch(`${service.url}/v1/master-keys:reencrypt`, { method: 'POST', headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } });
    const lines = (await answer.text()).trimEnd().split('\n').map((line) => JSON.parse(line) as JsonObject);
    assert.deepEqual([answer.status, lines.at(-1)], [200, last(2)]);
    assert.deepEqual(await valuesByKey(), { new: 2 });
  });

  it('keeps what it has done when it is broken off, and goes on there', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 1000 });
    for await (const answer of watch()) if (Number(answer['done']) >= 400) break;
    // The service may be one step ahead of what was read.
    let counts = await valuesByKey();
    for (const until = Date.now() + 5_000; Date.now() < until; ) {
      const former = counts;
      counts = await valuesByKey();
      if (former['tests'] === counts['tests']) break;
    }
    const { tests: left = 0, new: done = 0 } = counts;
    assert.ok(done >= 400 && left > 0 && done + left === 2000, JSON.stringify(counts));
    assert.deepEqual((await run()).at(-1), last(left));
    assert.deepEqual(await valuesByKey(), { new: 2000 });
    assert.equal((await audits()).length, 2);
  });

  it('does no harm when it runs several times at once', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 800, accessKeys: 100, records: 100 });
    const ends = await Promise.all([run(), run(), run()]);
    const done = ends.map((answers) => Number(answers.at(-1)?.['done']));
    assert.equal(done.reduce((sum, count) => sum + count, 0), 1800, `each value is done by one run: ${done.join()}`);
    for (const answers of ends) assert.equal(answers.at(-1)?.['done'], answers.at(-1)?.['total']);
    assert.deepEqual(await valuesByKey(), { new: 1800 });
  });

  it('never overwrites a value that is set meanwhile', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 300 });
    const set = new Map<string, string>();
    const over = new AbortController();
    const resets = (async () => {
      const resetter = await connect(service.databaseUrl);
      for (let round = 0; !over.signal.aborted; round += 1) {
        const id = `x-${(round * 7) % 300}`;
        const secret = `reset-${round}`;
        // Every other one with the old key, as a node does that does not know the new one yet.
        const { keyId, box } = (round % 2 === 0 ? OLD : RING).seal(placeOf.deviceSecret(id, 'PRIMARY'), secret);
        await resetter.query("update device_secret set key_id = $2, box = $3 where device_id = $1 and slot = 'PRIMARY'", [id, keyId, box]);
        set.set(id, secret);
      }
      await resetter.end();
    })();
    while (set.size === 0) await sleep(1);
    await run();
    over.abort();
    await resets;
    await run();
    assert.ok(set.size > 0);
    const rows = await rowsOf<{ device_id: string; key_id: string; box: Buffer }>(service.databaseUrl, "select device_id, key_id, box from device_secret where slot = 'PRIMARY'");
    for (const { device_id: id, key_id: keyId, box } of rows) {
      assert.equal(keyId, 'new');
      assert.equal(RING.open(placeOf.deviceSecret(id, 'PRIMARY'), { keyId, box }).toString(), set.get(id) ?? `${id} PRIMARY`);
    }
  });

  it('waits for nobody, and comes back to what was held', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 3 });
    const holder = await connect(service.databaseUrl);
    await holder.query("begin; select from device_secret where device_id = 'x-1' for update");
    const answers: JsonObject[] = [];
    for await (const answer of watch()) {
      answers.push(answer);
      // Its row is the only one left, and is looked at over and over.
      if (answers.length === 3) await holder.query('commit');
    }
    await holder.end();
    assert.equal(answers[0]?.['done'], '4');
    assert.deepEqual(answers.at(-1), last(6));
    assert.deepEqual(await valuesByKey(), { new: 6 });
  });

  it('tells of what does not open, and leaves it', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 20, records: 1 });
    await writeSealed(service.databaseUrl, new KeyRing([{ ...newMasterKey(), id: 'elsewhere' }]), 'y', { accessKeys: 1 });
    await execute(service.databaseUrl, "update device_secret set box = set_byte(box, 20, get_byte(box, 20) # 1) where slot = 'SECONDARY'");
    const answers = await run();
    const { unreadable_values: names, ...counts } = answers.at(-1) ?? {};
    assert.deepEqual(counts, { done: '21', total: '42', unreadable: '21' });
    assert.ok(Array.isArray(names) && names.length === 10 && names.includes('device_secret x-0 SECONDARY'), JSON.stringify(names));
    const keys = await rowsOf(service.databaseUrl, "select key_id, count(*)::int as n from device_secret group by 1 order by 1");
    assert.deepEqual(keys, [{ key_id: 'new', n: 20 }, { key_id: 'tests', n: 20 }]);
  });

  it('is refused without its audit event, and has done nothing then', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 1 });
    await execute(service.databaseUrl, 'alter table audit_event rename to audit_away');
    await assert.rejects(run(), /INTERNAL/);
    await execute(service.databaseUrl, 'alter table audit_away rename to audit_event');
    assert.deepEqual(await valuesByKey(), { tests: 2 });
  });

  it('is for the operator alone', async () => {
    using other = new Client({ server: service.grpc, tls: undefined, token: { value: 'another-operator-token', source: 'the test' } });
    await assert.rejects(other.watch(OperatorServiceService.reencryptSecrets, {}).next(), /does not accept the operator token/);
  });
});

/** The last answer of a run in which everything opened. */
function last(done: number): JsonObject {
  return { done: String(done), total: String(done), unreadable: '0', unreadable_values: [] };
}
