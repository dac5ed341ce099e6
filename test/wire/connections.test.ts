import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { parseExposition } from '../support/exposition.ts';
import { assertNoInternals } from './answer.ts';
import { Bench } from './harness.ts';
import { ask, connectOf, decide, hourText, lateDevice, secretDevice, setSecret } from './secrets.ts';
import type { Connect, SecretDevice } from './secrets.ts';

const HOUR = 3_600_000;
const [PRIMARY, SECONDARY] = [1, 2];
const refused = (code: number): unknown => [code, '', '', 0];

describe('AuthenticateConnection (contracts/iotda.md 10.1)', () => {
  let bench: Bench;
  let device: SecretDevice;
  before(async () => {
    bench = await Bench.start();
    device = await secretDevice(bench, { primary: 'primary-1', secondary: 'secondary-1' });
  });
  after(() => bench[Symbol.asyncDispose]());

  const good = (secret = 'primary-1'): Connect => connectOf(device.id, secret);
  const usedOf = async (deviceId: string, slot: string): Promise<Date | null | undefined> =>
    (await bench.sql.query<{ at: Date | null }>('select last_used_at as at from device_secret where device_id = $1 and slot = $2', [deviceId, slot])).rows[0]?.at;
  const activeOf = async (deviceId: string): Promise<{ active: Date | null; expires: Date | null } | undefined> =>
    (await bench.sql.query<{ active: Date | null; expires: Date | null }>('select active_at as active, expires_at as expires from device where device_id = $1', [deviceId])).rows[0];

  it('accepts the primary secret, and tells device, project and slot', async () => {
    assert.deepEqual(await decide(bench, good()), [0, device.id, 'default', PRIMARY]);
  });

  it('then the secondary', async () => {
    assert.deepEqual(await decide(bench, good('secondary-1')), [0, device.id, 'default', SECONDARY]);
  });

  it('accepts a secondary secret without a primary, and tells the primary where both are the same', async () => {
    const half = await secretDevice(bench, { primary: null, secondary: 'same-secret' });
    assert.deepEqual(await decide(bench, connectOf(half.id, 'same-secret')), [0, half.id, 'default', SECONDARY]);
    await setSecret(bench, half.id, 'PRIMARY', 'same-secret');
    assert.deepEqual(await decide(bench, connectOf(half.id, 'same-secret')), [0, half.id, 'default', PRIMARY]);
  });

  describe('step 1, 2: the form of the ClientId', () => {
    for (const [what, clientId] of [
      ['none', ''], ['a device alone', 'ID'], ['another identity type', 'ID_1_0_2025041401'], ['signType 2', 'ID_0_2_2025041401'],
      ['nine digits', 'ID_0_0_202504140'], ['no real hour', 'ID_0_0_2025041424'], ['no real day', 'ID_0_0_2025023001'],
      ['257 characters', `${'a'.repeat(242)}_0_0_2025041401`], ['no device', '_0_0_2025041401'],
      ['U+0000', 'ID\0_0_0_2025041401'],
    ] as const) {
      it(what, async () => {
        assert.deepEqual(await decide(bench, { ...good(), clientId: clientId.replace('ID', device.id) }), refused(2));
      });
    }

    it('comes before all else', async () => {
      assert.deepEqual(await decide(bench, { clientId: 'x', userName: 'nobody', password: '' }), refused(2));
    });
  });

  describe('step 2, 4: the device', () => {
    it('UserName is that of the ClientId', async () => {
      for (const userName of ['', 'other', device.id.toUpperCase(), `${device.id} `, `${device.id}\0`]) assert.deepEqual(await decide(bench, { ...good(), userName }), refused(4), userName);
    });

    it('is known', async () => {
      for (const id of ['nobody', 'x'.repeat(129), 'no body', "'; drop table device; --", 'é']) {
        assert.deepEqual(await decide(bench, connectOf(id, 'primary-1')), refused(4), id);
      }
    });

    it('has a secret', async () => {
      const bare = await secretDevice(bench, { primary: null });
      for (const secret of ['', 'primary-1']) assert.deepEqual(await decide(bench, connectOf(bare.id, secret)), refused(4));
    });

    it('is no CERTIFICATES device, whatever its stored secrets', async () => {
      const certified = await secretDevice(bench, { primary: 'primary-1' });
      await bench.sql.query(`update device set auth_type = 'CERTIFICATES' where device_id = $1`, [certified.id]);
      assert.deepEqual(await decide(bench, connectOf(certified.id, 'primary-1')), refused(4));
    });

    it('may hold what looks like the rest of a ClientId', async () => {
      const odd = await secretDevice(bench, { id: 'odd_0_0_2025041401', primary: 'primary-1' });
      assert.deepEqual(await decide(bench, connectOf(odd.id, 'primary-1')), [0, odd.id, 'default', PRIMARY]);
    });
  });

  describe('step 3, 4: the hour', () => {
    it('is not checked with signType 0', async () => {
      for (const hour of ['1999010100', '2999123123']) assert.deepEqual((await decide(bench, connectOf(device.id, 'primary-1', { hour })))[0], 0);
    });

    for (const [shift, code] of [[-2, 4], [-1, 0], [0, 0], [1, 0], [2, 4], [24, 4]] as const) {
      it(`${shift} of the service's is ${code} with signType 1`, async () => {
        const now = bench.service.clock.now().getTime();
        // Not within the last second of an hour.
        if (now % HOUR > HOUR - 1_000) bench.service.clock.advance(2_000);
        const hour = hourText(new Date(bench.service.clock.now().getTime() + shift * HOUR));
        assert.equal((await decide(bench, connectOf(device.id, 'primary-1', { signType: 1, hour })))[0], code);
      });
    }
  });

  describe('step 4, 4: the password', () => {
    it('is that of the secret and of the hour in the ClientId', async () => {
      for (const password of ['', 'primary-1', good('primary-2').password, good().password.toUpperCase(), connectOf(device.id, 'primary-1', { hour: '2025041402' }).password, `${good().password}0`, '\0', `${good().password}\0`]) {
        assert.deepEqual(await decide(bench, { ...good(), password }), refused(4), password);
      }
    });

    it('of a secret that was replaced is 4 at once, of the new one 0', async () => {
      const { id } = await secretDevice(bench, { primary: 'before-1', secondary: 'second-1' });
      assert.equal((await decide(bench, connectOf(id, 'before-1')))[0], 0);
      await setSecret(bench, id, 'PRIMARY', 'after-1');
      assert.deepEqual(await decide(bench, connectOf(id, 'before-1')), refused(4));
      assert.equal((await decide(bench, connectOf(id, 'after-1')))[3], PRIMARY);
      assert.equal((await decide(bench, connectOf(id, 'second-1')))[3], SECONDARY);
    });
  });

  describe('step 5, 5: a frozen device', () => {
    it('is 5 after a good password, and 4 after a bad one', async () => {
      const { id } = await secretDevice(bench, { primary: 'primary-1' });
      await bench.operator('POST', `/v1/devices/${id}:freeze`);
      assert.deepEqual(await decide(bench, connectOf(id, 'primary-1')), refused(5));
      assert.deepEqual(await decide(bench, connectOf(id, 'wrong')), refused(4));
      assert.deepEqual([await usedOf(id, 'PRIMARY'), await activeOf(id)], [null, { active: null, expires: null }]);
      await bench.operator('POST', `/v1/devices/${id}:unfreeze`);
      assert.equal((await decide(bench, connectOf(id, 'primary-1')))[0], 0);
    });
  });

  describe('step 6: accepted', () => {
    it('a never active device becomes active, with an audit row, once', async () => {
      const { id } = await secretDevice(bench, { primary: 'primary-1' });
      await bench.sql.query('update device set expires_at = $2 where device_id = $1', [id, new Date(bench.service.clock.now().getTime() + 60_000)]);
      assert.deepEqual(await decide(bench, connectOf(id, 'wrong')), refused(4));
      assert.equal((await activeOf(id))?.active, null);
      assert.equal((await decide(bench, connectOf(id, 'primary-1')))[0], 0);
      const first = await activeOf(id);
      assert.ok(first?.active instanceof Date);
      assert.equal(first.expires, null);
      bench.service.clock.advance(120_000);
      assert.equal((await decide(bench, connectOf(id, 'primary-1')))[0], 0);
      assert.deepEqual(await activeOf(id), first);
      const { rows } = await bench.sql.query('select actor, details from audit_event where device_id = $1 and action = $2', [id, 'device.activated']);
      assert.deepEqual(rows, [{ actor: 'operator', details: {} }]);
    });

    it('a device that has missed its time to become active is as unknown, unless it has a public key', async () => {
      const { id } = await lateDevice(bench, 'primary-1');
      assert.deepEqual(await decide(bench, connectOf(id, 'primary-1')), refused(4));
      await bench.sql.query(`update device set current_key = $2 where device_id = $1`, [id, 'f'.repeat(64)]);
      assert.equal((await decide(bench, connectOf(id, 'primary-1')))[0], 0);
    });

    it('a gateway that has missed its time stays out, though its children keep it from being removed', async () => {
      const { id } = await lateDevice(bench, 'primary-1');
      const child = await secretDevice(bench);
      await bench.sql.query('update device set gateway_id = $2 where device_id = $1', [child.id, id]);
      await bench.service.app.sweeper.sweep();
      assert.equal((await activeOf(id))?.active, null);
      assert.deepEqual(await decide(bench, connectOf(id, 'primary-1')), refused(4));
    });

    it('the last use of each slot is kept to the minute, and a busy device does not write each time', async () => {
      const { id } = await secretDevice(bench, { primary: 'primary-1', secondary: 'secondary-1' });
      assert.deepEqual([await usedOf(id, 'PRIMARY'), await usedOf(id, 'SECONDARY')], [null, null]);
      await decide(bench, connectOf(id, 'primary-1'));
      const first = await usedOf(id, 'PRIMARY');
      assert.ok(first instanceof Date);
      assert.equal(await usedOf(id, 'SECONDARY'), null);
      bench.service.clock.advance(50_000);
      await decide(bench, connectOf(id, 'primary-1'));
      assert.deepEqual(await usedOf(id, 'PRIMARY'), first);
      bench.service.clock.advance(11_000);
      await decide(bench, connectOf(id, 'primary-1'));
      await decide(bench, connectOf(id, 'secondary-1'));
      const [primary, secondary] = [await usedOf(id, 'PRIMARY'), await usedOf(id, 'SECONDARY')];
      assert.ok(primary instanceof Date && secondary instanceof Date && primary > first);
      bench.service.clock.advance(120_000);
      assert.deepEqual(await decide(bench, connectOf(id, 'wrong')), refused(4));
      assert.deepEqual([await usedOf(id, 'PRIMARY'), await usedOf(id, 'SECONDARY')], [primary, secondary]);
    });
  });

  describe('the call', () => {
    it('is served over gRPC alone', async () => {
      const answer = await ask(bench, good(), []);
      assert.deepEqual([answer.status, answer.reason], [16, 'IOTDA_UNAUTHENTICATED']);
      assertNoInternals(answer);
      for (const target of ['/keyturn.v1.DeviceSecretService/AuthenticateConnection', '/v5/iot/default/connections']) {
        const rest = await bench.rest.send({ target, headers: [['Content-Type', 'application/json']], body: '{}' });
        assert.equal(rest.status, 404, rest.body);
      }
    });

    it('is counted by return code, and logged without a secret or password', async () => {
      const { samples = [] } = parseExposition((await bench.rest.send({ method: 'GET', target: '/metrics' })).body).get('keyturn_connection_decisions_total') ?? {};
      const counts = samples.map(({ labels, value }) => [labels['return_code'], value > 0]);
      assert.deepEqual(counts, [['0', true], ['2', true], ['3', false], ['4', true], ['5', true]]);
      const log = JSON.stringify(bench.service.lines);
      for (const hidden of ['primary-1', 'secondary-1', good().password]) assert.ok(!log.includes(hidden), hidden);
    });
  });
});
