import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from './answer.ts';
import { assertIotdaRefusal } from './iotda_errors.ts';
import { NOTHING, assertReset, withResets } from './resets.ts';
import type { ResetRequest } from './resets.ts';

const HOUR = 3_600_000;
const VISIBLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('');
const LONGEST = 'k'.repeat(255);

/** Values of the header that are one key each. */
const SAME: readonly (readonly [string, string])[] = [
  ['8e03978e-40d5', '"8e03978e-40d5"'], ['k', '"k"'], [VISIBLE.replaceAll(/["\\]/g, ''), `"${VISIBLE.replaceAll(/["\\]/g, '')}"`],
  ['a"b', '"a\\"b"'], ['a\\b', '"a\\\\b"'], [VISIBLE.slice(2), `"${VISIBLE.slice(2).replaceAll('\\', '\\\\')}"`], [LONGEST, `"${LONGEST}"`], ['k=v;x', '"k=v;x"'],
];

/** Values that are no key. */
const MALFORMED = [
  '', '""', '"', '"a', '"a"b"', '"a\\b"', '"a";x=1', '"a" ;x=1', 'a b', '"a b"', `${LONGEST}k`, `"${LONGEST}k"`, '"a", "b"', 'a, b',
];

describe('ResetDeviceSecret: Idempotency-Key (5.4)', () => {
  const bench = withResets();

  for (const wire of WIRES) {
    const reset = (request: ResetRequest) => bench().reset(wire, request);

    it(`${wire}: a key that is known gives the first answer again and changes nothing`, async () => {
      const device = await bench().device();
      const secret = assertReset(await reset({ device, key: 'k' }), device);
      const before = await bench().stored(device);
      assert.deepEqual(before, { audits: 1, events: ['device_secret.reset'], records: 1, slots: ['PRIMARY'] });
      for (let round = 0; round < 3; round += 1) assertReset(await reset({ device, key: 'k' }), device, { secret, replayed: true });
      assert.deepEqual(await bench().stored(device), before);
      assert.deepEqual(await bench().secrets(device), { PRIMARY: secret });
    });

    it(`${wire}: what is stored of the answer is sealed, and the key is kept as it is`, async () => {
      const device = await bench().device();
      assertReset(await reset({ device, key: 'k', body: { secret: 'hush-0123456789' } }), device, { secret: 'hush-0123456789' });
      const { rows } = await bench().sql.query<{ box: Buffer; key: string; action: string }>('select * from idempotency_record where device_id = $1', [device]);
      assert.deepEqual([rows[0]?.key, rows[0]?.action], ['k', 'resetSecret']);
      assert.ok(rows[0] && !rows[0].box.includes('hush'));
    });

    it(`${wire}: 422 for another body under a known key, and nothing changes`, async () => {
      const device = await bench().device();
      const body = { secret: 'abcd1234' };
      assertReset(await reset({ device, key: 'k', body }), device, { secret: 'abcd1234' });
      const before = await bench().stored(device);
      for (const other of [undefined, {}, { secret: 'abcd1235' }, { ...body, secret_type: 'PRIMARY' }, { ...body, force_disconnect: true }]) {
        assertIotdaRefusal(await reset({ device, key: 'k', body: other }), '422');
      }
      assertReset(await reset({ device, key: 'k', body }), device, { secret: 'abcd1234', replayed: true });
      assert.deepEqual(await bench().stored(device), before);
    });

    it(`${wire}: 422 for a key that was used on the other wire`, async () => {
      const device = await bench().device();
      assertReset(await reset({ device, key: 'k' }), device);
      assertIotdaRefusal(await bench().reset(wire === 'rest' ? 'grpc' : 'rest', { device, key: 'k' }), '422');
    });

    for (const [bare, quoted] of SAME) {
      it(`${wire}: ${bare.slice(0, 20)} and ${quoted.slice(0, 20)} are one key`, async () => {
        const device = await bench().device();
        const secret = assertReset(await reset({ device, key: bare }), device);
        assertReset(await reset({ device, key: quoted }), device, { secret, replayed: true });
      });
    }

    for (const key of MALFORMED) {
      it(`${wire}: 006 for the key ${JSON.stringify(key).slice(0, 30)} of ${key.length} characters`, async () => {
        const device = await bench().device();
        assertIotdaRefusal(await reset({ device, key }), '006');
        assert.deepEqual(await bench().stored(device), NOTHING);
      });
    }

    it(`${wire}: 006 for a key that is sent twice, be it the same`, async () => {
      const device = await bench().device();
      assertReset(await reset({ device, key: 'k' }), device);
      for (const other of ['k', 'x', '']) assertIotdaRefusal(await reset({ device, key: 'k', headers: [['Idempotency-Key', other]] }), '006');
    });

    it(`${wire}: keys differ by case, by device and by project`, async () => {
      const devices = [await bench().device(), await bench().device(), await bench().device({ project: 'other' })];
      const answers = [];
      for (const [index, device] of devices.entries()) {
        for (const key of ['key', 'KEY']) answers.push(assertReset(await reset({ device, key, project: index === 2 ? 'other' : 'default' }), device));
      }
      assert.equal(new Set(answers).size, 6);
    });

    it(`${wire}: after 24 hours the key is new again, before that it is not`, async () => {
      const device = await bench().device();
      const first = assertReset(await reset({ device, key: 'k' }), device);
      bench().service.clock.advance(24 * HOUR - 60_000);
      assertReset(await reset({ device, key: 'k' }), device, { secret: first, replayed: true });
      bench().service.clock.advance(61_000);
      const second = assertReset(await reset({ device, key: 'k', body: { secret_type: 'SECONDARY' } }), device, { slot: 'SECONDARY' });
      assertReset(await reset({ device, key: 'k', body: { secret_type: 'SECONDARY' } }), device, { slot: 'SECONDARY', secret: second, replayed: true });
      assert.deepEqual(await bench().secrets(device), { PRIMARY: first, SECONDARY: second });
      assert.equal((await bench().stored(device)).records, 1);
    });

    it(`${wire}: refusals are not stored: the key stays free, and a corrected retry may use it`, async () => {
      const device = await bench().device({ product: 'nb-iot' });
      assertIotdaRefusal(await reset({ device, key: 'k', body: { secret: 'short' } }), '006');
      assertIotdaRefusal(await reset({ device, key: 'k', body: { secret: 'not-hexadecimal' } }), '006');
      assertIotdaRefusal(await reset({ device: `${device}-x`, key: 'k' }), '014000');
      assertIotdaRefusal(await reset({ device, key: 'k', token: 'wrong' }), '002');
      assert.deepEqual(await bench().stored(device), NOTHING);
      assertReset(await reset({ device, key: 'k', body: { secret: 'abcdef01' } }), device, { secret: 'abcdef01' });
    });

    it(`${wire}: after a later reset under another key, or none, the first answer is still given; it is no longer in force`, async () => {
      const device = await bench().device();
      const first = assertReset(await reset({ device, key: 'k' }), device);
      const second = assertReset(await reset({ device, key: 'l' }), device);
      assertReset(await reset({ device, key: 'k' }), device, { secret: first, replayed: true });
      assert.deepEqual(await bench().secrets(device), { PRIMARY: second });
      const third = assertReset(await reset({ device }), device);
      assertReset(await reset({ device, key: 'l' }), device, { secret: second, replayed: true });
      assert.deepEqual(await bench().secrets(device), { PRIMARY: third });
    });

    it(`${wire}: a replay is checked like any other request: token, project, input, existence, product`, async () => {
      const device = await bench().device({ product: 'mqtt' });
      const request = { device, key: 'k', body: { secret_type: 'SECONDARY' } };
      const secret = assertReset(await reset(request), device, { slot: 'SECONDARY' });
      assertIotdaRefusal(await reset({ ...request, token: 'wrong' }), '002');
      assertIotdaRefusal(await reset({ ...request, project: 'nowhere' }), '022');
      assertIotdaRefusal(await reset({ ...request, project: 'other' }), '014000');
      await bench().sql.query("update product set protocol_type = 'CoAP' where product_id = 'mqtt'");
      assertIotdaRefusal(await reset(request), '006');
      await bench().sql.query("update product set protocol_type = 'MQTT' where product_id = 'mqtt'");
      assertReset(await reset(request), device, { slot: 'SECONDARY', secret, replayed: true });
      await bench().operator(`/v1/devices/${device}`, undefined, 'DELETE');
      assertIotdaRefusal(await reset(request), '014000');
    });

    it(`${wire}: a replay of a forced disconnect closes no session again`, async () => {
      const device = await bench().device();
      const request = { device, key: 'k', body: { force_disconnect: true } };
      const secret = assertReset(await reset(request), device);
      assertReset(await reset(request), device, { secret, replayed: true });
      assert.deepEqual((await bench().stored(device)).events, ['device_secret.reset', 'session.close']);
    });
  }

  it('rest: 006 for a key with what no client of gRPC can send', async () => {
    const device = await bench().device();
    for (const key of ['a\tb', 'k\u00e9y', '\u00a0k']) assertIotdaRefusal(await bench().reset('rest', { device, key }), '006');
    assert.deepEqual(await bench().stored(device), NOTHING);
  });

  it('rest: the same body is the same raw bytes; an absent and an empty one are the same', async () => {
    const device = await bench().device();
    const reset = (request: Omit<ResetRequest, 'device'>) => bench().reset('rest', { device, ...request });
    const empty = assertReset(await reset({ key: 'empty' }), device);
    assertReset(await reset({ key: 'empty', raw: '', type: 'text/plain' }), device, { secret: empty, replayed: true });
    for (const raw of ['{}', '{"secret":null}']) assertIotdaRefusal(await reset({ key: 'empty', raw }), '422');
    const raw = '{"secret_type":"PRIMARY"}';
    const secret = assertReset(await reset({ key: 'raw', raw }), device);
    assertReset(await reset({ key: 'raw', raw, type: 'application/json; charset=utf-8', headers: [['X-Sdk-Date', '20260102T030405Z'], ['X-Other', 'x']] }), device, { secret, replayed: true });
    for (const other of [`${raw} `, '{ "secret_type":"PRIMARY"}', '{"secret_type":"PRIM\\u0041RY"}', '{}']) assertIotdaRefusal(await reset({ key: 'raw', raw: other }), '422');
  });
});

describe('ResetDeviceSecret: idempotency_hours', () => {
  const bench = withResets({ KEYTURN_IOTDA_IDEMPOTENCY_HOURS: '2' });

  it('says how long a key is kept', async () => {
    const device = await bench().device();
    const secret = assertReset(await bench().reset('rest', { device, key: 'k' }), device);
    bench().service.clock.advance(2 * HOUR - 60_000);
    assertReset(await bench().reset('rest', { device, key: 'k' }), device, { secret, replayed: true });
    bench().service.clock.advance(61_000);
    assert.notEqual(assertReset(await bench().reset('rest', { device, key: 'k' }), device), secret);
  });
});
