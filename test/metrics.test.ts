import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ErrorReason } from '../gen/keyturn/v1/error_reason.ts';
import { compileContract } from '../src/contract/contract.ts';
import { loadImage } from '../src/contract/image.ts';
import { RawClient } from './faults/fixtures/grpc.ts';
import { parseExposition, seriesOf } from './support/exposition.ts';
import type { Family, Sample } from './support/exposition.ts';
import { WIRES, assertAnswer } from './wire/answer.ts';
import { makeUpdate, updated } from './wire/harness.ts';
import { assertIotdaRefusal } from './wire/iotda_errors.ts';
import { newPair, proof } from './wire/jwt.ts';
import { assertDone, deleteDevice, getDevice, listDeviceKeys, listDevices, listProjects, operate } from './wire/operator.ts';
import { assertReset, sendReset } from './wire/resets.ts';
import { withBench } from './wire/rows.ts';

const UPDATE = '/keyturn.v1.DeviceKeyService/UpdatePublicKey';
const OPERATOR = '/keyturn.v1.OperatorService';

type Labels = Readonly<Record<string, string>>;
type Scrape = ReadonlyMap<string, Family>;

/** The value of the one series of a family that has these labels and no others; undefined if there is none. */
function valueOf(scrape: Scrape, name: string, labels: Labels = {}): number | undefined {
  const wanted = seriesOf({ name, labels, value: 0 });
  return samplesOf(scrape).find((sample) => seriesOf(sample) === wanted)?.value;
}

function samplesOf(scrape: Scrape): Sample[] {
  return [...scrape.values()].flatMap(({ samples }) => samples);
}

describe('metrics', () => {
  // The strange calls of the last test would be held up by the limit on failures.
  const bench = withBench({ KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' });

  async function scrape(): Promise<Scrape> {
    const answer = await bench().rest.send({ method: 'GET', target: '/metrics' });
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, ['text/plain; version=0.0.4; charset=utf-8']]);
    return parseExposition(answer.body);
  }

  /** By how much series grow while `work` runs. */
  async function growth(work: () => Promise<unknown>): Promise<(name: string, labels?: Labels) => number> {
    const before = await scrape();
    await work();
    const after = await scrape();
    return (name, labels) => (valueOf(after, name, labels) ?? 0) - (valueOf(before, name, labels) ?? 0);
  }

  it('has rotations and resets from the start, so that the first one is an increase', async () => {
    const first = await scrape();
    for (const outcome of ['reset', 'replayed']) assert.equal(valueOf(first, 'keyturn_secret_resets_total', { outcome }), 0);
    for (const outcome of ['rotated', 'replayed']) assert.equal(valueOf(first, 'keyturn_rotations_total', { outcome }), 0);
  });

  for (const wire of WIRES) {
    it(`${wire}: counts calls by method and reason, their seconds, and rotations`, async () => {
      const device = await bench().device();
      const update = makeUpdate(device);
      const request = { authorization: update.jwt, pop: update.pop };
      const grown = await growth(async () => {
        assertAnswer(await bench().send(wire, { ...request, pop: 'AAAA' }), 'E400');
        assertAnswer(await bench().send(wire, { ...request, pop: proof(update.jwt, newPair()) }), 'E403');
        assertAnswer(await bench().send(wire, request), 'OK');
        for (const _ of [1, 2, 3]) assertAnswer(await bench().send(wire, request), 'REPLAYED');
        assertAnswer(await bench().send(wire, { authorization: makeUpdate(device).jwt, pop: 'x' }), 'E401');
        assertAnswer(await bench().sendUpdate(wire, makeUpdate(updated(update))), 'OK');
        assert.equal((await operate(bench(), wire, getDevice({ device_id: 'nobody' }))).reason, 'DEVICE_NOT_FOUND');
      });
      const reasons = { OK: 5, PROOF_OF_POSSESSION_MALFORMED: 1, PROOF_OF_POSSESSION_MISMATCH: 1, DEVICE_UNAUTHENTICATED: 1 };
      for (const [reason, count] of Object.entries(reasons)) assert.equal(grown('keyturn_calls_total', { method: UPDATE, wire, reason }), count, reason);
      assert.equal(grown('keyturn_calls_total', { method: `${OPERATOR}/GetDevice`, wire, reason: 'DEVICE_NOT_FOUND' }), 1);
      assert.equal(grown('keyturn_call_duration_seconds_count', { method: UPDATE, wire }), 8);
      assert.equal(grown('keyturn_call_duration_seconds_bucket', { method: UPDATE, wire, le: '+Inf' }), 8);
      const seconds = grown('keyturn_call_duration_seconds_sum', { method: UPDATE, wire });
      assert.ok(seconds > 0 && seconds < 60, `${seconds}`);
      assert.deepEqual(['rotated', 'replayed'].map((outcome) => grown('keyturn_rotations_total', { outcome })), [2, 3]);
      assert.equal(grown('keyturn_calls_total', { method: UPDATE, wire: wire === 'rest' ? 'grpc' : 'rest', reason: 'OK' }), 0);
    });
  }

  for (const wire of WIRES) {
    it(`${wire}: counts resets of secrets, and answers that were given again`, async () => {
      const { id } = await bench().device();
      const grown = await growth(async () => {
        for (const [key, replayed] of [['a', false], ['a', true], ['a', true], ['b', false], [undefined, false]] as const) {
          assertReset(await sendReset(bench(), wire, { device: id, key, body: { secret: 'abcd1234' } }), id, { secret: 'abcd1234', replayed });
        }
        assertIotdaRefusal(await sendReset(bench(), wire, { device: id, key: 'a' }), '422');
        assertIotdaRefusal(await sendReset(bench(), wire, { device: 'nobody' }), '014000');
      });
      assert.deepEqual(['reset', 'replayed'].map((outcome) => grown('keyturn_secret_resets_total', { outcome })), [3, 2]);
    });
  }

  it('times every statement by its name: on the pool, in a transaction and of the mapper', async () => {
    const device = await bench().device();
    const grown = await growth(async () => {
      assertAnswer(await bench().sendUpdate('rest', makeUpdate(device)), 'OK');
      for (const call of [getDevice, listDeviceKeys, deleteDevice]) assertDone(await operate(bench(), 'rest', call({ device_id: device.id })));
      for (const call of [listDevices, listProjects]) assertDone(await operate(bench(), 'grpc', call()));
    });
    for (const statement of ['rotation_read', 'rotation_write', 'device_get', 'device_key_list', 'device_lock', 'device_remove', 'device_list', 'project_list']) {
      assert.equal(grown('keyturn_database_statement_seconds_count', { statement }), 1, statement);
      assert.ok(grown('keyturn_database_statement_seconds_sum', { statement }) > 0);
    }
  });

  it('shows the connections of the pool and who waits for one', async () => {
    const idle = await scrape();
    const { total } = bench().service.app.database.pool;
    assert.ok(total > 0);
    const states = ['busy', 'idle'].map((state) => valueOf(idle, 'keyturn_database_connections', { state }) ?? -1);
    assert.ok(states.every((count) => count >= 0) && states.reduce((a, b) => a + b) >= 1, states.join());
    assert.equal(valueOf(idle, 'keyturn_database_waiting_callers'), 0);
    const { rows } = await bench().sql.query<{ device_id: string }>('select device_id from device limit 1');
    const client = await bench().sql.connect();
    try {
      await client.query('begin; lock table device');
      const waiting = Array.from({ length: 20 }, () => operate(bench(), 'rest', getDevice({ device_id: rows[0]?.device_id })));
      const until = Date.now() + 10_000;
      while (bench().service.app.database.pool.waiting < 4 && Date.now() < until) await new Promise(setImmediate);
      const busy = await scrape();
      assert.equal(valueOf(busy, 'keyturn_database_connections', { state: 'busy' }), 16);
      assert.equal(valueOf(busy, 'keyturn_database_connections', { state: 'idle' }), 0);
      // The readiness check may be the fifth.
      assert.ok([4, 5].includes(valueOf(busy, 'keyturn_database_waiting_callers') ?? 0));
      await client.query('rollback');
      for (const answer of await Promise.all(waiting)) assertDone(answer);
    } finally {
      client.release();
    }
  });

  it('shows the event loop and the process', async () => {
    const now = await scrape();
    for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes', 'nodejs_eventloop_lag_seconds']) {
      assert.ok((valueOf(now, name) ?? -1) >= 0, name);
    }
    const start = valueOf(now, 'process_start_time_seconds') ?? 0;
    assert.ok(Math.abs(start - (Date.now() / 1000 - process.uptime())) < 10);
    assert.deepEqual(now.get('nodejs_version_info')?.samples.map(({ labels }) => labels['version']), [process.version]);
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'nodejs_eventloop_lag_max_seconds', 'nodejs_gc_duration_seconds']) assert.ok(now.has(name), name);
  });

  it('follows the rules of Prometheus for names and values', async () => {
    for (const [name, family] of await scrape()) assertWellNamed(name, family);
  });

  it('has no more series after 500 calls of all kinds of strangeness, and label values from fixed sets', async () => {
    using raw = new RawClient(bench().service.grpc);
    const strange = async (index: number): Promise<void> => {
      const word = `${index}-${Math.random().toString(36).slice(2)}`;
      const headers = [['X-Request-ID', word], ['User-Agent', word], [`X-${word}`, word], ['Authorization', `Bearer ${word}`], ['Content-Type', word]] as const;
      const method = ['GET', 'PUT', 'PATCH', 'POST', 'LOCK', 'PROPFIND', 'OPTIONS', 'HEAD'][index % 8] ?? 'GET';
      await bench().rest.send({ method, target: `/${word}?${word}=${word}`, headers });
      await bench().rest.send({ method, target: `/v1/devices/${word}`, headers });
      await bench().operator('GET', `/v1/devices/${word}`, undefined, [['X-Request-ID', word]]);
      await bench().send('rest', { authorization: word, pop: word, requestId: word, headers: [[`X-${word}`, word]] });
      await bench().send('grpc', { authorization: word, pop: word, requestId: word });
      await operate(bench(), 'grpc', getDevice({ device_id: word }));
      await raw.call(`/keyturn.v1.${word}/${word}`, word, Buffer.from(word));
      await raw.call(`${OPERATOR}/${word}`, word, Buffer.from(word));
    };
    for (let index = 0; index < 8; index += 1) await strange(index);
    const before = ownSeries(await scrape());
    await Promise.all(Array.from({ length: 500 }, (_, index) => strange(index)));
    const after = await scrape();
    assert.deepEqual(ownSeries(after), before);
    assertKnownLabels(after);
  }).timeout(60_000);
});

/** The series of Keyturn itself; those of Node have a fixed set of labels but come and go with what it holds open. */
function ownSeries(scrape: Scrape): string[] {
  return samplesOf(scrape).filter(({ name }) => name.startsWith('keyturn_')).map(seriesOf).toSorted((a, b) => (a < b ? -1 : 1));
}

function assertKnownLabels(scrape: Scrape): void {
  const { services } = compileContract(loadImage(), 'keyturn.v1');
  const known: Readonly<Record<string, ReadonlySet<string>>> = {
    method: new Set(['none', ...services.flatMap(({ methods }) => methods.map(({ path }) => path))]),
    wire: new Set(WIRES),
    reason: new Set(['OK', ...Object.keys(ErrorReason).map((name) => name.replace('ERROR_REASON_', ''))]),
    outcome: new Set(['rotated', 'reset', 'replayed', 'issued', 'renewed', 'active', 'inactive', 'sent', 'retried', 'failed', 'expired']),
    what: new Set(['introspection', 'jwt']),
    channel: new Set(['EMAIL', 'SMS', 'PUSH']),
    state: new Set(['busy', 'idle']),
  };
  for (const { name, labels } of samplesOf(scrape)) {
    for (const [label, value] of Object.entries(labels)) {
      if (name.startsWith('keyturn_') && label in known) assert.ok(known[label]?.has(value), `${name}: ${label} is ${value}`);
      else if (label === 'statement') assert.match(value, /^[a-z_]{1,32}$/);
      else assert.match(value, /^[A-Za-z0-9_.+-]{1,32}$/, `${name}: ${label}`);
    }
  }
}

/** What `promtool check metrics` complains of, and that the buckets of a histogram add up. */
function assertWellNamed(name: string, { help, type, samples }: Family): void {
  assert.match(name, /^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$/, 'snake case behind a prefix, without colons');
  assert.ok(help.length > 0, `${name} has help`);
  assert.ok(['counter', 'gauge', 'histogram'].includes(type), `${name} is a ${type}`);
  assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
  assert.doesNotMatch(name, /_(?:counter|gauge|histogram|summary|metric|count|sum|bucket)(?:_|$)/, 'the type is no part of a name');
  assert.doesNotMatch(name, /_(?:ms|us|ns|s|sec|msec|milliseconds|microseconds|nanoseconds|minutes|hours|b|kb|mb|kilobytes|megabytes|percent)(?:_|$)/, 'base units');
  for (const { name: full, labels, value } of samples) {
    for (const label of Object.keys(labels)) assert.match(label, /^[a-z][a-z0-9_]*$/);
    assert.equal('le' in labels, full.endsWith('_bucket'), full);
    if (type !== 'gauge') assert.ok(value >= 0, full);
  }
  if (type === 'histogram') assertBuckets(name, samples);
}

function assertBuckets(name: string, samples: readonly Sample[]): void {
  const groups = Map.groupBy(samples, ({ labels }) => JSON.stringify({ ...labels, le: undefined }));
  for (const group of groups.values()) {
    const buckets = group.filter(({ labels }) => 'le' in labels);
    const limits = buckets.map(({ labels }) => Number((labels['le'] ?? '').replace('Inf', 'Infinity')));
    assert.ok(limits.every((limit, index) => index === 0 || limit > (limits[index - 1] ?? limit)), `${name}: ${limits.join()}`);
    assert.equal(limits.at(-1), Infinity);
    assert.ok(buckets.every(({ value }, index) => value >= (buckets[index - 1]?.value ?? 0)), `${name} is cumulative`);
    assert.equal(group.find((sample) => sample.name === `${name}_count`)?.value, buckets.at(-1)?.value);
    assert.ok(group.some((sample) => sample.name === `${name}_sum`));
  }
}
