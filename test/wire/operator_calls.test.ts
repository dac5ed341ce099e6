import assert from 'node:assert/strict';
import { WIRES, requestIdOf } from './answer.ts';
import type { Wire } from './answer.ts';
import { EVERY_ALGORITHM } from './harness.ts';
import { newPair, oneLine, pemOf, thumbprintOf } from './jwt.ts';
import { spkiOf } from '../crypto/keys.ts';
import {
  assertDone, assertRefused, createDevice, createProject, deleteDevice, freezeDevice, getDevice, listAuditEvents, listDeviceKeys, listDevices, listProjects, operate,
  unfreezeDevice,
} from './operator.ts';
import type { OperatorCall } from './operator.ts';
import { withBench } from './rows.ts';

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;
type Members = Record<string, unknown>;

describe('the operator API: what its calls do', () => {
  const bench = withBench(EVERY_ALGORITHM);
  const done = async (wire: Wire, call: OperatorCall): Promise<Members> => assertDone(await operate(bench(), wire, call)) as Members;

  for (const wire of WIRES) {
    const other: Wire = wire === 'rest' ? 'grpc' : 'rest';

    it(`${wire}: a device with every member, created, shown, listed, frozen, unfrozen, removed`, async () => {
      const pair = newPair();
      const id = `Full.dev_ice-${wire}`;
      const project = `project-${wire}`;
      await done(wire, createProject({ project_id: project, name: 'P' }));
      const created = await done(wire, createDevice({
        device_id: id, public_key: pemOf(pair), project_id: project, node_id: 'Knoten 1 \u00e4\u{1f600}', product_id: 'pro.duct_1-x', scopes: ['a', 'b:c/d'], updates_allowed: false,
      }));
      const { created_at: createdAt, updated_at: updatedAt, ...rest } = created;
      assert.match(String(createdAt), TIME);
      assert.equal(updatedAt, createdAt);
      assert.deepEqual(rest, {
        device_id: id, project_id: project, node_id: 'Knoten 1 \u00e4\u{1f600}', product_id: 'pro.duct_1-x', state: 'ACTIVE', updates_allowed: false, scopes: ['a', 'b:c/d'], key_thumbprint: thumbprintOf(pair),
      });
      for (const each of WIRES) {
        assert.deepEqual(await done(each, getDevice({ device_id: id })), created);
        assert.deepEqual(await done(each, listDevices({ project_id: project })), { devices: [created], next_page_token: '' });
      }
      const frozen = await done(wire, freezeDevice({ device_id: id }));
      assert.deepEqual({ ...frozen, updated_at: createdAt }, { ...created, state: 'FROZEN' });
      assert.deepEqual(await done(wire, freezeDevice({ device_id: id })), frozen);
      const active = await done(other, unfreezeDevice({ device_id: id }));
      assert.equal(active['state'], 'ACTIVE');
      assert.deepEqual(await done(wire, unfreezeDevice({ device_id: id })), active);
      assert.deepEqual(await done(wire, deleteDevice({ device_id: id })), {});
      for (const call of [getDevice, deleteDevice, freezeDevice, unfreezeDevice]) assertRefused(await operate(bench(), wire, call({ device_id: id })), 'DEVICE_NOT_FOUND');
      const { audit_events: events } = await done(wire, listAuditEvents({ device_id: id }));
      const actions = (events as Members[]).map(({ action, actor, project_id: of }) => [action, actor, of]);
      assert.deepEqual(actions, ['device.removed', 'device.unfrozen', 'device.frozen', 'device.created'].map((action) => [action, 'operator', project]));
    });

    it(`${wire}: a device with its id alone has the documented defaults`, async () => {
      const id = `bare-${wire}`;
      const { created_at: createdAt, updated_at: updatedAt, ...rest } = await done(wire, createDevice({ device_id: id }));
      assert.deepEqual([createdAt, rest], [updatedAt, { device_id: id, project_id: 'default', node_id: '', product_id: '', state: 'ACTIVE', updates_allowed: true, scopes: [], key_thumbprint: '' }]);
      assert.deepEqual(await done(wire, listDeviceKeys({ device_id: id })), { keys: [], next_page_token: '' });
    });

    it(`${wire}: keys as PEM, as one line and as JWK, of every type`, async () => {
      for (const kind of ['P-256', 'P-384', 'Ed25519', 'RSA'] as const) {
        for (const form of ['pem', 'line', 'jwk'] as const) {
          if (kind === 'RSA' && form !== 'jwk') continue;
          const pair = newPair(kind);
          const text = { pem: pemOf(pair), line: oneLine(spkiOf(pair)), jwk: JSON.stringify(pair.publicKey.export({ format: 'jwk' })) }[form];
          const id = `key-${kind}-${form}-${wire}`;
          await done(wire, createDevice({ device_id: id, public_key: text }));
          const { keys } = await done(wire, listDeviceKeys({ device_id: id }));
          const [{ activated_at: activatedAt, ...key } = {}, ...more] = keys as Members[];
          assert.match(String(activatedAt), TIME);
          assert.deepEqual([key, more], [{ thumbprint: thumbprintOf(pair), algorithm: kind, public_key: pemOf(pair), state: 'CURRENT', rotation_id: '' }, []]);
        }
      }
    });

    it(`${wire}: keys of a removed device stay on show`, async () => {
      const id = `removed-${wire}`;
      const pair = newPair();
      await done(wire, createDevice({ device_id: id, public_key: pemOf(pair) }));
      await done(wire, deleteDevice({ device_id: id }));
      const { keys } = await done(wire, listDeviceKeys({ device_id: id }));
      assert.deepEqual((keys as Members[]).map(({ thumbprint, state }) => [thumbprint, state]), [[thumbprintOf(pair), 'REVOKED']]);
      assertRefused(await operate(bench(), wire, listDeviceKeys({ device_id: `${id}-never` })), 'DEVICE_NOT_FOUND');
    });

    it(`${wire}: projects; an id is made if none is given; default is there from the start`, async () => {
      const made = await done(wire, createProject({ name: `N-${wire}` }));
      assert.match(String(made['project_id']), /^[0-9a-f]{32}$/);
      assert.deepEqual([made['name'], TIME.test(String(made['created_at']))], [`N-${wire}`, true]);
      const { projects } = await done(other, listProjects());
      const ids = (projects as Members[]).map(({ project_id: id }) => id);
      assert.ok(ids.includes('default') && ids.includes(made['project_id']));
      assert.equal(new Set(ids).size, ids.length);
      const { audit_events: events } = await done(wire, listAuditEvents({ page_size: 1 }));
      assert.deepEqual((events as Members[]).map(({ action, project_id: id, device_id: device }) => [action, id, device]), [['project.created', made['project_id'], '']]);
    });

    it(`${wire}: conflicts and things that are missing`, async () => {
      const id = `twice-${wire}`;
      const pair = newPair();
      await done(wire, createDevice({ device_id: id, public_key: pemOf(pair) }));
      const refused = async (call: OperatorCall, reason: Parameters<typeof assertRefused>[1]) => assertRefused(await operate(bench(), wire, call), reason);
      await refused(createDevice({ device_id: id }), 'DEVICE_EXISTS');
      await refused(createDevice({ device_id: id, public_key: pemOf(newPair()) }), 'DEVICE_EXISTS');
      await refused(createDevice({ device_id: `${id}-b`, public_key: pemOf(pair) }), 'PUBLIC_KEY_EXISTS');
      await refused(createDevice({ device_id: `${id}-b`, public_key: oneLine(spkiOf(pair)) }), 'PUBLIC_KEY_EXISTS');
      await refused(createDevice({ device_id: `${id}-b`, project_id: 'nothing' }), 'PROJECT_NOT_FOUND');
      await refused(getDevice({ device_id: `${id}-b` }), 'DEVICE_NOT_FOUND');
      await refused(createProject({ project_id: 'default', name: 'x' }), 'PROJECT_EXISTS');
      const ids = await done(wire, createDevice({ device_id: id.toUpperCase() }));
      assert.equal(ids['device_id'], id.toUpperCase());
    });

    it(`${wire}: the audit trail names the request and the caller`, async () => {
      const id = `audit-${wire}`;
      const answer = await operate(bench(), wire, createDevice({ device_id: id, public_key: pemOf(newPair()) }));
      const { key_thumbprint: thumbprint } = assertDone(answer) as Members;
      const { audit_events: events } = await done(wire, listAuditEvents({ device_id: id }));
      const [{ event_id: eventId, occurred_at: at, ...event } = {}] = events as Members[];
      assert.match(String(eventId), /^[0-9]+$/);
      assert.match(String(at), TIME);
      assert.deepEqual(event, {
        project_id: 'default', device_id: id, action: 'device.created', actor: 'operator', request_id: requestIdOf(answer), peer: '127.0.0.1', details: { thumbprint }, identity: '',
      });
    });
  }

  it('rest: the members of a device come in the documented order, and the body has no newline', async () => {
    const answer = await operate(bench(), 'rest', createDevice({ device_id: 'order' }));
    const { created_at: at } = assertDone(answer) as Members;
    assert.equal(
      answer.body,
      `{"device_id":"order","project_id":"default","node_id":"","product_id":"","state":"ACTIVE","updates_allowed":true,"scopes":[],"key_thumbprint":"","created_at":"${String(at)}","updated_at":"${String(at)}"}`,
    );
  });

  it('rest: both spellings of names on input, proto names on output', async () => {
    const created = await bench().operator('POST', '/v1/devices', '{"deviceId":"camel","nodeId":"n","updatesAllowed":false,"scopes":null}');
    const device = assertDone(created) as Members;
    assert.deepEqual([device['device_id'], device['node_id'], device['updates_allowed'], device['scopes']], ['camel', 'n', false, []]);
    assert.equal((assertDone(await bench().operator('GET', '/v1/devices?pageSize=1')) as { devices: [] }).devices.length, 1);
    assert.equal((assertDone(await bench().operator('GET', '/v1/devices?page_size=1')) as { devices: [] }).devices.length, 1);
    assertDone(await bench().operator('GET', '/v1/audit-events?deviceId=camel'));
  });

  it('rest: freeze takes no body, an empty object, and the id once more', async () => {
    const target = '/v1/devices/order:freeze';
    for (const body of [undefined, '', '{}', '{"device_id":"order"}', '{"deviceId":"order"}']) assertDone(await bench().operator('POST', target, body));
    assertDone(await bench().operator('POST', '/v1/devices/o%72der:unfreeze'));
  });
});
