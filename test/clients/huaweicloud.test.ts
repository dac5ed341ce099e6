import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { createAccessKey, createProject, createToken, createUser } from '../support/iotda.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { IotdaClient, errorOf, responseOf } from './iotda_client.ts';
import { VendorSdk } from './vendor.ts';
import type { VendorClient } from './vendor.ts';

const REGION = 'cn-north-4';
const HEX_32 = /^[0-9a-f]{32}$/;
const DATE_HOUR = '2026010203';

/** The ways in which a user sets up the SDK. */
const SETUPS: readonly (readonly [name: string, derived: boolean, hasProject: boolean, region: string | undefined])[] = [
  ['SDK-HMAC-SHA256, with a project id', false, true, undefined],
  ['SDK-HMAC-SHA256, with a project id and a region', false, true, REGION],
  ['SDK-HMAC-SHA256, for the project of the region', false, false, REGION],
  ['V11-HMAC-SHA256, with a project id', true, true, REGION],
  ['V11-HMAC-SHA256, for the project of the region', true, false, REGION],
];

/** Whether a device may use a secret: the answer of device-auth. */
async function isAccepted(url: string, deviceId: string, secret: string): Promise<boolean> {
  const password = createHmac('sha256', DATE_HOUR).update(secret).digest('hex');
  const body = JSON.stringify({ device_id: deviceId, sign_type: 0, timestamp: DATE_HOUR, password });
  const response = await fetch(`${url}/v5/device-auth`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const text = await response.text();
  assert.ok(response.status === 200 || response.status === 401, `${response.status} ${text}`);
  return response.status === 200;
}

for (const [name, derived, hasProject, region] of SETUPS) {
  describe(`the vendor's SDK, unmodified: ${name}`, () => {
    let service: TestService;
    let sdk: VendorSdk;
    let client: IotdaClient;
    let projectId: string;

    before(async () => {
      service = await startService({ settings: { KEYTURN_IOTDA_REGIONS: REGION } });
      projectId = await createProject(service, REGION);
      const keys = await createAccessKey(service, projectId);
      sdk = new VendorSdk();
      client = new IotdaClient(sdk, { endpoint: service.url, ...keys, derived, region, projectId: hasProject ? projectId : undefined });
    });
    after(async () => {
      await sdk[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    });

    it('adds a device, and gets its secret', async () => {
      const added = responseOf(await client.addDevice({ node_id: 'n1', product_id: 'p1', device_name: "a_?'#().,&%@!-", device_id: 'first' }));
      const { auth_info: auth, ...rest } = added;
      assert.deepEqual([added['httpStatusCode'], rest['device_id'], rest['node_type'], rest['status'], rest['gateway_id']], [201, 'first', 'GATEWAY', 'INACTIVE', 'first']);
      assert.match(String((auth as Record<string, unknown>)['secret']), HEX_32);
      assert.ok(await isAccepted(service.url, 'first', String((auth as Record<string, unknown>)['secret'])));
    });

    it('resets a secret that is generated, and the device can use it at once', async () => {
      const { device_id: id, secret, secret_type: type, httpStatusCode: status } = responseOf(await client.resetDeviceSecret('first', {}));
      assert.deepEqual([status, id, type], [200, 'first', 'PRIMARY']);
      assert.match(String(secret), HEX_32);
      assert.ok(await isAccepted(service.url, 'first', String(secret)));
    });

    it('resets one that is given, and one in the other slot', async () => {
      const primary = responseOf(await client.resetDeviceSecret('first', { secret: 'given-by-me_1', force_disconnect: true }));
      assert.deepEqual(primary, { device_id: 'first', secret: 'given-by-me_1', secret_type: 'PRIMARY', httpStatusCode: 200 });
      const secondary = responseOf(await client.resetDeviceSecret('first', { secret_type: 'SECONDARY', secret: 'given-by-me_2', force_disconnect: false }));
      assert.deepEqual(secondary, { device_id: 'first', secret: 'given-by-me_2', secret_type: 'SECONDARY', httpStatusCode: 200 });
      const generated = responseOf(await client.resetDeviceSecret('first', { secret_type: 'SECONDARY' }));
      assert.match(String(generated['secret']), HEX_32);
      const accepted = await Promise.all(['given-by-me_1', 'given-by-me_2', String(generated['secret'])].map((secret) => isAccepted(service.url, 'first', secret)));
      assert.deepEqual(accepted, [true, false, true]);
    });

    it('gets the answer again that was lost, by an Idempotency-Key', async () => {
      const headers = { 'Idempotency-Key': '"8e03978e-40d5"' };
      const answers = [await client.resetDeviceSecret('first', {}, { headers }), await client.resetDeviceSecret('first', {}, { headers })];
      assert.equal(responseOf(answers[0] as never)['secret'], responseOf(answers[1] as never)['secret']);
      const other = errorOf(await client.resetDeviceSecret('first', { secret: 'another-one' }, { headers }));
      assert.deepEqual([other.httpStatusCode, other.errorCode, other.errorMsg], [422, 'IOTDA.000006', 'Invalid input data.']);
    });

    it('shows a device, with both secrets', async () => {
      const reset = responseOf(await client.resetDeviceSecret('first', { secret: 'shown-in-plain' }));
      const shown = responseOf(await client.showDevice('first'));
      const auth = shown['auth_info'] as Record<string, unknown>;
      assert.equal(auth['secret'], reset['secret']);
      assert.match(String(auth['secondary_secret']), HEX_32);
      assert.deepEqual([shown['httpStatusCode'], shown['product_id'], shown['device_name']], [200, 'p1', "a_?'#().,&%@!-"]);
    });

    it('changes a device', async () => {
      const changed = responseOf(await client.updateDevice('first', { device_name: '\u8bbe\u5907_1', description: 'new', extension_info: { a: [1, 'b'] } }));
      assert.deepEqual([changed['httpStatusCode'], changed['device_name'], changed['description'], changed['extension_info']], [200, '\u8bbe\u5907_1', 'new', { a: [1, 'b'] }]);
    });

    it('lists devices, by names with odd characters too', async () => {
      responseOf(await client.addDevice({ node_id: 'n2', product_id: 'p1', device_name: "a%20b'(x)&!" }));
      const all = responseOf(await client.listDevices({ limit: 50, offset: 0, product_id: 'p1' }));
      assert.deepEqual((all['devices'] as { device_id: string }[]).map(({ device_id: id }) => id).toSorted(), ['first', 'p1_n2']);
      assert.equal((all['page'] as { count: number }).count, 2);
      for (const [device_name, count] of [["a%20b'(x)&!", 1], ['\u8bbe\u5907_1', 1], ["a%20b'(x)*~", 0], ['a+b c=d', 0], ['a%2Fb%', 0]] as const) {
        const found = responseOf(await client.listDevices({ device_name }, { instanceId: 'an-instance' }));
        assert.equal((found['devices'] as object[]).length, count, device_name);
      }
    });

    it('freezes and unfreezes a device', async () => {
      assert.deepEqual(responseOf(await client.freezeDevice('first')), { httpStatusCode: 204 });
      assert.equal(responseOf(await client.showDevice('first'))['status'], 'FROZEN');
      assert.deepEqual(responseOf(await client.unfreezeDevice('first')), { httpStatusCode: 204 });
      const again = errorOf(await client.unfreezeDevice('first'));
      assert.deepEqual([again.name, again.httpStatusCode, again.errorCode, again.errorMsg], ['ClientRequestException', 403, 'IOTDA.014040', 'Operation not allowed. The device is not frozen, can not unfreeze.']);
    });

    it('resets a fingerprint', async () => {
      const fingerprint = 'dc0f1016f495157344ac5f1296335cff725ef22f';
      const reset = responseOf(await client.resetFingerprint('first', { fingerprint, force_disconnect: false }));
      assert.deepEqual(reset, { device_id: 'first', fingerprint, fingerprint_type: 'PRIMARY', httpStatusCode: 200 });
    });

    it('sends what it was told to, whatever the path holds', async () => {
      for (const deviceId of ['(x)*~', 'a%20b', 'a b', 'a%2Fb', '\u8bbe\u5907']) {
        const { httpStatusCode, errorCode } = errorOf(await client.showDevice(deviceId));
        assert.deepEqual([httpStatusCode, errorCode], [400, 'IOTDA.000006'], `${deviceId} is authenticated, then refused`);
      }
    });

    it('signs otherwise than it sends it a path with an apostrophe, which no path of this API has', async () => {
      assert.equal(errorOf(await client.showDevice("a%20b'(x)*~")).errorCode, 'IOTDA.000002');
    });

    it('deletes a device', async () => {
      assert.deepEqual(responseOf(await client.deleteDevice('first')), { httpStatusCode: 204 });
      const gone = errorOf(await client.showDevice('first'));
      assert.deepEqual([gone.httpStatusCode, gone.errorCode, gone.errorMsg], [404, 'IOTDA.014000', 'The device does not exist.']);
    });

    it('has printed nothing', () => assert.equal(sdk.output, ''));
  });
}

describe("what the vendor's SDK makes of refusals", () => {
  let service: TestService;
  let sdk: VendorSdk;
  let base: VendorClient;
  const clientOf = (other: Partial<VendorClient> = {}): IotdaClient => new IotdaClient(sdk, { ...base, ...other });

  before(async () => {
    service = await startService({ settings: { KEYTURN_IOTDA_INSTANCE_IDS: 'one', KEYTURN_IOTDA_REGIONS: REGION } });
    sdk = new VendorSdk();
    base = { endpoint: service.url, ...(await createAccessKey(service)), derived: false, projectId: 'default', region: undefined };
    responseOf(await clientOf().addDevice({ node_id: 'n', product_id: 'p', device_id: 'known' }));
  });
  after(async () => {
    await sdk[Symbol.asyncDispose]();
    await service[Symbol.asyncDispose]();
  });

  const ROWS: readonly (readonly [name: string, ask: () => ReturnType<IotdaClient['showDevice']>, status: number, code: string, message: string])[] = [
    ['a wrong secret key', () => clientOf({ secretKey: 'wrong' }).showDevice('known'), 401, 'IOTDA.000002', 'Authentication failed.'],
    ['an unknown access key', () => clientOf({ accessKey: 'UNKNOWN' }).showDevice('known'), 401, 'IOTDA.000002', 'Authentication failed.'],
    ['another region', () => clientOf({ derived: true, region: 'eu-west-0' }).showDevice('known'), 401, 'IOTDA.000002', 'Authentication failed.'],
    ['a project of others', () => clientOf({ projectId: 'other' }).showDevice('known'), 403, 'IOTDA.000022', 'Operation not allowed. The user does not have the permission'],
    ['an unknown instance', () => clientOf().showDevice('known', { instanceId: 'two' }), 403, 'IOTDA.000021', 'Operation not allowed. User not found by IAM token or the authorized user has not subscribed IOTDA service.'],
    ['an unknown device', () => clientOf().resetDeviceSecret('unknown', {}), 404, 'IOTDA.014000', 'The device does not exist.'],
    ['another action', () => clientOf().resetDeviceSecret('known', {}, { actionId: 'resetFingerprint' }), 400, 'IOTDA.000006', 'Invalid input data.'],
    ['a secret that is too short', () => clientOf().resetDeviceSecret('known', { secret: 'short' }), 400, 'IOTDA.000006', 'Invalid input data.'],
    ['a member of a wrong type', () => clientOf().resetDeviceSecret('known', { force_disconnect: 'true' }), 400, 'IOTDA.000006', 'Invalid input data.'],
    ['a device that exists', () => clientOf().addDevice({ node_id: 'n', product_id: 'p', device_id: 'known' }), 400, 'IOTDA.014031', 'Invalid input. The device already exists.'],
    ['a limit out of range', () => clientOf().listDevices({ limit: 51 }), 400, 'IOTDA.000017', "Invalid input. The specified parameter 'limit' is out of range."],
    ['an unknown resource space', () => clientOf().listDevices({ app_id: 'none' }), 403, 'IOTDA.001000', 'The application does not exist.'],
    ['an unknown path', () => clientOf().freezeDevice('known/x'), 404, 'IOTDA.000029', 'The API does not exist.'],
  ];

  for (const [name, ask, status, code, message] of ROWS) {
    it(name, async () => {
      const error = errorOf(await ask());
      assert.deepEqual({ ...error, requestId: '' }, { name: 'ClientRequestException', message, httpStatusCode: status, errorCode: code, errorMsg: message, requestId: '' });
      assert.match(error.requestId, HEX_32);
      const line = service.lines.find((each) => each['request_id'] === error.requestId);
      assert.ok(line, 'the request id leads to the log');
    });
  }

  it('a known instance is none', async () => {
    assert.equal(responseOf(await clientOf().showDevice('known', { instanceId: 'one' }))['httpStatusCode'], 200);
  });

  it('a project that cannot be found for a region, by the nested error of the token service', async () => {
    const error = errorOf(await clientOf({ secretKey: 'wrong', projectId: undefined, region: REGION }).showDevice('known'));
    assert.deepEqual([error.httpStatusCode, error.errorCode, error.errorMsg], [401, 401, 'The request you have made requires authentication.']);
    assert.match(error.requestId, HEX_32);
  });

  it('writes its id to its home alone, and prints nothing', () => {
    assert.ok(sdk.files.includes('.huaweicloud/application_id'), sdk.files.join());
    assert.equal(sdk.output, '');
  });
});

describe('tokens by plain requests', () => {
  it('do what signatures do', async () => {
    await using service = await startService();
    const projectId = await createProject(service);
    const token = await createToken(service, await createUser(service, { projectId }));
    const ask = async (method: string, path: string, body?: object): Promise<readonly [number, Record<string, unknown>]> => {
      const response = await fetch(`${service.url}/v5/iot/${projectId}/devices${path}`, {
        method, headers: { 'x-auth-token': token, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return [response.status, JSON.parse((await response.text()) || '{}') as Record<string, unknown>];
    };
    assert.equal((await ask('POST', '', { node_id: 'n', product_id: 'p', device_id: 'd' }))[0], 201);
    const [status, { secret }] = await ask('POST', '/d/action?action_id=resetSecret', { secret_type: 'SECONDARY' });
    assert.equal(status, 200);
    assert.ok(await isAccepted(service.url, 'd', String(secret)));
    assert.deepEqual((await ask('POST', '/d/freeze'))[0], 204);
    assert.deepEqual((await ask('GET', '/d'))[1]['status'], 'FROZEN');
    assert.deepEqual((await ask('DELETE', '/d'))[0], 204);
    assert.deepEqual((await ask('GET', '/d'))[0], 404);
  });
});
