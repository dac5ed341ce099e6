import { assertAnswer } from '../wire/answer.ts';
import { assertRotated, makeUpdate, updated } from '../wire/harness.ts';
import type { Device, Update } from '../wire/harness.ts';
import { newJti, newPair, thumbprintOf } from '../wire/jwt.ts';
import { withBench } from '../wire/rows.ts';
import assert from 'node:assert/strict';
import { CALLERS, assertAnswers, assertConsistent, crowd, wantOf } from './crowd.ts';

const times = <T>(make: (index: number) => T, count = CALLERS): T[] => Array.from({ length: count }, (_, index) => make(index));

describe('races: 64 callers rotate', () => {
  const bench = withBench();
  afterEach(() => assertConsistent(bench()));

  it('identical JWTs: one without the header, 63 with it; one rotation', async () => {
    const update = makeUpdate(await bench().device());
    assertAnswers(await crowd(bench(), times(() => update)), { OK: 1, REPLAYED: CALLERS - 1 });
    await assertRotated(bench(), update);
    assertAnswers(await crowd(bench(), times(() => update)), { REPLAYED: CALLERS });
    await assertRotated(bench(), update);
  });

  it('different JWTs by one old key: one 200, 63 E401', async () => {
    const device = await bench().device();
    const updates = times(() => makeUpdate(device));
    const answers = await crowd(bench(), updates);
    assertAnswers(answers, { OK: 1, E401: CALLERS - 1 });
    const winner = updates[answers.findIndex((answer) => wantOf(answer) === 'OK')];
    assert.ok(winner);
    await assertRotated(bench(), winner);
    assertAnswers(await crowd(bench(), updates), { REPLAYED: 1, E401: CALLERS - 1 });
  });

  it('different JWTs with one jti, and with one new key: one 200, 63 E401', async () => {
    const device = await bench().device();
    const jti = newJti();
    assertAnswers(await crowd(bench(), times(() => makeUpdate(device, { jti }))), { OK: 1, E401: CALLERS - 1 });
    const other = await bench().device();
    const next = newPair();
    assertAnswers(await crowd(bench(), times(() => makeUpdate(other, { next }))), { OK: 1, E401: CALLERS - 1 });
  });

  it('two devices and one new key: one 200, the other E403; 20 times', async () => {
    const rounds = times(async () => {
      const next = newPair();
      const updates = [await bench().device(), await bench().device()].map((device) => makeUpdate(device, { next }));
      const answers = await crowd(bench(), updates);
      assertAnswers(answers, { OK: 1, E403: 1 });
      const loser = updates[answers.findIndex((answer) => wantOf(answer) === 'E403')];
      assert.ok(loser);
      assertAnswer(await bench().sendUpdate('rest', makeUpdate(loser.device, { jti: loser.jti })), 'OK');
    }, 20);
    await Promise.all(rounds);
  });

  it('64 devices and one new key: one 200, 63 E403', async () => {
    const next = newPair();
    const devices = await Promise.all(times(() => bench().device()));
    assertAnswers(await crowd(bench(), devices.map((device) => makeUpdate(device, { next }))), { OK: 1, E403: CALLERS - 1 });
  });

  it('two devices that swap their keys: both E403', async () => {
    const [a, b] = [await bench().device(), await bench().device()];
    assertAnswers(await crowd(bench(), [makeUpdate(a, { next: b.pair }), makeUpdate(b, { next: a.pair })]), { E403: 2 });
  });

  it('64 devices at once, each with its own: all 200', async () => {
    const devices = await Promise.all(times(() => bench().device()));
    const updates = devices.map((device) => makeUpdate(device));
    assertAnswers(await crowd(bench(), updates), { OK: CALLERS });
    for (const update of updates) await assertRotated(bench(), update);
  });

  it('a key is registered by the operator and installed by a device: one of them has it', async () => {
    const rounds = times(async (index) => {
      const next = newPair();
      const update = makeUpdate(await bench().device(), { next });
      const public_key = next.publicKey.export({ type: 'spki', format: 'pem' });
      const [answer, created] = await Promise.all([
        bench().sendUpdate(index % 2 === 0 ? 'rest' : 'grpc', update),
        bench().operator('POST', '/v1/devices', { device_id: `race-${index}`, public_key }),
      ]);
      const outcome = [wantOf(answer), created.status];
      assert.ok([['OK', 409], ['E403', 200]].some((allowed) => allowed.join() === outcome.join()), outcome.join());
    }, 20);
    await Promise.all(rounds);
  });

  it('chains: rotations of one device with lost replies never brick it', async () => {
    let device: Device = await bench().device();
    for (let round = 0; round < 5; round += 1) {
      const update: Update = makeUpdate(device);
      assertAnswers(await crowd(bench(), times(() => update, 8)), { OK: 1, REPLAYED: 7 });
      device = updated(update);
    }
    assert.equal((await bench().stored(device.id)).current, thumbprintOf(device.pair));
  });
});

describe('races: 64 callers rotate, strict', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: 'strict' });

  it('identical JWTs: one 200, 63 E401; one rotation', async () => {
    const update = makeUpdate(await bench().device());
    assertAnswers(await crowd(bench(), times(() => update)), { OK: 1, E401: CALLERS - 1 });
    await assertRotated(bench(), update);
    await assertConsistent(bench());
  });
});
