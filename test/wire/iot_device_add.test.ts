import assert from 'node:assert/strict';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import { add, ask, assertIotDone, assertIotRefused, show } from './iot_device.ts';
import type { IotCall, IotError } from './iot_device.ts';
import { withBench } from './rows.ts';

type Members = Record<string, unknown>;

const HEX = 'aB'.repeat(20);
/** Han, two of them beyond the 16 bits of a code unit, and all that is allowed beside them. */
const NAME = '\u8bbe\u5907\u{20000}\u3007_?\'#().,&%@!-azAZ09';
const KILOBYTE = { a: 'x'.repeat(1024 - '{"a":""}'.length) };

/** Bodies that are refused, beside a good node id and product id, over both wires. */
const REFUSED: readonly (readonly [name: string, error: IotError, body: Members])[] = [
  ['no node id', '006', { node_id: undefined }],
  ['node id null', '006', { node_id: null }],
  ['node id empty', '006', { node_id: '' }],
  ['node id of 65', '006', { node_id: 'n'.repeat(65) }],
  ['node id with a dot', '006', { node_id: 'a.b' }],
  ['no product id', '006', { product_id: undefined }],
  ['product id empty', '006', { product_id: '' }],
  ['product id of 37', '006', { product_id: 'p'.repeat(37) }],
  ['product id with a blank', '006', { product_id: 'a b' }],
  ['device id empty', '006', { device_id: '' }],
  ['device id of 129', '006', { device_id: 'd'.repeat(129) }],
  ['device id with a dot', '006', { device_id: 'a.b' }],
  ['device id with a newline', '006', { device_id: 'ab\n' }],
  ['name of 257 characters', '006', { device_name: '\u{20000}'.repeat(257) }],
  ['name in Cyrillic', '006', { device_name: '\u0434' }],
  ['name in Hiragana', '006', { device_name: '\u3042' }],
  ['name in Hangul', '006', { device_name: '\ud55c' }],
  ['name with an umlaut', '006', { device_name: '\u00e4' }],
  ['name with a blank', '006', { device_name: 'a b' }],
  ['name with a fullwidth letter', '006', { device_name: '\uff21' }],
  ['name with a digit of another script', '006', { device_name: '\u0661' }],
  ['name with U+0000', '006', { device_name: 'a\0' }],
  ['name with an emoji', '006', { device_name: '\u{1f600}' }],
  ['description of 2049 characters', '006', { description: '\u8bbe'.repeat(2049) }],
  ['description with a quote', '006', { description: '"' }],
  ['gateway id of 129', '006', { gateway_id: 'g'.repeat(129) }],
  ['gateway that is not there', '014000', { gateway_id: 'nothing' }],
  ['gateway id empty', '014000', { gateway_id: '' }],
  ['gateway id that no device can have', '014000', { gateway_id: "'; --" }],
  ['gateway of another project', '014000', { gateway_id: 'foreign' }],
  ['app id of 37', '006', { app_id: 'a'.repeat(37) }],
  ['app id unknown', '001000', { app_id: 'nothing' }],
  ['app id empty', '001000', { app_id: '' }],
  ['extension info over 1 KB', '006', { extension_info: { a: `${KILOBYTE.a}x` } }],
  ['extension info over 1 KB in UTF-8', '006', { extension_info: { a: '\u8bbe'.repeat(400) } }],
  ['extension info with U+0000', '006', { extension_info: { a: ['\0'] } }],
  ['shadow without a service', '006', { shadow: [{ desired: {} }] }],
  ['shadow with an empty service', '006', { shadow: [{ service_id: '' }] }],
  ['auth type unknown', '006', { auth_info: { auth_type: 'TOKEN' } }],
  ['auth type in another case', '006', { auth_info: { auth_type: 'secret' } }],
  ['auth type empty', '006', { auth_info: { auth_type: '' } }],
  ['secret empty', '006', { auth_info: { secret: '' } }],
  ['secret of 7', '006', { auth_info: { secret: '1234567' } }],
  ['secret of 33', '006', { auth_info: { secret: 's'.repeat(33) } }],
  ['secret with a dot', '006', { auth_info: { secret: 'secret.12' } }],
  ['fingerprint empty', '006', { auth_info: { fingerprint: '' } }],
  ['fingerprint of 41', '006', { auth_info: { auth_type: 'CERTIFICATES', fingerprint: `${HEX}a` } }],
  ['fingerprint that is not hex', '006', { auth_info: { fingerprint: 'g'.repeat(40) } }],
  ['timeout below 0', '006', { auth_info: { timeout: -1 } }],
  ['secret that is not hex for NB-IoT', '006', { product_id: 'narrow', auth_info: { secret: 'not-hex-1' } }],
  ['a child of a child of a child', '006', { gateway_id: 'grandchild' }],
  ['device id taken', '014031', { device_id: 'gateway' }],
  ['device id taken in another project', '014031', { device_id: 'foreign' }],
  ['made device id taken', '014031', { product_id: 'product', node_id: 'taken' }],
];

/** Bodies whose form is wrong: gRPC has types that rule them out. */
const MALFORMED: readonly (readonly [body: string, error: IotError])[] = [
  ['', '008'], [' ', '008'], ['{', '008'], ['{"node_id":"a","node_id":"b"}', '008'], ['\ufeff{}', '008'], ['{} x', '008'], ['{"extension_info":{"a":1,"a":2}}', '008'], ['{"extension_info":{"a":"\\ud800"}}', '008'], ['{"extension_info":{"a":1e400}}', '008'], ['{"extension_info":{"a":NaN}}', '008'],
  ['null', '006'], ['[]', '006'], ['"x"', '006'], ['1', '006'], ['{}', '006'],
  ['{"node_id":1,"product_id":"p"}', '006'], ['{"nodeId":"x","productId":"p"}', '006'],
  ...['"device_id":1', '"device_name":[]', '"extension_info":[]', '"extension_info":"{}"', '"extension_info":1', '"shadow":{}', '"shadow":[1]', '"shadow":[{"service_id":"s","desired":[]}]', '"auth_info":[]',
    '"auth_info":{"timeout":"60"}', '"auth_info":{"timeout":1.5}', '"auth_info":{"timeout":2147483648}', '"auth_info":{"secure_access":"true"}', '"auth_info":{"secure_access":1}', '"auth_info":{"secret":12345678}',
    '"auth_info":{"auth_type":0}', '"extension_info":{"__proto__":1}', '"extension_info":{"a":[{"__proto__":{}}]}', `"extension_info":${'{"a":'.repeat(40)}1${'}'.repeat(40)}`].map((member) => [`{"node_id":"n","product_id":"p",${member}}`, '006'] as const),
];

/** What extension_info keeps, and what becomes of what a double cannot hold. */
const EXTENSIONS: readonly (readonly [given: string, shown?: string])[] = [
  [`${'{"a":'.repeat(30)}1${'}'.repeat(30)}`],
  ['{}'], ['{"":""}'], ['{"a":[[],{},[null]],"A":null}'], ['{"constructor":1,"toString":{"valueOf":[]}}'], ['{"x":"\'; drop table device; -- $1 ? \u2028\u{1f511}"}'], ['{"a":0.1,"b":-5e-324,"c":1.7976931348623157e+308,"d":9007199254740991}'],
  ['{"b":1,"2":1,"1":1}', '{"1":1,"2":1,"b":1}'], ['{"a":12345678901234567890}', '{"a":12345678901234567000}'], ['{"a":1.0,"b":1e2}', '{"a":1,"b":100}'], ['{"a":"\\u0041\\/"}', '{"a":"A/"}'],
];

describe('AddDevice', () => {
  const bench = withBench();
  const done = async (wire: Wire, call: IotCall, status = 201): Promise<Members> => assertIotDone(await ask(bench(), wire, call), status);
  let appId = '';
  let serial = 0;
  const next = (): string => `node-${(serial += 1)}`;
  before(async () => {
    await bench().operator('POST', '/v1/projects', { project_id: 'other', name: 'Other' });
    await bench().sql.query("insert into product values ('default', 'narrow', 'Narrow', 'MQTT', true, now()), ('default', 'unnamed', '', 'MQTT', true, now()), ('other', 'product', 'Not this one', 'MQTT', true, now())");
    for (const [id, gateway] of [['gateway'], ['child', 'gateway'], ['grandchild', 'child'], ['product_taken']] as const) {
      await done('rest', add({ node_id: 'n', product_id: 'p', device_id: id, ...(gateway === undefined ? {} : { gateway_id: gateway }) }));
    }
    await done('rest', add({ node_id: 'n', product_id: 'p', device_id: 'foreign' }, 'other'));
    appId = (await bench().sql.query<{ app_id: string }>("select app_id from project where project_id = 'default'")).rows[0]?.app_id ?? '';
  });

  for (const wire of WIRES) {
    for (const [name, error, body] of REFUSED) {
      it(`${error} ${wire}: ${name}`, async () => {
        const count = async () => (await bench().sql.query('select (select count(*) from device) d, (select count(*) from device_secret) s, (select count(*) from audit_event) a')).rows;
        const before = await count();
        assertIotRefused(await ask(bench(), wire, add({ node_id: 'n', product_id: 'product', ...body })), error);
        assert.deepEqual(await count(), before);
      });
    }

    it(`201 ${wire}: the bytes of a device with every member`, async () => {
      const node = next();
      const extension = { z: null, a: [1, null, { b: false }], n: 1.5 };
      const { clock } = bench().service;
      clock.advance(1000 - (clock.now().getTime() % 1000));
      const answer = await ask(bench(), wire, add({
        device_id: `full-${wire}`, node_id: node, product_id: 'narrow', device_name: NAME, description: NAME, gateway_id: 'child', app_id: appId, extension_info: extension,
        shadow: [{ service_id: 's', desired: { a: null } }, { service_id: 't' }],
        auth_info: { auth_type: 'SECRET', secret: 'AbCdEf01', fingerprint: HEX, secure_access: false, timeout: 2147483647 },
      }));
      const { create_time: time } = assertIotDone(answer, 201);
      assert.match(String(time), /^\d{8}T\d{6}Z$/);
      assert.equal(answer.body, `{"app_id":"${appId}","app_name":"Default","device_id":"full-${wire}","node_id":"${node}","gateway_id":"child","device_name":"${NAME}","node_type":"ENDPOINT","description":"${NAME}",`
        + `"fw_version":null,"sw_version":null,"device_sdk_version":null,"auth_info":{"auth_type":"SECRET","secret":"AbCdEf01","secondary_secret":null,"fingerprint":"${HEX}","secondary_fingerprint":null,"secure_access":false,"timeout":2147483647},`
        + `"product_id":"narrow","product_name":"Narrow","status":"INACTIVE","create_time":"${String(time)}","connection_status_update_time":null,"active_time":null,"tags":[],"modules":null,"extension_info":${JSON.stringify(extension)}}`);
      for (const each of WIRES) assert.equal((await ask(bench(), each, show(`full-${wire}`))).body, answer.body);
    });

    it(`201 ${wire}: the least of a device, whose id and secret are made`, async () => {
      const node = next();
      const { auth_info: auth, create_time: time, ...device } = await done(wire, add({ node_id: node, product_id: 'p' }));
      const { secret, ...rest } = auth as Members;
      assert.match(String(secret), /^[0-9a-f]{32}$/);
      assert.ok(typeof time === 'string');
      assert.deepEqual(rest, { auth_type: 'SECRET', secondary_secret: null, fingerprint: null, secondary_fingerprint: null, secure_access: true, timeout: 0 });
      assert.deepEqual(device, {
        app_id: appId, app_name: 'Default', device_id: `p_${node}`, node_id: node, gateway_id: `p_${node}`, device_name: null, node_type: 'GATEWAY', description: null, fw_version: null, sw_version: null,
        device_sdk_version: null, product_id: 'p', product_name: null, status: 'INACTIVE', connection_status_update_time: null, active_time: null, tags: [], modules: null, extension_info: null,
      });
    });

    it(`201 ${wire}: the bounds of every field, and null members`, async () => {
      assert.equal((await done(wire, add({ node_id: next(), product_id: 'unnamed' })))['product_name'], null);
      const long = { device_id: `${wire}-`.padEnd(128, 'd'), node_id: 'n'.repeat(64), product_id: 'p'.repeat(36), device_name: '\u{20000}'.repeat(256), description: '\u8bbe'.repeat(2048), extension_info: KILOBYTE };
      const made = await done(wire, add({ ...long, auth_info: { secret: 'S'.repeat(32), fingerprint: 'f'.repeat(64) } }));
      assert.deepEqual(Object.fromEntries(Object.keys(long).map((name) => [name, made[name]])), long);
      const short = await done(wire, add({ device_id: `-${wire[0]}`, node_id: next(), product_id: '_', device_name: '', description: '', extension_info: {}, auth_info: { secret: '12345678' } }));
      assert.deepEqual([short['device_name'], short['description'], short['extension_info']], ['', '', {}]);
      const bare = { gateway_id: null, device_name: null, app_id: null, extension_info: null, shadow: null, auth_info: { auth_type: null, secret: null, timeout: null, secure_access: null } };
      assert.equal((await done(wire, add({ node_id: next(), product_id: 'p', device_id: null, ...bare })))['node_type'], 'GATEWAY');
    });

    it(`201 ${wire}: a device of certificates has no made secret, but what is given`, async () => {
      const bare = await done(wire, add({ node_id: next(), product_id: 'p', auth_info: { auth_type: 'CERTIFICATES' } }));
      assert.deepEqual(bare['auth_info'], { auth_type: 'CERTIFICATES', secret: null, secondary_secret: null, fingerprint: null, secondary_fingerprint: null, secure_access: true, timeout: 0 });
      const { auth_info: both } = await done(wire, add({ node_id: next(), product_id: 'p', auth_info: { auth_type: 'CERTIFICATES', fingerprint: HEX, secret: 'abcdefgh' } }));
      assert.deepEqual([(both as Members)['fingerprint'], (both as Members)['secret']], [HEX, 'abcdefgh']);
    });

    it(`201 ${wire}: the row and the events of a new device; its secret is sealed`, async () => {
      const id = `stored-${wire}`;
      await done(wire, add({ device_id: id, node_id: next(), product_id: 'p', auth_info: { secret: 'stored-secret', timeout: 60 } }));
      const { rows } = await bench().sql.query("select expires_at - created_at = interval '60 s' as expires, updates_allowed, scopes, record_id from device where device_id = $1", [id]);
      assert.equal((rows[0] as { record_id: Buffer }).record_id.length, 12);
      assert.deepEqual({ ...rows[0], record_id: null }, { expires: true, updates_allowed: true, scopes: [], record_id: null });
      const secrets = await bench().sql.query<{ slot: string; key_id: string; box: Buffer }>('select slot, key_id, box from device_secret where device_id = $1', [id]);
      assert.deepEqual(secrets.rows.map(({ slot, key_id: key, box }) => [slot, key, box.includes('stored-secret')]), [['PRIMARY', 'tests', false]]);
      const events = await bench().sql.query('select a.action, a.actor, a.details, o.type, o.payload from audit_event a, outbox o where a.device_id = $1 and o.device_id = $1', [id]);
      assert.deepEqual(events.rows, [{ action: 'device.created', actor: 'operator', details: { auth_type: 'SECRET' }, type: 'device.created', payload: {} }]);
    });
  }

  for (const [body, error] of MALFORMED) {
    it(`${error} rest: ${JSON.stringify(body.slice(0, 90))}`, async () => assertIotRefused(await ask(bench(), 'rest', { method: 'addDevice', body }), error));
  }

  for (const [given, shown] of EXTENSIONS) {
    it(`201 rest: extension_info ${given} comes back as ${shown ?? 'it was given'}`, async () => {
      const answer = await ask(bench(), 'rest', { method: 'addDevice', body: `{"node_id":"${next()}","product_id":"p","extension_info":${given}}` });
      const { device_id: id } = assertIotDone(answer, 201);
      const end = `"extension_info":${shown ?? given}}`;
      assert.equal(answer.body.slice(-end.length), end);
      for (const wire of WIRES) assert.equal((await ask(bench(), wire, show(String(id)))).body, answer.body);
    });
  }

  it('201 rest: unknown members are passed over, at every depth', async () => {
    await done('rest', { method: 'addDevice', body: `{"node_id":"${next()}","product_id":"p","auth_info":{"id_type":"STATIC","secondary_secret":"x"},"shadow":[{"service_id":"s","x":1}],"custom":[null]}` });
  });
});
