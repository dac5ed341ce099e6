import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import type { Wire } from '../answer.ts';
import { assertDone, assertRefused, freezeDevice, getDevice, operate, setDeviceScopes, unfreezeDevice } from '../operator.ts';
import { withBench } from '../rows.ts';
import { authenticationJwt, introspect, issue, newToken } from './kit.ts';
import { MANY_FAILURES, REFRESH, SCOPES, assertGranted, assertRefused as assertTokenRefused, holder, renewIts } from './renewals.ts';

/** What is shown of a device. */
interface Shown {
  readonly scopes: readonly string[];
  readonly state: string;
  readonly updated_at: string;
}

describe('the scopes of a device that are set', () => {
  const bench = withBench(MANY_FAILURES);

  const set = async (wire: Wire, id: string, scopes: readonly string[]): Promise<Shown> =>
    assertDone(await operate(bench(), wire, setDeviceScopes({ device_id: id, scopes }))) as Shown;
  const isActive = async (wire: Wire, token: string): Promise<boolean> =>
    (JSON.parse((await introspect(bench(), wire, token)).body) as { active: boolean }).active;
  const chainsOf = async (id: string): Promise<number> => (await bench().sql.query('select from device_token_chain where device_id = $1', [id])).rows.length;

  /** The details of audit events that set scopes, and the payloads of such events. */
  const eventsOf = async (id: string): Promise<readonly [audits: unknown[], payloads: unknown[]]> => {
    const audits = await bench().sql.query<{ details: unknown }>(`select details from audit_event where device_id = $1 and action = 'device.scopes_set' and actor = 'operator' order by event_id`, [id]);
    const events = await bench().sql.query<{ payload: unknown }>(`select payload from outbox where device_id = $1 and type = 'device.scopes_set'`, [id]);
    return [audits.rows.map(({ details }) => details), events.rows.map(({ payload }) => payload)];
  };

  for (const wire of WIRES) {
    it(`${wire}: one more is in the next token and not in a renewal, and those before live on`, async () => {
      const own = await holder(bench(), wire);
      const wide = [...SCOPES, 'commands.read'];
      const before = assertDone(await operate(bench(), wire, getDevice({ device_id: own.device.id }))) as Shown;
      const device = await set(wire, own.device.id, wide);
      assert.deepEqual({ ...before, scopes: wide, updated_at: device.updated_at }, device);
      assert.ok(device.updated_at > before.updated_at);
      assert.deepEqual(device, assertDone(await operate(bench(), wire, getDevice({ device_id: own.device.id }))));
      assert.equal((await newToken(bench(), wire, own.device)).scope, wide.join(' '));
      assert.equal(await isActive(wire, own.token), true);
      assertGranted(await renewIts(bench(), wire, own), SCOPES.join(' '));
      assertTokenRefused(await renewIts(bench(), wire, own, { scope: 'commands.read' }), 'SCOPE');
      assert.deepEqual(await eventsOf(own.device.id), [[{ scopes: wide.join(' ') }], [{}]]);
    });

    it(`${wire}: one less ends the tokens that grant it; others live on, and are renewed if their chain never had it`, async () => {
      const lost = await holder(bench(), wire);
      const narrowed = assertGranted(await renewIts(bench(), wire, lost, { scope: REFRESH }), REFRESH).access_token;
      const { access_token: other } = await newToken(bench(), wire, lost.device, `${REFRESH} config.read`);
      await set(wire, lost.device.id, ['config.read', REFRESH]);
      const tokens = [lost.token, narrowed, other];
      assert.deepEqual(await Promise.all(tokens.map((token) => isActive(wire, token))), [false, true, true]);
      assertTokenRefused(await renewIts(bench(), wire, lost), 'TOKEN');
      assertTokenRefused(await renewIts(bench(), wire, { ...lost, token: narrowed }), 'TOKEN');
      assertGranted(await renewIts(bench(), wire, { ...lost, token: other }), `${REFRESH} config.read`);
      assert.equal(await chainsOf(lost.device.id), 1);
      const asked = { authorization: authenticationJwt(lost.device), clientId: lost.device.id, scope: 'telemetry.write' };
      assertTokenRefused(await issue(bench(), wire, asked), 'SCOPE');
      await set(wire, lost.device.id, SCOPES);
      assert.deepEqual(await Promise.all(tokens.map((token) => isActive(wire, token))), [false, true, true], 'no token comes back');
      assertTokenRefused(await renewIts(bench(), wire, { ...lost, token: narrowed }), 'TOKEN');
    });

    it(`${wire}: the same ones in the same order change nothing, in another order only the order`, async () => {
      const own = await holder(bench(), wire);
      const before = assertDone(await operate(bench(), wire, getDevice({ device_id: own.device.id })));
      assert.deepEqual(await set(wire, own.device.id, SCOPES), before);
      assert.deepEqual(await eventsOf(own.device.id), [[], []]);
      const turned = SCOPES.toReversed();
      await set(wire, own.device.id, turned);
      assert.deepEqual(await eventsOf(own.device.id), [[{ scopes: turned.join(' ') }], [{}]]);
      assert.equal(await isActive(wire, own.token), true);
      assertGranted(await renewIts(bench(), wire, own), SCOPES.join(' '));
    });

    it(`${wire}: none take all away, and end no token that grants nothing`, async () => {
      const own = await holder(bench(), wire);
      const bystander = await holder(bench(), wire);
      assert.deepEqual((await set(wire, own.device.id, [])).scopes, []);
      const { access_token: empty, scope } = await newToken(bench(), wire, own.device);
      assert.equal(scope, '');
      await set(wire, own.device.id, ['x']);
      await set(wire, own.device.id, []);
      assert.deepEqual([await isActive(wire, own.token), await isActive(wire, empty), await isActive(wire, bystander.token)], [false, true, true]);
      assert.deepEqual((await eventsOf(own.device.id))[0], [{ scopes: '' }, { scopes: 'x' }, { scopes: '' }]);
    });

    it(`${wire}: of a frozen device, which stays frozen`, async () => {
      const device = await bench().device({ scopes: SCOPES, frozen: true });
      const { scopes, state } = await set(wire, device.id, ['x']);
      assert.deepEqual([scopes, state], [['x'], 'FROZEN']);
      assertDone(await operate(bench(), wire, freezeDevice({ device_id: device.id })));
      assertDone(await operate(bench(), wire, unfreezeDevice({ device_id: device.id })));
      assert.equal((await newToken(bench(), wire, device)).scope, 'x');
    });

    it(`${wire}: an unknown device and words that are none are refused, and change nothing`, async () => {
      const { id } = await bench().device({ scopes: SCOPES });
      assertRefused(await operate(bench(), wire, setDeviceScopes({ device_id: 'nobody', scopes: ['a'] })), 'DEVICE_NOT_FOUND');
      const many = Array.from({ length: 65 }, (_, index) => `s${index}`);
      for (const [scopes, field] of [[['a b'], 'scopes[0]'], [['a', ''], 'scopes[1]'], [['a"'], 'scopes[0]'], [['s'.repeat(129)], 'scopes[0]'], [['a\0'], 'scopes[0]'], [many, 'scopes']] as const) {
        assertRefused(await operate(bench(), wire, setDeviceScopes({ device_id: id, scopes })), 'INVALID_ARGUMENT', [field]);
      }
      assert.deepEqual((await set(wire, id, many.slice(1))).scopes.length, 64);
      assert.equal((await eventsOf(id))[0].length, 1);
    });
  }
});
