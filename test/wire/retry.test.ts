import assert from 'node:assert/strict';
import { WIRES, assertAnswer } from './answer.ts';
import type { Want, Wire } from './answer.ts';
import { assertRotated, makeUpdate, updated } from './harness.ts';
import type { Bench, Update, WireRequest } from './harness.ts';
import { newPair, proof } from './jwt.ts';
import { withBench } from './rows.ts';

const other = newPair();

/** Repeats of a JWT that has been committed (7.3). Each gets a device and a rotation of its own. */
interface Repeat {
  readonly name: string;
  readonly want: Want;
  readonly request?: (update: Update) => WireRequest;
  /** What happens between the rotation and its repeat. */
  readonly between?: (bench: Bench, update: Update, wire: Wire) => Promise<unknown>;
  readonly rest?: boolean;
}

const freeze = (bench: Bench, { device }: Update): Promise<unknown> => bench.operator('POST', `/v1/devices/${device.id}:freeze`);
const unfreeze = (bench: Bench, { device }: Update): Promise<unknown> => bench.operator('POST', `/v1/devices/${device.id}:unfreeze`);

const REPEATS: readonly Repeat[] = [
  { name: 'identical', want: 'REPLAYED' },
  { name: 'after Bearer', want: 'REPLAYED', request: ({ jwt }) => ({ authorization: `Bearer ${jwt}` }) },
  { name: 'a new proof of form A', want: 'REPLAYED', request: ({ jwt, next }) => ({ pop: proof(jwt, next) }) },
  { name: 'a proof of form B', want: 'REPLAYED', request: ({ jwt, next }) => ({ pop: proof(jwt, next, 'B') }) },
  { name: 'another request id', want: 'REPLAYED', request: () => ({ requestId: 'again' }) },
  { name: 'as a form', want: 'REPLAYED', rest: true, request: ({ pop }) => ({ type: 'application/x-www-form-urlencoded', body: `pop=${encodeURIComponent(pop)}` }) },
  { name: 'no pop', want: 'E401', request: () => ({ pop: '' }) },
  { name: 'pop not base64', want: 'E401', request: () => ({ pop: '!' }) },
  { name: 'pop not DER', want: 'E401', request: () => ({ pop: 'AAAA' }) },
  { name: 'pop too long', want: 'E401', request: () => ({ pop: 'A'.repeat(2049) }) },
  { name: 'pop of form C', want: 'E401', request: ({ jwt, next }) => ({ pop: proof(jwt, next, 'C') }) },
  { name: 'pop by another key', want: 'E401', request: ({ jwt }) => ({ pop: proof(jwt, other) }) },
  { name: 'pop by the old key', want: 'E401', request: ({ jwt, device }) => ({ pop: proof(jwt, device.pair) }) },
  { name: 'no body', want: 'E401', rest: true, request: () => ({ body: '' }) },
  { name: 'not JSON', want: 'E401', rest: true, request: () => ({ body: '{' }) },
  { name: 'pop a number', want: 'E401', rest: true, request: () => ({ body: '{"pop":1}' }) },
  { name: 'pop twice', want: 'E401', rest: true, request: ({ pop }) => ({ body: `{"pop":"${pop}","pop":"${pop}"}` }) },
  { name: 'no type', want: 'E401', rest: true, request: () => ({ type: null }) },
  { name: 'another type', want: 'E401', rest: true, request: () => ({ type: 'text/plain' }) },
  { name: 'a body that is too large: step 2 comes first', want: 'E400', rest: true, request: () => ({ body: 'x'.repeat(16_385) }) },
  { name: 'bytes that are no message', want: 'E401', rest: false, request: () => ({ body: Buffer.from([0x0a]) }) },
  { name: 'the device is frozen', want: 'E401', between: freeze },
  { name: 'the device is frozen, no pop', want: 'E401', between: freeze, request: () => ({ pop: '' }) },
  { name: 'the device was frozen for a while', want: 'REPLAYED', between: async (bench, update) => [await freeze(bench, update), await unfreeze(bench, update)] },
  { name: 'updates are no longer allowed', want: 'E401', between: (bench, { device }) => bench.sql.query('update device set updates_allowed = false where device_id = $1', [device.id]) },
  { name: 'the device was removed', want: 'E401', between: (bench, { device }) => bench.operator('DELETE', `/v1/devices/${device.id}`) },
  { name: 'another rotation came between', want: 'E401', between: async (bench, update, wire) => assertAnswer(await bench.sendUpdate(wire, makeUpdate(updated(update))), 'OK') },
  { name: 'a refused rotation came between', want: 'REPLAYED', between: async (bench, update, wire) => assertAnswer(await bench.send(wire, { authorization: makeUpdate(updated(update)).jwt, pop: 'AAAA' }), 'E400') },
  { name: 'a letter of the signature differs', want: 'E401', request: ({ jwt, pop }) => ({ pop, authorization: jwt.slice(0, -10) + (jwt.at(-10) === 'A' ? 'B' : 'A') + jwt.slice(-9) }) },
];

describe('section 7.3: idempotent retry', () => {
  const bench = withBench();

  for (const { name, want, request, between, rest } of REPEATS) {
    for (const wire of WIRES.filter((candidate) => rest === undefined || rest === (candidate === 'rest'))) {
      it(`${want} ${wire}: ${name}`, async () => {
        const update = makeUpdate(await bench().device());
        assertAnswer(await bench().sendUpdate(wire, update), 'OK');
        await between?.(bench(), update, wire);
        const before = await bench().stored(update.device.id);
        const repeat = { authorization: update.jwt, pop: update.pop, ...request?.(update) };
        for (const _ of [1, 2]) assertAnswer(await bench().send(wire, repeat), want, { requestId: repeat.requestId });
        assert.deepEqual(await bench().stored(update.device.id), before);
      });
    }
  }

  for (const wire of WIRES) {
    it(`${wire}: REPLAYED before exp, E401 from exp on`, async () => {
      const exp = bench().atSecond() + 60;
      const update = makeUpdate(await bench().device(), { edit: (draft) => void (draft.payload['exp'] = exp) });
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      assertAnswer(await bench().sendUpdate(wire, update), 'REPLAYED');
      bench().service.clock.advance(61_000);
      assertAnswer(await bench().sendUpdate(wire, update), 'E401');
    });

    it(`${wire}: REPLAYED over the other wire, and the other JWT of the old key is E401`, async () => {
      const update = makeUpdate(await bench().device());
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      for (const each of WIRES) assertAnswer(await bench().sendUpdate(each, update), 'REPLAYED');
      const twin = makeUpdate(update.device, { next: update.next, jti: update.jti });
      assertAnswer(await bench().sendUpdate(wire, twin), 'E401');
      await assertRotated(bench(), update);
    });

    it(`${wire}: REPLAYED with form B, and for the latest rotation only`, async () => {
      const update = makeUpdate(await bench().device(), { form: 'B' });
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      const again = makeUpdate(updated(update), { form: 'B' });
      assertAnswer(await bench().sendUpdate(wire, again), 'OK');
      assertAnswer(await bench().sendUpdate(wire, again), 'REPLAYED');
      assertAnswer(await bench().sendUpdate(wire, update), 'E401');
    });
  }
});

describe('section 7.3: idempotent_retry is strict', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: 'strict' });
  for (const wire of WIRES) {
    it(`E401 ${wire}: whatever the proof`, async () => {
      const update = makeUpdate(await bench().device());
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      for (const pop of [update.pop, proof(update.jwt, update.next, 'B'), '', 'AAAA', proof(update.jwt, other)]) {
        assertAnswer(await bench().send(wire, { authorization: update.jwt, pop }), 'E401');
      }
      await assertRotated(bench(), update);
    });
  }
});
