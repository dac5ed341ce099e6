import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { after, before, describe, it } from 'mocha';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const GENERATE = fileURLToPath(new URL('../clients/fixtures/generate.ts', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../gen/openapi.json', import.meta.url));
const TYPES = fileURLToPath(new URL('../../node_modules/@types', import.meta.url));
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url));

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

const COMPILER_OPTIONS = {
  target: 'es2024', module: 'nodenext', types: ['node'], typeRoots: [TYPES], strict: true, noEmit: true,
  allowImportingTsExtensions: true, verbatimModuleSyntax: true, erasableSyntaxOnly: true, skipLibCheck: true,
};

describe('the client that @hey-api/openapi-ts makes of gen/openapi.json', () => {
  let service: TestService;
  let calls: Calls;
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-openapi-'));
  const run = promisify(execFile);

  before(async function () {
    this.timeout(60_000);
    service = await startService();
    await run(process.execPath, [GENERATE, DOCUMENT, join(folder, 'client')]);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['.'] }));
    writeFileSync(join(folder, 'calls.ts'), CALLS);
    calls = (await import(pathToFileURL(join(folder, 'calls.ts')).href)) as Calls;
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is typed', async () => {
    const { stdout } = await run(TSC, ['-p', folder]).catch((error: { stdout: string }) => error);
    assert.equal(stdout, '');
  });

  it('makes a device, is told of one that is not there, and resets a secret', async () => {
    assert.deepEqual(await calls.create(service.url, OPERATOR_TOKEN, 'generated-1'), { deviceId: 'generated-1', scopes: ['read'], state: 'ACTIVE' });
    assert.deepEqual(await calls.miss(service.url, OPERATOR_TOKEN), { http: 404, code: 5, reason: 'DEVICE_NOT_FOUND' });
    assert.deepEqual(await calls.reset(service.url, OPERATOR_TOKEN, 'generated-1', 'a-good-secret'), { secret: 'a-good-secret', code: undefined });
    assert.deepEqual(await calls.reset(service.url, OPERATOR_TOKEN, 'nobody', null), { secret: undefined, code: 'IOTDA.014000' });
  });
});
