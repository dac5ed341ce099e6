import assert from 'node:assert/strict';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import { add, ask, assertIotDone, assertIotRefused, list } from './iot_device.ts';
import type { IotCall, IotError } from './iot_device.ts';
import { withBench } from './rows.ts';

type Query = NonNullable<IotCall['query']>;
interface List {
  readonly devices: readonly { readonly device_id: string; readonly gateway_id: string }[];
  readonly page: { readonly count: number; readonly marker: string | null };
}

const REFUSED: readonly (readonly [query: Query, error: IotError])[] = [
  ...['0', '51', '-1', 'abc', '', '010', '1.0', '+1', ' 1', '1e1', '99999999999999999999', '\u0661'].map((limit) => [{ limit }, '017'] as const),
  ...['', 'f', 'f'.repeat(23), 'f'.repeat(25), 'g'.repeat(24), `${'f'.repeat(24)}\n`].map((marker) => [{ marker }, '018'] as const),
  [{ offset: 501 }, '006'], [{ offset: -1 }, '006'],
  ...['', '20260101', '2026-01-01T00:00:00Z', '20260101T000000', '20260101T000000z', '20260230T000000Z', '20261301T000000Z', '20260101T240000Z', '20260101T006000Z', '20260101T000060Z', '00000000T000000Z', '020260101T000000Z']
    .flatMap((time) => [[{ start_time: time }, '009'], [{ end_time: time }, '009']] as const),
  [{ start_time: '20260101T000000Z', end_time: '20260101T000000Z' }, '010'],
  [{ start_time: '20260101T000001Z', end_time: '20260101T000000Z' }, '010'],
  [{ app_id: 'nothing' }, '001000'],
  [{ limit: '51', marker: 'x' }, '017'],
  [{ app_id: 'nothing', marker: 'x' }, '018'],
];

/** What the query of REST alone can be. */
const REFUSED_QUERIES: readonly (readonly [query: string, error: IotError])[] = [
  ['offset=abc', '006'], ['offset=', '006'], ['offset=1.5', '006'], ['is_cascade_query=yes', '006'], ['is_cascade_query=TRUE', '006'], ['is_cascade_query=1', '006'],
  ['limit=1&limit=2', '006'], ['unknown=1', '006'], ['%zz', '006'], ['node_id=%00', '006'], ['project_id=other', '006'],
];

describe('ListDevices', () => {
  const bench = withBench();
  const done = async (wire: Wire, call: IotCall): Promise<List> => assertIotDone(await ask(bench(), wire, call)) as unknown as List;
  const ids = async (wire: Wire, query: Query): Promise<readonly string[]> => idsOf(await done(wire, list(query, 'family')));
  const pageOf = (wire: Wire, query: Query): Promise<List> => done(wire, list(query, 'full'));
  const times: string[] = [];
  before(async () => {
    for (const name of ['family', 'empty', 'full', 'mine']) await bench().operator('POST', '/v1/projects', { project_id: name, name });
    await bench().sql.query("insert into product values ('family', 'p', 'Product', 'MQTT', false, now())");
    const { clock } = bench().service;
    clock.advance(1500 - (clock.now().getTime() % 1000));
    for (const [id, gateway, name] of [['root'], ['child-1', 'root', 'same'], ['child-2', 'root', 'same'], ['grand-1', 'child-1'], ['grand-2', 'child-2'], ['other', undefined, '\u8bbe\u5907']] as const) {
      const answer = await ask(bench(), 'rest', add({ device_id: id, node_id: `n-${id}`, product_id: id === 'other' ? 'q' : 'p', device_name: name ?? null, gateway_id: gateway ?? null }, 'family'));
      times.push(String(assertIotDone(answer, 201)['create_time']));
      clock.advance(1000);
    }
    await bench().sql.query(`insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, created_at, updated_at, record_id)
      select 'full-' || lpad(n::text, 3, '0'), 'full', 'n', 'p', 'ACTIVE', true, '{}', now(), now(), decode(lpad(to_hex(n), 24, '0'), 'hex') from generate_series(1, 600) n`);
  });

  for (const wire of WIRES) {
    for (const [query, error] of REFUSED) {
      it(`${error} ${wire}: ${JSON.stringify(query)}`, async () => assertIotRefused(await ask(bench(), wire, list(query)), error));
    }

    it(`200 ${wire}: the bytes of an item and of a page`, async () => {
      const { rows } = await bench().sql.query<{ app: string; record: string }>(
        "select app_id as app, encode(record_id, 'hex') as record from project join device on device.project_id = project.project_id where device_id = 'child-1'");
      const answer = await ask(bench(), wire, list({ node_id: 'n-child-1' }, 'family'));
      assertIotDone(answer);
      const item = `{"app_id":"${rows[0]?.app}","app_name":"family","device_id":"child-1","node_id":"n-child-1","gateway_id":"root","device_name":"same","node_type":"ENDPOINT","description":null,`
        + '"fw_version":null,"sw_version":null,"device_sdk_version":null,"product_id":"p","product_name":"Product","status":"INACTIVE","tags":[]}';
      assert.equal(answer.body, `{"devices":[${item}],"page":{"count":1,"marker":"${rows[0]?.record}"}}`);
      assert.equal((await ask(bench(), wire, list({}, 'empty'))).body, '{"devices":[],"page":{"count":0,"marker":null}}');
    });

    it(`200 ${wire}: exact filters, alone and together; empty ones are none`, async () => {
      const all = ['other', 'grand-2', 'grand-1', 'child-2', 'child-1', 'root'];
      assert.deepEqual(await ids(wire, {}), all);
      assert.deepEqual(await ids(wire, { product_id: '', node_id: '', device_name: '', gateway_id: '', app_id: '' }), all);
      assert.deepEqual(await ids(wire, { product_id: 'q' }), ['other']);
      assert.deepEqual(await ids(wire, { node_id: 'n-root' }), ['root']);
      assert.deepEqual(await ids(wire, { node_id: 'n-roo' }), []);
      assert.deepEqual(await ids(wire, { node_id: 'n-%' }), []);
      assert.deepEqual(await ids(wire, { device_name: 'same' }), ['child-2', 'child-1']);
      assert.deepEqual(await ids(wire, { device_name: '\u8bbe\u5907' }), ['other']);
      assert.deepEqual(await ids(wire, { device_name: 'same', node_id: 'n-child-2' }), ['child-2']);
      assert.deepEqual(await ids(wire, { device_name: 'same', product_id: 'q' }), []);
      const { rows } = await bench().sql.query<{ app_id: string }>("select app_id from project where project_id in ('family', 'mine') order by project_id");
      assert.deepEqual(await ids(wire, { app_id: rows[0]?.app_id ?? '' }), all);
      assertIotRefused(await ask(bench(), wire, list({ app_id: rows[1]?.app_id ?? '' }, 'family')), '001000');
      for (const odd of ["'", '"', '\\', '%', '$1', ';--', '\u{1f511}', 'x'.repeat(2000)]) assert.deepEqual(await ids(wire, { node_id: odd, device_name: odd }), []);
    });

    it(`200 ${wire}: children, and theirs with is_cascade_query`, async () => {
      assert.deepEqual(await ids(wire, { gateway_id: 'root' }), ['child-2', 'child-1']);
      assert.deepEqual(await ids(wire, { gateway_id: 'root', is_cascade_query: false }), ['child-2', 'child-1']);
      assert.deepEqual(await ids(wire, { gateway_id: 'root', is_cascade_query: true }), ['grand-2', 'grand-1', 'child-2', 'child-1']);
      assert.deepEqual(await ids(wire, { gateway_id: 'child-1', is_cascade_query: true }), ['grand-1']);
      assert.deepEqual(await ids(wire, { gateway_id: 'root', is_cascade_query: true, node_id: 'n-grand-2' }), ['grand-2']);
      assert.deepEqual(await ids(wire, { gateway_id: 'other' }), []);
      assert.deepEqual(await ids(wire, { gateway_id: 'nothing', is_cascade_query: true }), []);
      assert.equal((await ids(wire, { is_cascade_query: true })).length, 6);
      assert.deepEqual(await done(wire, list({ gateway_id: 'root' }, 'mine')), { devices: [], page: { count: 0, marker: null } });
      const { page } = await done(wire, list({ gateway_id: 'root', is_cascade_query: true, limit: '1' }, 'family'));
      assert.equal(page.count, 4);
    });

    it(`200 ${wire}: by the time of creation, both seconds included`, async () => {
      const [first = '', second = '', third = ''] = times;
      assert.deepEqual(await ids(wire, { start_time: first, end_time: second }), ['child-1', 'root']);
      assert.deepEqual(await ids(wire, { start_time: second, end_time: third }), ['child-2', 'child-1']);
      assert.deepEqual(await ids(wire, { end_time: first }), ['root']);
      assert.deepEqual(await ids(wire, { start_time: times[5] ?? '' }), ['other']);
      assert.equal((await ids(wire, { start_time: '19700101T000000Z', end_time: '21060207T062815Z' })).length, 6);
      assert.equal((await ids(wire, { start_time: '00010101T000000Z', end_time: '99991231T235959Z' })).length, 6);
      assert.deepEqual(await ids(wire, { end_time: '19691231T235959Z' }), []);
      assert.deepEqual(await ids(wire, { start_time: '21060207T062816Z' }), []);
    });

    it(`200 ${wire}: pages by marker and by offset, with the count of all matches`, async () => {
      assert.deepEqual([idsOf(await pageOf(wire, {})).length, idsOf(await pageOf(wire, { limit: '50' })).length], [10, 50]);
      const seen: string[] = [];
      let marker = 'f'.repeat(24);
      for (;;) {
        const { devices, page: next } = await pageOf(wire, { limit: '50', marker });
        assert.equal(next.count, 600);
        if (next.marker === null) break;
        seen.push(...idsOf({ devices }));
        marker = next.marker;
      }
      const all = Array.from({ length: 600 }, (_, index) => `full-${String(600 - index).padStart(3, '0')}`);
      assert.deepEqual(seen, all);
      assert.deepEqual(idsOf(await pageOf(wire, { offset: 500, limit: '3' })), all.slice(500, 503));
      assert.deepEqual(idsOf(await pageOf(wire, { offset: 20, marker: '0'.repeat(22) + 'FF', limit: '2' })), ['full-234', 'full-233']);
      assert.deepEqual(await pageOf(wire, { marker: '0'.repeat(24) }), { devices: [], page: { count: 600, marker: null } });
    });

    it(`200 ${wire}: devices of the operator, and the audit event of its list`, async () => {
      const id = `operator.${wire}`;
      await bench().operator('POST', '/v1/devices', { device_id: id, project_id: 'mine' });
      const [device] = (await done(wire, list({}, 'mine'))).devices;
      assert.deepEqual(device && { ...device, app_id: '' }, {
        app_id: '', app_name: 'mine', device_id: id, node_id: null, gateway_id: id, device_name: null, node_type: 'GATEWAY', description: null, fw_version: null, sw_version: null, device_sdk_version: null,
        product_id: null, product_name: null, status: 'INACTIVE', tags: [],
      });
      const { rows } = await bench().sql.query("select actor, project_id, device_id from audit_event where action = 'device.listed' order by event_id desc limit 1");
      assert.deepEqual(rows, [{ actor: 'operator', project_id: 'mine', device_id: '' }]);
    });
  }

  for (const [query, error] of REFUSED_QUERIES) {
    it(`${error} rest: ?${query}`, async () => {
      const answer = await bench().rest.send({ method: 'GET', target: `/v5/iot/family/devices?${query}`, headers: [['X-Auth-Token', 'operator-token-of-the-tests']] });
      assertIotRefused(answer, error);
    });
  }

  it('rest: no secret is in a list', async () => {
    const answer = await ask(bench(), 'rest', list({ limit: '50' }, 'family'));
    assert.doesNotMatch(answer.body, /secret|auth_info|fingerprint|create_time|active_time|modules|extension_info/);
  });
});

function idsOf({ devices }: Pick<List, 'devices'>): readonly string[] {
  return devices.map(({ device_id: id }) => id);
}
