import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import { IOTDA_ERRORS, assertIotdaRefusal, assertNewRequestId } from './iotda_errors.ts';
import type { IotdaRefusal } from './iotda_errors.ts';
import { assertReset, targetOf, withResets } from './resets.ts';
import type { ResetRequest } from './resets.ts';

const REST: readonly Wire[] = ['rest'];

/** A request for each refusal of section 3 that a reset can meet without a limit or a fault of the service. */
const REQUESTS: readonly (readonly [want: IotdaRefusal, request: Partial<ResetRequest>, wires?: readonly Wire[]])[] = [
  ['006', { body: { secret: 'short' } }],
  ['008', { raw: '{' }, REST],
  ['002', { token: 'wrong' }],
  ['002', { token: null }],
  ['021', { headers: [['Instance-Id', 'unknown']] }],
  ['022', { project: 'nowhere' }],
  ['014000', { device: 'nobody' }],
  ['N029', { target: '/v5/nothing' }, REST],
  ['N029_METHOD', { method: 'GET' }, REST],
  ['413', { raw: ' '.repeat((1 << 20) + 1) }, REST],
  ['422', { key: 'k', body: { secret: 'abcd1234' } }],
];

for (const style of ['iotda', 'gateway'] as const) {
  describe(`ResetDeviceSecret: the bytes of refusals (section 3), error_style ${style}`, () => {
    const bench = withResets({ KEYTURN_IOTDA_ERROR_STYLE: style, KEYTURN_IOTDA_INSTANCE_IDS: 'known' });
    const device = 'd';
    before(() => bench().device({ id: device }));

    for (const wire of WIRES) {
      it(`${wire}: are the documented ones`, async () => {
        await bench().sql.query('delete from idempotency_record');
        assertReset(await bench().reset(wire, { device, key: 'k' }), device);
        for (const [want, request, wires = WIRES] of REQUESTS) {
          if (wires.includes(wire)) assertIotdaRefusal(await bench().reset(wire, { device, ...request }), want, style);
        }
      });
    }

    it('001 while the database refuses', async () => {
      await bench().sql.query('alter table device_secret rename to device_secret_away');
      for (const wire of WIRES) assertIotdaRefusal(await bench().reset(wire, { device, key: 'failed' }), '001', style);
      await bench().sql.query('alter table device_secret_away rename to device_secret');
      assertReset(await bench().reset('rest', { device, key: 'failed' }), device);
    });
  });
}

describe('ResetDeviceSecret: headers', () => {
  const bench = withResets({ KEYTURN_OPERATOR_CALLS_PER_MINUTE: '40' });
  const device = 'd';
  before(() => bench().device({ id: device }));

  it('x-request-id is new each time, whatever is sent, for replays and refusals too, and is that of the log and the audit event', async () => {
    const headers = [['X-Request-ID', '0'.repeat(32)]] as const;
    for (const wire of WIRES) {
      const ids = [];
      for (const key of [`k-${wire}`, `k-${wire}`, '"']) ids.push(assertNewRequestId(await bench().reset(wire, { device, key, headers })));
      assert.ok(!ids.includes('0'.repeat(32)));
      const { rows } = await bench().sql.query<{ request_id: string }>('select request_id from audit_event where request_id = any($1)', [ids]);
      assert.deepEqual(rows, [{ request_id: ids[0] }], 'a replay changes nothing, so it has no audit event');
      for (const id of ids) assert.equal(bench().service.lines.filter((line) => line['request_id'] === id && line['message'] !== undefined).length > 0, true);
    }
  });

  it('are the documented ones, and Content-Type has no parameter', async () => {
    const answer = await bench().reset('rest', { device });
    assertReset(answer, device);
    assert.deepEqual([answer.headers.get('content-type'), answer.headers.get('cache-control')], [['application/json'], ['no-store']]);
    assert.ok(!answer.body.endsWith('\n'));
  });

  it("take the operator's token as bearer over gRPC, and over REST as X-Auth-Token alone, once", async () => {
    const bearer = [['authorization', `Bearer ${OPERATOR_TOKEN}`]] as const;
    assertReset(await bench().reset('grpc', { device, token: null, headers: bearer }), device);
    assertIotdaRefusal(await bench().reset('rest', { device, token: null, headers: bearer }), '002');
    for (const wire of WIRES) assertIotdaRefusal(await bench().reset(wire, { device, headers: [['X-Auth-Token', OPERATOR_TOKEN]] }), '002');
    const answer = await bench().rest.send({ target: targetOf(device), headers: [['X-AUTH-TOKEN', OPERATOR_TOKEN]] });
    assertReset(answer, device);
  });

  it('429 with Retry-After when the operator calls too often', async () => {
    for (const wire of WIRES) {
      const answers = await Promise.all(Array.from({ length: 60 }, () => bench().reset(wire, { device })));
      const refused = answers.find(({ status }) => status === (wire === 'rest' ? IOTDA_ERRORS['429'].status : IOTDA_ERRORS['429'].code));
      assert.ok(refused);
      assertIotdaRefusal(refused, '429');
      assert.match(refused.headers.get('retry-after')?.[0] ?? '', /^[1-9][0-9]*$/);
    }
  });
});
