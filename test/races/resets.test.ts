import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SecretSlotName } from '../../src/secret_slot.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { assertIotdaRefusal } from '../wire/iotda_errors.ts';
import { NOTHING, assertReset, withResets } from '../wire/resets.ts';
import type { ResetAnswer, ResetBody } from '../wire/resets.ts';
import { authOf, deviceAuth } from '../wire/secrets.ts';
import { CALLERS } from './crowd.ts';

const times = <T>(make: (index: number) => T, count = CALLERS): T[] => Array.from({ length: count }, (_, index) => make(index));
const isDone = ({ status }: Answer): boolean => status === 200 || status === 0;
const isReplay = ({ headers }: Answer): boolean => headers.has('idempotent-replayed');
const slotOf = (index: number) => (index % 4 < 2 ? 'PRIMARY' : 'SECONDARY');
const secretIn = ({ body }: Answer): string => (JSON.parse(body) as ResetAnswer).secret;

describe('races of resets', () => {
  const bench = withResets();

  /** The reset of a device that was committed last is the one in force: they wait for each other's row lock. */
  const assertLastInForce = async (device: string, answers: readonly Answer[]): Promise<void> => {
    const text = `select request_id, details ->> 'slot' as slot from audit_event
      where device_id = $1 and action = 'device_secret.reset' order by event_id desc limit 1`;
    const [last] = (await bench().sql.query<{ request_id: string; slot: SecretSlotName }>(text, [device])).rows;
    const winner = answers.find(({ headers }) => headers.get('x-request-id')?.[0] === last?.request_id);
    assert.ok(last && winner);
    assert.equal((await bench().secrets(device))[last.slot], secretIn(winner));
  };

  for (const wire of WIRES) {
    const bodies: readonly (ResetBody | undefined)[] = [undefined, { force_disconnect: true }, { secret_type: 'SECONDARY' }, { secret: 'abcd1234' }];
    for (const body of bodies) {
      it(`${wire}: ${CALLERS} callers with one key and ${JSON.stringify(body)}: one reset, ${CALLERS} equal answers`, async () => {
        const device = await bench().device();
        const answers = await Promise.all(times(() => bench().reset(wire, { device, key: 'k', body })));
        const slot = body?.secret_type === 'SECONDARY' ? 'SECONDARY' : 'PRIMARY';
        const first = answers.find((answer) => !isReplay(answer));
        assert.ok(first);
        const secret = assertReset(first, device, { slot, secret: body?.secret });
        for (const answer of answers) if (answer !== first) assertReset(answer, device, { slot, secret, replayed: true });
        assert.deepEqual(await bench().secrets(device), { [slot]: secret });
        const events = body?.force_disconnect === true ? ['device_secret.reset', 'session.close'] : ['device_secret.reset'];
        assert.deepEqual(await bench().stored(device), { audits: 1, events, records: 1, slots: [slot] });
      });
    }

    it(`${wire}: one key and two bodies: those of the first body get its answer, the others 422`, async () => {
      for (let round = 0; round < 5; round += 1) {
        const device = await bench().device();
        const secrets = ['abcd1234', 'efgh5678'] as const;
        const answers = await Promise.all(times((index) => bench().reset(wire, { device, key: 'k', body: { secret: secrets[index % 2] ?? '' } })));
        const winner = secrets.findIndex((_, index) => answers[index] !== undefined && isDone(answers[index]));
        const secret = secrets[winner];
        assert.equal(answers.filter((answer) => isDone(answer) && !isReplay(answer)).length, 1);
        for (const [index, answer] of answers.entries()) {
          if (index % 2 === winner) assertReset(answer, device, { secret, replayed: isReplay(answer) });
          else assertIotdaRefusal(answer, '422');
        }
        assert.deepEqual(await bench().secrets(device), { PRIMARY: secret });
      }
    });

    it(`${wire}: a key that has expired is claimed by one of many`, async () => {
      const device = await bench().device();
      assertReset(await bench().reset(wire, { device, key: 'k' }), device);
      bench().service.clock.advance(25 * 3_600_000);
      const answers = await Promise.all(times(() => bench().reset(wire, { device, key: 'k' })));
      assert.deepEqual([answers.filter((answer) => !isReplay(answer)).length, new Set(answers.map(secretIn)).size], [1, 1]);
      assert.equal((await bench().stored(device)).audits, 2);
    });
  }

  it('two resets of one slot with different keys: both 200, and the last committed value is in force', async () => {
    for (let round = 0; round < 25; round += 1) {
      const device = await bench().device();
      const answers = await Promise.all(WIRES.map((wire) => bench().reset(wire, { device, key: `key-${wire}` })));
      for (const answer of answers) assertReset(answer, device);
      await assertLastInForce(device, answers);
    }
  });

  it(`${CALLERS} resets of both slots without a key: all 200, one after the other`, async () => {
    const device = await bench().device({ certificates: true });
    const answers = await Promise.all(times((index) => bench().reset(WIRES[index % 2] ?? 'rest', { device, body: { secret_type: slotOf(index), force_disconnect: index % 3 === 0 } })));
    for (const [index, answer] of answers.entries()) assertReset(answer, device, { slot: slotOf(index) });
    assert.equal(new Set(answers.map(secretIn)).size, CALLERS);
    await assertLastInForce(device, answers);
    assert.equal((await bench().stored(device)).audits, CALLERS);
  });

  it('resets by force against authentications: no access token for the old secret is left', async () => {
    for (let round = 0; round < 15; round += 1) {
      const device = await bench().device();
      const old = assertReset(await bench().reset('rest', { device }), device);
      const issued = times((index) => deviceAuth(bench(), WIRES[index % 2] ?? 'rest', authOf(device, old)), 8);
      const answer = await bench().reset(WIRES[round % 2] ?? 'rest', { device, body: { force_disconnect: true } });
      const secret = assertReset(answer, device);
      for (const auth of await Promise.all(issued)) if (!isDone(auth)) assertIotdaRefusal(auth, '002');
      const tokens = await bench().sql.query('select from device_token where device_id = $1', [device]);
      assert.equal(tokens.rowCount, 0);
      assert.ok(isDone(await deviceAuth(bench(), 'rest', authOf(device, secret))), 'the new secret is good at once');
      assertIotdaRefusal(await deviceAuth(bench(), 'rest', authOf(device, old)), '002');
    }
  });

  for (const wire of WIRES) {
    it(`${wire}: a reset that waits for the reset of a fingerprint makes the device SECRET again`, async () => {
      const device = await bench().device();
      const holder = await bench().sql.connect();
      try {
        await holder.query('begin');
        await holder.query(`update device set auth_type = 'CERTIFICATES' where device_id = $1`, [device]);
        const answer = bench().reset(wire, { device });
        const waits = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
        while ((await bench().sql.query(waits)).rowCount === 0);
        await holder.query('commit');
        assertReset(await answer, device);
      } finally {
        holder.release();
      }
      const { rows } = await bench().sql.query('select auth_type from device where device_id = $1', [device]);
      assert.deepEqual(rows, [{ auth_type: 'SECRET' }]);
    });
  }

  it('resets against the removal of the device: 200 before it, 014000 after it, and nothing is left', async () => {
    for (let round = 0; round < 10; round += 1) {
      const device = await bench().device();
      const resets = times((index) => bench().reset(WIRES[index % 2] ?? 'rest', { device, key: index % 4 < 2 ? `k-${index}` : undefined, body: { force_disconnect: index % 3 === 0 } }), 16);
      const removal = bench().operator(`/v1/devices/${device}`, undefined, 'DELETE');
      for (const answer of await Promise.all(resets)) {
        if (isDone(answer)) assertReset(answer, device);
        else assertIotdaRefusal(answer, '014000');
      }
      await removal;
      const { slots, records } = await bench().stored(device);
      assert.deepEqual({ slots, records }, { slots: NOTHING.slots, records: NOTHING.records });
    }
  });
});
