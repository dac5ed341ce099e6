import assert from 'node:assert/strict';
import { WIRES, assertAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { assertRotated, makeUpdate, updated } from './harness.ts';
import { newPair } from './jwt.ts';
import { withBench } from './rows.ts';

function retryAfter(answer: Answer): number {
  const values = answer.headers.get('retry-after') ?? [];
  assert.equal(values.length, 1);
  assert.match(values[0] ?? '', /^[1-9][0-9]*$/);
  return Number(values[0]);
}

describe('section 2: E429 by rotations_per_hour', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_ROTATIONS_PER_HOUR: '2' });

  for (const wire of WIRES) {
    it(`${wire}: the third rotation of an hour is refused, with Retry-After; later it goes through`, async () => {
      const first = makeUpdate(await bench().device());
      assertAnswer(await bench().sendUpdate(wire, first), 'OK');
      bench().service.clock.advance(600_000);
      const second = makeUpdate(updated(first));
      assertAnswer(await bench().sendUpdate(wire, second), 'OK');
      const third = makeUpdate(updated(second));
      const refused = await bench().sendUpdate(wire, third);
      assertAnswer(refused, 'E429');
      const seconds = retryAfter(refused);
      assert.ok(seconds > 2990 && seconds <= 3000, String(seconds));
      const stored = await bench().stored(third.device.id);
      assert.deepEqual([stored.rotations, stored.jtis], [2, 2]);
      assertAnswer(await bench().sendUpdate(wire, second), 'REPLAYED');
      bench().service.clock.advance((seconds - 5) * 1000);
      assertAnswer(await bench().sendUpdate(wire, third), 'E429');
      bench().service.clock.advance(5000);
      assertAnswer(await bench().sendUpdate(wire, third), 'OK');
      assertAnswer(await bench().sendUpdate(wire, third), 'REPLAYED');
    });

    it(`${wire}: only after a verified JWT, only for the device itself, and refusals do not count`, async () => {
      const device = await bench().device();
      for (const _ of [1, 2, 3]) {
        assertAnswer(await bench().send(wire, { authorization: makeUpdate(device).jwt, pop: 'AAAA' }), 'E400');
        assertAnswer(await bench().send(wire, { authorization: 'x' }), 'E401');
      }
      const first = makeUpdate(device);
      assertAnswer(await bench().sendUpdate(wire, first), 'OK');
      const second = makeUpdate(updated(first));
      assertAnswer(await bench().sendUpdate(wire, second), 'OK');
      const stranger = newPair();
      const forged = makeUpdate(updated(second), { edit: (draft) => void (draft.signer = stranger.privateKey) });
      assertAnswer(await bench().sendUpdate(wire, forged), 'E401');
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(updated(second))), 'E429');
      const other = makeUpdate(await bench().device());
      assertAnswer(await bench().sendUpdate(wire, other), 'OK');
      await assertRotated(bench(), other);
    });
  }
});

describe('section 2: no limit by default', () => {
  const bench = withBench();

  it('20 rotations in a row', async () => {
    let device = await bench().device();
    for (let count = 0; count < 20; count += 1) {
      const update = makeUpdate(device);
      assertAnswer(await bench().sendUpdate(count % 2 === 0 ? 'rest' : 'grpc', update), 'OK');
      device = updated(update);
    }
  });
});
