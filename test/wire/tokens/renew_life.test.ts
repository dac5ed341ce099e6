import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../answer.ts';
import type { Wire } from '../answer.ts';
import type { Bench } from '../harness.ts';
import { makeUpdate, updated } from '../harness.ts';
import { ask, freeze, remove } from '../iot_device.ts';
import { newPair, pemOf } from '../jwt.ts';
import { withBench } from '../rows.ts';
import { authOf, deviceAuth, setSecret } from '../secrets.ts';
import { introspect, newToken, tokenIn } from './kit.ts';
import { MANY_FAILURES, SCOPES, assertGranted, assertRefused, holder, renewIts } from './renewals.ts';
import type { Holder } from './renewals.ts';

const ALL = SCOPES.join(' ');

async function isActive(bench: Bench, wire: Wire, token: string): Promise<boolean> {
  return (JSON.parse((await introspect(bench, wire, token)).body) as { active: boolean }).active;
}

describe('section 8.2: how long tokens count', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: '600' });

  for (const wire of WIRES) {
    it(`${wire}: a renewal counts from its own time, and the earlier token lives on to its own end`, async () => {
      const own = await holder(bench(), wire);
      bench().service.clock.advance(400_000);
      const renewed = assertGranted(await renewIts(bench(), wire, own), ALL, 600).access_token;
      bench().service.clock.advance(199_000 - 30_000);
      assert.deepEqual([await isActive(bench(), wire, own.token), await isActive(bench(), wire, renewed)], [true, true]);
      assertGranted(await renewIts(bench(), wire, own), ALL, 600);
      bench().service.clock.advance(31_000);
      assert.deepEqual([await isActive(bench(), wire, own.token), await isActive(bench(), wire, renewed)], [false, true]);
      assertRefused(await renewIts(bench(), wire, own), 'TOKEN');
      assertGranted(await renewIts(bench(), wire, { ...own, token: renewed }), ALL, 600);
      bench().service.clock.advance(400_000);
      assert.equal(await isActive(bench(), wire, renewed), false);
      assertRefused(await renewIts(bench(), wire, { ...own, token: renewed }), 'TOKEN');
    });

    it(`${wire}: the chain outlives its first token, also when what has expired is cleared away`, async () => {
      const own = await holder(bench(), wire);
      let { token } = own;
      for (let count = 1; count <= 5; count += 1) {
        bench().service.clock.advance(400_000);
        token = assertGranted(await renewIts(bench(), wire, { ...own, token }), ALL, 600).access_token;
        await bench().service.app.sweeper.sweep();
      }
      const { rows } = await bench().sql.query<{ renewals: number; tokens: number }>(
        'select renewals, (select count(*)::int from device_token where device_id = $1) as tokens from device_token_chain where device_id = $1', [own.device.id]);
      assert.deepEqual(rows, [{ renewals: 5, tokens: 2 }]);
      bench().service.clock.advance(601_000);
      await bench().service.app.sweeper.sweep();
      const left = await bench().sql.query('select from device_token_chain where device_id = $1', [own.device.id]);
      assert.equal(left.rows.length, 0);
      assertRefused(await renewIts(bench(), wire, { ...own, token }), 'TOKEN');
    });
  }
});

describe('section 8.2: what happens to a device between a token and its renewal', () => {
  const bench = withBench(MANY_FAILURES);
  const state = (action: 'freeze' | 'unfreeze', { device }: Holder) => bench().operator('POST', `/v1/devices/${device.id}:${action}`);
  const register = (id: string, pair = newPair()) => bench().operator('POST', '/v1/devices', { device_id: id, public_key: pemOf(pair), scopes: SCOPES });

  for (const wire of WIRES) {
    it(`${wire}: frozen: E401, for good`, async () => {
      const own = await holder(bench(), wire);
      assert.equal((await state('freeze', own)).status, 200);
      assertRefused(await renewIts(bench(), wire, own), 'TOKEN');
      assert.equal((await state('unfreeze', own)).status, 200);
      assertRefused(await renewIts(bench(), wire, own), 'TOKEN');
      const { access_token: token } = await newToken(bench(), wire, own.device);
      assertGranted(await renewIts(bench(), wire, { ...own, token }), ALL);
    });

    it(`${wire}: removed, and registered again with another key: E401`, async () => {
      const own = await holder(bench(), wire);
      await bench().operator('DELETE', `/v1/devices/${own.device.id}`);
      assertRefused(await renewIts(bench(), wire, own), 'TOKEN');
      assert.equal((await register(own.device.id)).status, 200);
      assertRefused(await renewIts(bench(), wire, own), 'TOKEN');
      assert.equal(await isActive(bench(), wire, own.token), false);
    });

    it(`${wire}: its key was rotated: the tokens stay, and are renewed`, async () => {
      const own = await holder(bench(), wire);
      const update = makeUpdate(own.device);
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      const { access_token: token } = assertGranted(await renewIts(bench(), wire, own), ALL);
      assertGranted(await renewIts(bench(), wire, { device: updated(update), token }), ALL);
    });

    it(`${wire}: it got a token of /v5/device-auth: those of its key stay`, async () => {
      const own = await holder(bench(), wire);
      await setSecret(bench(), own.device.id, 'PRIMARY', 'a-secret-of-a-device');
      assert.match((await deviceAuth(bench(), wire, authOf(own.device.id, 'a-secret-of-a-device'))).body, /^\{"access_token":/);
      bench().service.clock.advance(60_000);
      assert.equal(await isActive(bench(), wire, own.token), true);
      assertGranted(await renewIts(bench(), wire, own), ALL);
    });
  }

  for (const [name, call] of [['frozen', freeze], ['removed', remove]] as const) {
    for (const wire of WIRES) {
      it(`${wire}: ${name} over the IoTDA API: E401, and nothing is looked at`, async () => {
        const own = await holder(bench(), wire);
        const { access_token: token } = assertGranted(await renewIts(bench(), wire, own), ALL);
        const ended = await ask(bench(), wire, call(own.device.id));
        assert.ok([0, 200, 204].includes(ended.status), ended.body);
        for (const value of [own.token, token]) {
          assertRefused(await renewIts(bench(), wire, { ...own, token: value }), 'TOKEN');
          assert.equal(await isActive(bench(), wire, value), false);
        }
      });
    }

    it(`${name} while 24 renewals run: what was granted before has ended, what comes later is E401`, async () => {
      for (let round = 0; round < 5; round += 1) {
        const own = await holder(bench(), 'rest');
        const renewals = Array.from({ length: 24 }, (_, index) => renewIts(bench(), WIRES[index % 2] ?? 'rest', own));
        const [answers] = await Promise.all([Promise.all(renewals), ask(bench(), 'rest', call(own.device.id))]);
        for (const answer of answers) {
          if (answer.status === 0 || answer.status === 200) assert.equal(await isActive(bench(), 'rest', tokenIn(answer).access_token), false);
          else assertRefused(answer, 'TOKEN');
        }
        const { rows } = await bench().sql.query('select from device_token where device_id = $1', [own.device.id]);
        assert.equal(rows.length, 0);
      }
    });
  }
});
