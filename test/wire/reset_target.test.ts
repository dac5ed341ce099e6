import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assertIotdaRefusal } from './iotda_errors.ts';
import type { IotdaRefusal } from './iotda_errors.ts';
import { NOTHING, assertReset, withResets } from './resets.ts';

/** What follows the path of the device, and is refused. */
const QUERIES: readonly string[] = [
  '', '?', '?action_id', '?action_id=', '?action_id=ResetSecret', '?action_id=freeze', '?action_id=resetSecret%20', '?action_id=+resetSecret',
  '?action_id=resetSecret&action_id=resetSecret', '?action_id=resetSecret&action_id=', '?action_id=resetSecret&action%5Fid=resetSecret', '?actionId=resetSecret',
  '?ACTION_ID=resetSecret', '?action_id=resetSecret&actionId=resetSecret', '?action_id=resetSecret&project_id=default', '?action_id=resetSecret&project_id=other',
  '?action_id=resetSecret&device_id=x', '?action_id=resetSecret&projectId=default', '?action_id=resetSecret&reset=x', '?action_id=resetSecret&reset.secret=abcd1234',
  '?action_id=resetSecret&secret=abcd1234', '?action_id=resetSecret&unknown=1', '?action_id=%', '?action_id=resetSecret%', '?action_id=resetSecret%00',
  '?action_id=%ff', '?action_id=resetSecret&=', '?action_id=resetSecret?', '?action_id[]=resetSecret',
];

/** Paths for a device `D` of the project `default`, with the right query. */
const PATHS: readonly (readonly [want: IotdaRefusal, path: string])[] = [
  ...[
    '/v5/iot/default/devices/D/action/', '/v5/iot/default/devices/D/action/x', '/v5/iot/default/devices/D/Action', '/v5/iot/default/devices/D', '/v5/iot/default/devices//action',
    '/v5/iot//devices/D/action', '/v5/iot/default//devices/D/action', '/v5/iot/default/devices/D/D/action', '/v5/IOT/default/devices/D/action',
    '/v5/iot/default/device/D/action', '/v5/iot/devices/D/action', '/v5', '/v5/', '/v5/iot/default/devices/D/actio%6', '/v5/iot/default/devices/%ff/action',
    '/v5/iot/default/devices/D%00/action', '/v5/iot/default/devices/D/action:reset', '/v5/iot/default/devices/./D/action',
  ].map((path) => ['N029', path] as const),
  ...['D%2F', 'D%20', 'D.', '%2e%2e', 'D%C3%A4', 'D%25', 'D:x', 'D;x', 'D,x', "D'"].map((device) => ['006', `/v5/iot/default/devices/${device}/action`] as const),
  ...['d', 'D-', 'D_'].map((device) => ['014000', `/v5/iot/default/devices/${device}/action`] as const),
  ...['DEFAULT', 'default%20', 'default%2F', '..', 'x', '*'].map((project) => ['022', `/v5/iot/${project}/devices/D/action`] as const),
  ['014000', '/v5/iot/other/devices/D/action'],
];

describe('ResetDeviceSecret: paths and queries (5.1)', () => {
  const bench = withResets();
  before(() => bench().device({ id: 'D' }));
  const send = (target: string, method = 'POST') => bench().reset('rest', { device: 'D', target, method, key: 'refused' });

  for (const rest of QUERIES) {
    it(`006 for the query ${rest}`, async () => {
      assertIotdaRefusal(await send(`/v5/iot/default/devices/D/action${rest}`), '006');
      assert.deepEqual(await bench().stored('D'), NOTHING);
    });
  }

  for (const [want, path] of PATHS) {
    it(`${want} for the path ${path}`, async () => {
      assertIotdaRefusal(await send(`${path}?action_id=resetSecret`), want);
      assert.deepEqual(await bench().stored('D'), NOTHING);
    });
  }

  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PURGE']) {
    it(`N029 for ${method}: there is no 405`, async () => {
      const answer = await send('/v5/iot/default/devices/D/action?action_id=resetSecret', method);
      assertIotdaRefusal(answer, 'N029_METHOD');
      assert.equal(answer.headers.get('allow'), undefined);
    });
  }

  it('404 without a body for HEAD', async () => {
    const answer = await send('/v5/iot/default/devices/D/action?action_id=resetSecret', 'HEAD');
    assert.deepEqual([answer.status, answer.body, answer.headers.get('content-length')], [404, '', ['67']]);
  });

  it('takes escapes that mean the same', async () => {
    const device = await bench().device({ id: 'E_e-1' });
    for (const target of ['/v5/iot/defaul%74/devices/%45_e%2D1/action?action_id=resetSecret', '/%76%35/iot/default/devices/E_e-1/action?%61ction_id=reset%53ecret&']) {
      assertReset(await send(target), device);
      await bench().sql.query('delete from idempotency_record');
    }
  });
});
