import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { generateClient } from '../clients/generated_client.ts';
import type { GeneratedClient } from '../clients/generated_client.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const DOCUMENT = fileURLToPath(new URL('../../gen/openapi.json', import.meta.url));

/** What a user of the generated client writes. Each line after an @ts-expect-error must not compile. */
const CALLS = `
import { deviceSecretServiceResetDeviceSecret, operatorServiceCreateDevice, operatorServiceGetDevice } from './client/sdk.gen.ts';
import type { Device, IotdaError, RpcStatus } from './client/types.gen.ts';

export async function create(baseUrl: string, auth: string, deviceId: string) {
  const { data } = await operatorServiceCreateDevice({ baseUrl, auth, body: { device_id: deviceId, scopes: ['read'] }, throwOnError: true });
  const device: Device = data;
  const scopes: string[] = device.scopes;
  return { deviceId: device.device_id, scopes, state: device.state satisfies 'UNSPECIFIED' | 'ACTIVE' | 'FROZEN' };
}

export async function miss(baseUrl: string, auth: string) {
  const { error, response } = await operatorServiceGetDevice({ baseUrl, auth, path: { device_id: 'nobody' } });
  const status: RpcStatus | undefined = error;
  return { http: response?.status, code: status?.code, reason: status?.details.map((detail) => ('reason' in detail ? detail.reason : undefined))[0] };
}

export async function reset(baseUrl: string, token: string, deviceId: string, secret: string | null) {
  const path = { project_id: 'default', device_id: deviceId };
  const { data, error } = await deviceSecretServiceResetDeviceSecret({ baseUrl, path, query: { action_id: 'resetSecret' }, headers: { 'X-Auth-Token': token }, body: { secret } });
  const refusal: IotdaError | undefined = error;
  return { secret: data?.secret, code: refusal?.error_code };
}

export const wrong = () => [
  // @ts-expect-error a device has an id
  operatorServiceCreateDevice({ body: { scopes: [] } }),
  // @ts-expect-error it is not called so
  operatorServiceCreateDevice({ body: { device_id: 'a', colour: 'red' } }),
  // @ts-expect-error there is one action
  deviceSecretServiceResetDeviceSecret({ path: { project_id: 'a', device_id: 'b' }, query: { action_id: 'reset' } }),
];
`;

interface Calls {
  create(baseUrl: string, auth: string, deviceId: string): Promise<object>;
  miss(baseUrl: string, auth: string): Promise<object>;
  reset(baseUrl: string, token: string, deviceId: string, secret: string | null): Promise<object>;
}

describe('the client that @hey-api/openapi-ts makes of gen/openapi.json', () => {
  let service: TestService;
  let client: GeneratedClient<Calls>;
  let calls: Calls;

  before(async function () {
    this.timeout(60_000);
    service = await startService();
    client = await generateClient<Calls>(DOCUMENT, CALLS);
    ({ calls } = client);
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    client[Symbol.dispose]();
  });

  it('is typed', async () => {
    assert.equal(await client.compile(), '');
  });

  it('makes a device, is told of one that is not there, and resets a secret', async () => {
    assert.deepEqual(await calls.create(service.url, OPERATOR_TOKEN, 'generated-1'), { deviceId: 'generated-1', scopes: ['read'], state: 'ACTIVE' });
    assert.deepEqual(await calls.miss(service.url, OPERATOR_TOKEN), { http: 404, code: 5, reason: 'DEVICE_NOT_FOUND' });
    assert.deepEqual(await calls.reset(service.url, OPERATOR_TOKEN, 'generated-1', 'a-good-secret'), { secret: 'a-good-secret', code: undefined });
    assert.deepEqual(await calls.reset(service.url, OPERATOR_TOKEN, 'nobody', null), { secret: undefined, code: 'IOTDA.014000' });
  });
});
