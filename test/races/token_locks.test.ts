import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { lockDevice, waitingBackends } from '../db/fixtures/rotations.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { makeUpdate, updated } from '../wire/harness.ts';
import type { Device } from '../wire/harness.ts';
import { newJti } from '../wire/jwt.ts';
import { assertDone, deleteDevice, freezeDevice, operate, unfreezeDevice } from '../wire/operator.ts';
import type { OperatorCall } from '../wire/operator.ts';
import { withBench } from '../wire/rows.ts';
import { storedTokens } from '../wire/tokens/issue_rows.ts';
import { authenticationJwt, verifyJwt } from '../wire/tokens/kit.ts';
import { activeOf, ask, assertTokensConsistent, jwtsOf, tally } from './token_crowd.ts';

/** Fewer than the connections of the pool, so that all of them have read, and wait to write, at the same time. */
const CALLERS = 6;

/** The device is locked while all of them read; then they write in the order in which they have come. */
describe('races: tokens, in turn at the lock of their device', () => {
  const bench = withBench();
  afterEach(() => assertTokensConsistent(bench().sql));

  /** Begins one call after the other, each once those before it wait for the device, and then lets them go. */
  async function inTurn<First, Second>(deviceId: string, first: readonly [number, () => Promise<First>], second: readonly [number, () => Promise<Second>]): Promise<[First, Second]> {
    const { databaseUrl } = bench().service;
    const lock = await lockDevice(databaseUrl, deviceId);
    const one = first[1]();
    await waitingBackends(databaseUrl, first[0]);
    const other = second[1]();
    await waitingBackends(databaseUrl, first[0] + second[0]);
    await lock.release();
    return Promise.all([one, other]);
  }

  const change = (call: (request: { device_id: string }) => OperatorCall, { id }: Device) => async (): Promise<void> =>
    void assertDone(await operate(bench(), 'rest', call({ device_id: id })));
  const requests = (device: Device, jwts = jwtsOf(device, CALLERS)) => [jwts.length, () => ask(bench(), device, jwts)] as const;
  const token = (device: Device, jti: string) => requests(device, [authenticationJwt(device, { jti })]);
  const check = (device: Device, jti: string) => [1, () => verifyJwt(bench(), authenticationJwt(device, { jti }))] as const;
  const counted = async ({ id }: Device): Promise<number[]> => {
    const { jtis, tokens, chains, audits } = await storedTokens(bench().sql, id);
    return [jtis.length, tokens.length, chains, audits.length];
  };

  it('behind a rotation all are 401, and nothing of them is stored', async () => {
    const device = await bench().device();
    const update = makeUpdate(device);
    const [rotated, answers] = await inTurn(device.id, [1, () => bench().sendUpdate('rest', update)], requests(device));
    assertAnswer(rotated, 'OK');
    assert.deepEqual(tally(answers).counts, { E401: CALLERS });
    assert.deepEqual(await counted(device), [1, 0, 0, 0]);
  });

  it('before a rotation all are tokens that count after it', async () => {
    const device = await bench().device();
    const update = makeUpdate(device);
    const [answers, rotated] = await inTurn(device.id, requests(device), [1, () => bench().sendUpdate('rest', update)]);
    assertAnswer(rotated, 'OK');
    const { counts, tokens } = tally(answers);
    assert.deepEqual(counts, { OK: CALLERS });
    assert.equal(await activeOf(bench(), tokens), CALLERS);
    assert.deepEqual(tally(await ask(bench(), updated(update), jwtsOf(updated(update), 1))).counts, { OK: 1 });
  });

  for (const [what, call, refusal] of [['freezing', freezeDevice, 'E403'], ['removal', deleteDevice, 'E401']] as const) {
    it(`behind a ${what} all are ${refusal}, and nothing of them is stored`, async () => {
      const device = await bench().device();
      const [, answers] = await inTurn(device.id, [1, change(call, device)], requests(device));
      assert.deepEqual(tally(answers).counts, { [refusal]: CALLERS });
      assert.deepEqual(await counted(device), [0, 0, 0, 0]);
    });

    it(`before a ${what} all are tokens that do not count after it`, async () => {
      const device = await bench().device();
      const [answers] = await inTurn(device.id, requests(device), [1, change(call, device)]);
      const { counts, tokens } = tally(answers);
      assert.deepEqual(counts, { OK: CALLERS });
      assert.equal(await activeOf(bench(), tokens), 0);
      const { tokens: left, audits } = await storedTokens(bench().sql, device.id);
      assert.deepEqual([left, audits.length], [[], CALLERS]);
    });
  }

  it('behind a freezing none is spent: all go through once it is over', async () => {
    const device = await bench().device();
    const jwts = jwtsOf(device, CALLERS);
    await inTurn(device.id, [1, change(freezeDevice, device)], requests(device, jwts));
    await change(unfreezeDevice, device)();
    assert.deepEqual(tally(await ask(bench(), device, jwts)).counts, { OK: CALLERS });
  });

  it('behind one another with one JWT: the first has the token, the rest is 401', async () => {
    const device = await bench().device();
    const jwt = authenticationJwt(device);
    const [first, rest] = await inTurn(device.id, requests(device, [jwt]), requests(device, Array.from({ length: CALLERS }, () => jwt)));
    assert.deepEqual([tally(first).counts, tally(rest).counts], [{ OK: 1 }, { E401: CALLERS }]);
    assert.deepEqual(await counted(device), [1, 1, 1, 1]);
  });

  for (const wire of WIRES) {
    it(`${wire}: behind a check or an update with the same jti it is 401, and they are refused behind it`, async () => {
      const update = (device: Device, jti: string) => [1, () => bench().sendUpdate(wire, makeUpdate(device, { jti }))] as const;
      const device = await bench().device();
      const [isChecked, tooLate] = await inTurn(device.id, check(device, 'A'.repeat(32)), token(device, 'a'.repeat(32)));
      assert.deepEqual([/"active":(\w+)/.exec(isChecked.body)?.[1], tally(tooLate).counts], ['true', { E401: 1 }]);
      const jti = newJti();
      const [issued, notChecked] = await inTurn(device.id, token(device, jti), check(device, jti));
      assert.deepEqual([tally(issued).counts, /"active":(\w+)/.exec(notChecked.body)?.[1]], [{ OK: 1 }, 'false']);
      const another = newJti();
      const [issuedToo, notUpdated] = await inTurn(device.id, token(device, another), update(device, another));
      assert.deepEqual(tally(issuedToo).counts, { OK: 1 });
      assertAnswer(notUpdated, 'E401');
    });
  }
});
