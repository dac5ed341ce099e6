import assert from 'node:assert/strict';
import { KeyRing, placeOf } from '../../src/crypto/key_ring.ts';
import { WIRES, requestIdOf } from './answer.ts';
import type { Answer, Wire } from './answer.ts';
import { add, ask, assertIotDone, assertIotRefused, freeze, remove, resetFingerprint, show, unfreeze, update } from './iot_device.ts';
import type { IotCall, IotError } from './iot_device.ts';
import { withBench } from './rows.ts';

type Members = Record<string, unknown>;

const HEX = 'aB'.repeat(20);
const KEYS = new KeyRing([{ id: 'tests', key: Buffer.alloc(32, 7) }]);
const PATHS: readonly ((device: string, project?: string) => IotCall)[] = [show, remove, freeze, unfreeze, (device) => update(device, {}), (device) => resetFingerprint(device, {})];

describe('IotDeviceService: one device', () => {
  const bench = withBench();
  const done = async (wire: Wire, call: IotCall, status = 200): Promise<Members> => assertIotDone(await ask(bench(), wire, call), status);
  const refused = async (wire: Wire, call: IotCall, error: IotError): Promise<void> => assertIotRefused(await ask(bench(), wire, call), error);
  const events = async (id: string): Promise<unknown> => {
    const { rows } = await bench().sql.query<{ type: string }>('select type from outbox where device_id = $1 order by event_id', [id]);
    return rows.map(({ type }) => type);
  };
  const actions = async (id: string): Promise<unknown> => {
    const { rows } = await bench().sql.query<{ action: string }>('select action from audit_event where device_id = $1 order by event_id', [id]);
    return rows.map(({ action }) => action);
  };
  const tokens = async (id: string): Promise<number> => (await bench().sql.query('select from device_token where device_id = $1', [id])).rows.length;
  let serial = 0;

  /** A device with an access token, and a child of a gateway if one is given. */
  async function device(gateway?: string): Promise<string> {
    const id = `device-${(serial += 1)}`;
    await done('rest', add({ device_id: id, node_id: id, product_id: 'p', ...(gateway === undefined ? {} : { gateway_id: gateway }) }), 201);
    await bench().sql.query('insert into device_token values (sha256($1), $2, now(), now())', [Buffer.from(id), id]);
    return id;
  }
  before(async () => {
    await bench().operator('POST', '/v1/projects', { project_id: 'other', name: 'Other' });
    await done('rest', add({ device_id: 'foreign', node_id: 'n', product_id: 'p' }, 'other'), 201);
  });

  for (const wire of WIRES) {
    it(`014000 ${wire}: no device, one of another project, one of the operator with a dot is 006`, async () => {
      for (const call of PATHS) {
        await refused(wire, call('nothing'), '014000');
        await refused(wire, call('foreign'), '014000');
        for (const id of ['a.b', 'd'.repeat(129), 'a b', '\u8bbe', "'"]) await refused(wire, call(id), '006');
      }
      assert.deepEqual(await actions('foreign'), ['device.created']);
    });

    it(`200 ${wire}: ShowDevice opens both secrets and says so in the audit trail`, async () => {
      const id = await device();
      const { keyId, box } = KEYS.seal(placeOf.deviceSecret(id, 'SECONDARY'), 'secondary-secret');
      await bench().sql.query("insert into device_secret (device_id, slot, key_id, box, set_at) values ($1, 'SECONDARY', $2, $3, now())", [id, keyId, box]);
      const answer = await ask(bench(), wire, show(id));
      const { auth_info: auth } = assertIotDone(answer);
      assert.match(String((auth as Members)['secret']), /^[0-9a-f]{32}$/);
      assert.equal((auth as Members)['secondary_secret'], 'secondary-secret');
      const { rows } = await bench().sql.query("select actor, request_id, peer, project_id, details from audit_event where device_id = $1 and action = 'device_secret.read'", [id]);
      assert.deepEqual(rows, [{ actor: 'operator', request_id: requestIdOf(answer), peer: '127.0.0.1', project_id: 'default', details: {} }]);
      assert.deepEqual(await events(id), ['device.created']);
      await bench().sql.query("update device_secret set box = (select box from device_secret where device_id = $1 and slot = 'PRIMARY') where device_id = $1", [id]);
      const broken = await ask(bench(), wire, show(id));
      assert.deepEqual([broken.status, broken.body.includes('Internal server error.')], [wire === 'rest' ? 500 : 13, true]);
    });

    it(`200 ${wire}: UpdateDevice changes what is given and leaves the rest`, async () => {
      const id = await device();
      const before = await done(wire, show(id));
      const changes = { device_name: '\u8bbe\u5907', description: 'text', extension_info: { a: { b: [null] } }, auth_info: { secure_access: false, timeout: 600 } };
      const after = await done(wire, update(id, { ...changes, auth_info: { ...changes.auth_info, secret: 'ignored-secret', auth_type: 'CERTIFICATES' }, node_id: 'ignored' }));
      assert.deepEqual(after, { ...before, ...changes, auth_info: { ...(before['auth_info'] as Members), ...changes.auth_info } });
      for (const nothing of [{}, { device_name: null, auth_info: null }, { auth_info: {} }, { auth_info: { timeout: null } }]) assert.deepEqual(await done(wire, update(id, nothing)), after);
      assert.deepEqual(await done(wire, update(id, { description: '', extension_info: {} })), { ...after, description: '', extension_info: {} });
      const { rows } = await bench().sql.query("select details from audit_event where device_id = $1 and action = 'device.updated' order by event_id limit 2", [id]);
      assert.deepEqual(rows, [{ details: { changed: 'device_name,description,extension_info,secure_access,timeout' } }, { details: { changed: '' } }]);
      assert.deepEqual((await actions(id) as string[]).slice(0, 4), ['device.created', 'device_secret.read', 'device.updated', 'device_secret.read']);
    });

    it(`006 ${wire}: UpdateDevice with what does not fit, which changes nothing`, async () => {
      const id = await device();
      const before = await done(wire, show(id));
      for (const body of [{ device_name: 'a b' }, { device_name: 'x'.repeat(257) }, { description: '\u00e4' }, { extension_info: { a: 'x'.repeat(1017) } }, { auth_info: { timeout: -1 } }]) {
        await refused(wire, update(id, { description: 'changed', ...body }), '006');
        await refused(wire, update('nothing', body), '006');
      }
      assert.deepEqual(await done(wire, show(id)), before);
    });

    it(`204 ${wire}: FreezeDevice ends session and tokens, once; UnfreezeDevice; 014040`, async () => {
      const id = await device();
      await refused(wire, unfreeze(id), '014040');
      assert.equal(await tokens(id), 1);
      await done(wire, freeze(id), 204);
      assert.equal(await tokens(id), 0);
      await done(wire, freeze(id), 204);
      assert.equal((await done(wire, show(id)))['status'], 'FROZEN');
      await done(wire, unfreeze(id), 204);
      assert.equal((await done(wire, show(id)))['status'], 'INACTIVE');
      await refused(wire, unfreeze(id), '014040');
      assert.deepEqual(await events(id), ['device.created', 'device.frozen', 'session.close', 'device.unfrozen']);
      const changes = (await actions(id) as string[]).filter((action) => action !== 'device_secret.read');
      assert.deepEqual(changes, ['device.created', 'device.frozen', 'device.unfrozen']);
      await bench().sql.query("update device set active_at = '2026-01-02T03:04:05.678Z', expires_at = null where device_id = $1", [id]);
      await done(wire, freeze(id), 204);
      await done(wire, unfreeze(id), 204);
      const { status, active_time: active } = await done(wire, show(id));
      assert.deepEqual([status, active], ['OFFLINE', '2026-01-02T03:04:05.678Z']);
    });

    it(`014038 ${wire}: a child is not frozen; one that the operator froze is unfrozen`, async () => {
      const child = await device(await device());
      await refused(wire, freeze(child), '014038');
      assert.equal(await tokens(child), 1);
      await bench().operator('POST', `/v1/devices/${child}:freeze`);
      await refused(wire, freeze(child), '014038');
      await done(wire, unfreeze(child), 204);
      assert.equal((await done(wire, show(child)))['status'], 'INACTIVE');
    });

    it(`204 ${wire}: DeleteDevice takes all that belongs to it; 014024 with children; the id is free again`, async () => {
      const id = await device();
      const child = await device(id);
      await refused(wire, remove(id), '014024');
      const refusedToo = await bench().operator('DELETE', `/v1/devices/${id}`);
      assert.deepEqual([refusedToo.status, refusedToo.reason], [409, 'DEVICE_HAS_CHILDREN']);
      await done(wire, remove(child), 204);
      await bench().sql.query("insert into idempotency_record values ($1, 'resetSecret', 'k', '', 'tests', '', now(), now())", [id]);
      await done(wire, remove(id), 204);
      await refused(wire, remove(id), '014000');
      await refused(wire, show(id), '014000');
      const { rows } = await bench().sql.query(`select device_id from device_secret where device_id = $1 union all select device_id from device_token where device_id = $1
        union all select device_id from idempotency_record where device_id = $1`, [id]);
      assert.deepEqual(rows, []);
      assert.deepEqual([await events(id), await actions(id)], [['device.created', 'device.removed', 'session.close'], ['device.created', 'device.removed']]);
      await done(wire, add({ device_id: id, node_id: 'n', product_id: 'p' }), 201);
    });

    it(`200 ${wire}: ResetFingerprint sets, clears, disconnects; the bytes of its answer`, async () => {
      const id = await device();
      const reset = async (members?: Members): Promise<string> => bodyOf(await ask(bench(), wire, resetFingerprint(id, members)));
      assert.equal(await reset({ fingerprint: HEX }), `{"device_id":"${id}","fingerprint":"${HEX}","fingerprint_type":"PRIMARY"}`);
      assert.equal(await reset({ fingerprint: 'c'.repeat(64), fingerprint_type: 'SECONDARY', force_disconnect: false }), `{"device_id":"${id}","fingerprint":"${'c'.repeat(64)}","fingerprint_type":"SECONDARY"}`);
      const { auth_info: auth, status } = await done(wire, show(id));
      const { secret, ...rest } = auth as Members;
      assert.ok(secret);
      assert.deepEqual([rest, status], [{ auth_type: 'CERTIFICATES', secondary_secret: null, fingerprint: HEX, secondary_fingerprint: 'c'.repeat(64), secure_access: true, timeout: 0 }, 'INACTIVE']);
      assert.deepEqual([await tokens(id), await events(id)], [1, ['device.created', 'device_fingerprint.reset', 'device_fingerprint.reset']]);
      assert.equal(await reset({ fingerprint: null, fingerprint_type: 'SECONDARY', force_disconnect: true }), `{"device_id":"${id}","fingerprint":null,"fingerprint_type":"SECONDARY"}`);
      assert.deepEqual([await tokens(id), (await events(id) as string[]).slice(3)], [0, ['device_fingerprint.reset', 'session.close']]);
      for (const nothing of [undefined, {}, { fingerprint_type: null, force_disconnect: null }]) assert.equal(await reset(nothing), `{"device_id":"${id}","fingerprint":null,"fingerprint_type":"PRIMARY"}`);
      const { rows } = await bench().sql.query("select details from audit_event where device_id = $1 and action = 'device_fingerprint.reset' order by event_id limit 3", [id]);
      assert.deepEqual(rows.map(({ details }) => JSON.stringify(details)), [['PRIMARY', 'false', 'false'], ['SECONDARY', 'false', 'false'], ['SECONDARY', 'true', 'true']]
        .map(([slot, cleared, force]) => JSON.stringify({ slot, cleared, force_disconnect: force })));
      await done(wire, freeze(id), 204);
      await reset({ fingerprint: HEX });
      assert.equal((await done(wire, show(id)))['status'], 'FROZEN');
    });

    it(`006 ${wire}: ResetFingerprint with what does not fit; a child has no session to close`, async () => {
      const child = await device(await device());
      for (const body of [{ fingerprint: '' }, { fingerprint: 'a'.repeat(39) }, { fingerprint: 'g'.repeat(40) }, { fingerprint_type: 'THIRD' }, { fingerprint_type: '' }, { fingerprint_type: 'primary' }]) {
        await refused(wire, resetFingerprint(child, body), '006');
        await refused(wire, resetFingerprint('nothing', body), '006');
      }
      await done(wire, resetFingerprint(child, { force_disconnect: true }));
      assert.deepEqual([await tokens(child), await events(child)], [0, ['device.created', 'device_fingerprint.reset']]);
    });
  }

  it('rest: bodies of ResetFingerprint and UpdateDevice that are not in the documented form', async () => {
    const id = await device();
    for (const [body, error] of [[' ', '008'], ['{', '008'], ['null', '006'], ['[]', '006'], ['"x"', '006']] as const) {
      for (const method of ['resetFingerprint', 'updateDevice'] as const) await refused('rest', { method, device: id, body }, error);
    }
    await refused('rest', { method: 'resetFingerprint', device: id, body: '{"force_disconnect":"true"}' }, '006');
    await refused('rest', { method: 'resetFingerprint', device: id, body: '{"fingerprint":1}' }, '006');
    await refused('rest', { method: 'updateDevice', device: id, body: '' }, '008');
    await refused('rest', { method: 'updateDevice', device: id }, '008');
    await done('rest', { method: 'resetFingerprint', device: id, body: '', headers: [['Content-Type', 'text/plain']] });
    await done('rest', { method: 'freezeDevice', device: id, body: '' }, 204);
    await done('rest', { method: 'updateDevice', device: id, body: '{"unknown":[1]}' });
  });
});

function bodyOf(answer: Answer): string {
  assertIotDone(answer);
  return answer.body;
}
