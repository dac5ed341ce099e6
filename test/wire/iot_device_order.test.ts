import assert from 'node:assert/strict';
import { createToken, createUser } from '../support/iotda.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { WIRES, assertAnswer } from './answer.ts';
import { makeUpdate } from './harness.ts';
import { add, ask, assertIotDone, assertIotRefused, freeze, list, remove, resetFingerprint, show, unfreeze, update } from './iot_device.ts';
import type { IotCall, IotError } from './iot_device.ts';
import { withBench } from './rows.ts';

const NEW = { node_id: 'n', product_id: 'p' };
/** Every call, with content and on a device that would be refused later on. */
const EVERY_CALL: readonly IotCall[] = [
  add({ node_id: '', product_id: '' }), list({ limit: 'x' }), show('a.b'), update('a.b', {}), remove('a.b'), freeze('a.b'), unfreeze('a.b'), resetFingerprint('a.b', { fingerprint: '' }),
];
const ACTIONS: readonly (readonly [call: IotCall, action: string])[] = [
  [add({ ...NEW, device_id: 'acted' }), 'register'], [show('acted'), 'query'], [list(), 'query'], [update('acted', {}), 'modify'], [freeze('acted'), 'freeze'], [unfreeze('acted'), 'unfreeze'],
  [resetFingerprint('acted'), 'resetFingerprint'], [remove('acted'), 'delete'],
];
/** Method and path below /v5/iot/default. */
const NO_API: readonly (readonly [method: string, path: string])[] = [
  ['PATCH', '/devices'], ['PUT', '/devices'], ['DELETE', '/devices'], ['HEAD', '/devices'], ['OPTIONS', '/devices'], ['POST', '/devices/d'], ['HEAD', '/devices/d'], ['GET', '/devices/d/freeze'],
  ['POST', '/devices/d/Freeze'], ['POST', '/devices/d/freeze/'], ['POST', '/devices/d:freeze'], ['GET', '/devices/'], ['GET', '/devices//'], ['POST', '/devices/d/reset_fingerprint'], ['DELETE', '/devices/d/unfreeze'],
  ['GET', '/devices/d/tags'], ['GET', ''], ['GET', '/device'],
];

describe('IotDeviceService: the order of checks', () => {
  const bench = withBench({ KEYTURN_IOTDA_INSTANCE_IDS: 'mine' });
  const refused = async (wire: (typeof WIRES)[number], call: IotCall, error: IotError): Promise<void> => assertIotRefused(await ask(bench(), wire, call), error);
  before(async () => {
    await bench().operator('POST', '/v1/projects', { project_id: 'other', name: 'Other' });
    await bench().sql.query("insert into product values ('default', 'narrow', 'Narrow', 'MQTT', true, now())");
    assertIotDone(await ask(bench(), 'rest', add({ ...NEW, device_id: 'd' })), 201);
  });

  for (const wire of WIRES) {
    it(`${wire}: 002 before 022, 022 before 021, 021 before 006, 006 before 014000`, async () => {
      for (const call of EVERY_CALL) {
        for (const token of [null, '', 'x', `${OPERATOR_TOKEN}x`]) await refused(wire, { ...call, project: 'nothing', token }, '002');
        await refused(wire, { ...call, project: 'nothing', headers: [['Instance-Id', 'yours']] }, '022');
        await refused(wire, { ...call, headers: [['Instance-Id', 'yours']] }, '021');
      }
      for (const call of [show('a.b'), update('a.b', {}), remove('a.b'), resetFingerprint('nothing', { fingerprint: '' }), update('nothing', { device_name: ' ' })]) {
        await refused(wire, { ...call, headers: [['Instance-Id', 'mine']] }, '006');
      }
    });

    it(`${wire}: AddDevice: 006 of the input, 001000, 014000 of the gateway, 006 of the product, 014031`, async () => {
      const all = { product_id: 'narrow', node_id: 'n', device_id: 'd', auth_info: { secret: 'not-hexadecimal' } };
      const bad = { ...all, app_id: 'nothing', gateway_id: 'nothing' };
      await refused(wire, add({ ...bad, auth_info: { secret: 'x' } }), '006');
      await refused(wire, add(bad), '001000');
      await refused(wire, add({ ...all, gateway_id: 'nothing' }), '014000');
      await refused(wire, add(all), '006');
      await refused(wire, add({ ...all, auth_info: {} }), '014031');
    });

    it(`${wire}: an application may do its actions in its project and nothing else; the trail names it`, async () => {
      for (const [call, action] of ACTIONS) {
        const may = await createUser(bench().service, { actions: [`iotda:devices:${action}`] });
        const others = ACTIONS.map(([, each]) => `iotda:devices:${each}`).filter((each) => each !== `iotda:devices:${action}`);
        const mayNot = await createToken(bench().service, await createUser(bench().service, { actions: others }));
        await refused(wire, { ...call, token: mayNot }, '022');
        const token = await createToken(bench().service, may);
        await refused(wire, { ...call, project: 'other', token }, '022');
        const answer = await ask(bench(), wire, { ...call, token });
        assert.ok([200, 201, 204, 0].includes(answer.status), answer.body);
        const { rows } = await bench().sql.query<{ action: string }>("select action from audit_event where actor = $1 and device_id = 'acted'", [`user:${may.userId}`]);
        assert.equal(rows.length, call.method === 'listDevices' ? 0 : call.method === 'updateDevice' ? 2 : 1);
      }
    });

    it(`${wire}: a device of the operator over IoTDA, and the reverse; one state for all`, async () => {
      const device = await bench().device();
      const shown = assertIotDone(await ask(bench(), wire, show(device.id)));
      assert.deepEqual([shown['node_id'], shown['product_id'], shown['product_name'], shown['gateway_id'], shown['node_type'], shown['status']], [null, null, null, device.id, 'GATEWAY', 'INACTIVE']);
      assert.deepEqual(shown['auth_info'], { auth_type: 'SECRET', secret: null, secondary_secret: null, fingerprint: null, secondary_fingerprint: null, secure_access: true, timeout: 0 });
      assertIotDone(await ask(bench(), wire, freeze(device.id)), 204);
      const good = makeUpdate(device);
      assertAnswer(await bench().sendUpdate(wire, good), 'E403', { reason: 'DEVICE_FROZEN' });
      assertIotDone(await ask(bench(), wire, unfreeze(device.id)), 204);
      assertAnswer(await bench().sendUpdate(wire, good), 'OK');
      assertIotDone(await ask(bench(), wire, add({ ...NEW, device_id: `mine-${wire}`, gateway_id: device.id })), 201);
      const mine = JSON.parse((await bench().operator('POST', `/v1/devices/mine-${wire}:freeze`)).body) as Record<string, unknown>;
      assert.deepEqual([mine['project_id'], mine['node_id'], mine['product_id'], mine['state'], mine['updates_allowed'], mine['key_thumbprint']], ['default', 'n', 'p', 'FROZEN', true, '']);
      assert.equal(assertIotDone(await ask(bench(), wire, show(`mine-${wire}`)))['status'], 'FROZEN');
      assert.equal((await bench().operator('DELETE', `/v1/devices/mine-${wire}`)).status, 200);
      assertIotDone(await ask(bench(), wire, remove(device.id)), 204);
      const { rows } = await bench().sql.query<{ state: string }>('select state from public_key where device_id = $1 order by ordinal', [device.id]);
      assert.deepEqual(rows, [{ state: 'RETIRED' }, { state: 'REVOKED' }]);
      assertAnswer(await bench().sendUpdate(wire, good), 'E401');
    });
  }

  for (const [method, path] of NO_API) {
    it(`N029 rest: ${method} ${path}, with and without a token`, async () => {
      for (const headers of [[], [['X-Auth-Token', OPERATOR_TOKEN] as const]]) {
        const answer = await bench().rest.send({ method, target: `/v5/iot/default${path}`, headers });
        const body = '{"error_code":"IOTDA.000029","error_msg":"The API does not exist."}';
        assert.deepEqual([answer.status, answer.body], [404, method === 'HEAD' ? '' : body]);
      }
    });
  }

  it('rest: 413 before 002, 002 before 008, 022 before 008', async () => {
    const target = { method: 'addDevice', body: `"${'x'.repeat(1_048_576)}"` } as const;
    await refused('rest', { ...target, token: null }, '413');
    await refused('rest', target, '413');
    for (const headers of [[['Content-Type', 'text/plain'] as const], []]) {
      await refused('rest', { method: 'addDevice', body: '{', token: null, headers }, '002');
      await refused('rest', { method: 'addDevice', body: '{', project: 'nothing', headers }, '022');
      await refused('rest', { method: 'addDevice', body: '{', headers }, '008');
    }
    for (const type of ['text/plain', 'application/xml', 'json', '']) await refused('rest', { method: 'updateDevice', device: 'd', body: '{}', headers: [['Content-Type', type]] }, '008');
    for (const type of ['application/json; charset=utf-8', 'Application/JSON;x=y']) assertIotDone(await ask(bench(), 'rest', { method: 'updateDevice', device: 'd', body: '{}', headers: [['Content-Type', type]] }));
  });
});
