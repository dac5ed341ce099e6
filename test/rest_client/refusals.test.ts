import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { DeviceSecretServiceClient } from '../../gen/rest/keyturn/v1/device_secret_service.ts';
import { isDeviceKeyServiceError } from '../../gen/rest/keyturn/v1/device_key_service.ts';
import { isDeviceSecretServiceError } from '../../gen/rest/keyturn/v1/device_secret_service.ts';
import { isDeviceTokenServiceError } from '../../gen/rest/keyturn/v1/device_token_service.ts';
import { isIamServiceError } from '../../gen/rest/keyturn/v1/iam_service.ts';
import { isIdentityBindingServiceError } from '../../gen/rest/keyturn/v1/identity_binding_service.ts';
import { isOperatorServiceError } from '../../gen/rest/keyturn/v1/operator_service.ts';
import type { OutgoingRequest } from '../../gen/rest/runtime/index.ts';
import { createAccessKey, signed } from '../support/iotda.ts';
import type { Credentials } from '../support/signer.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { authenticationJwt } from '../wire/tokens/kit.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { Driven, clientsOf, failure } from './clients.ts';
import type { Clients } from './clients.ts';

const PROJECT = { project_id: 'default' };

describe('refusals to the generated clients, one of each envelope', () => {
  let service: TestService;
  let clients: Clients;

  before(async () => {
    service = await startService({ settings: { KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1' } });
    clients = clientsOf(service, new Driven());
  });
  after(() => service[Symbol.asyncDispose]());

  it('RPC_STATUS', async () => {
    const error = await failure(clients.operator.createDevice({ device_id: 'no spaces' }));
    assert.ok(isOperatorServiceError(error) && !isIamServiceError(error));
    assert.deepEqual([error.status, error.code, error.envelope, error.body.code], [400, 'INVALID_ARGUMENT', 'RPC_STATUS', 3]);
    const fields = error.body.details?.find((detail) => detail['@type'].endsWith('BadRequest'))?.['fieldViolations'];
    assert.deepEqual(fields, [{ field: 'device_id', description: 'expects 1 to 128 characters of A-Za-z0-9._-' }]);
    assert.equal(error.requestId, error.headers.get('x-request-id'));
  });

  it('IOT_IDP, and how long to wait', async () => {
    const error = await failure(clients.keys.updatePublicKey({ pop: 'AA==' }, { headers: { authorization: 'Bearer no' } }));
    assert.ok(isDeviceKeyServiceError(error));
    assert.deepEqual([error.status, error.code, error.body.error.request], [401, 'Unauthorized', error.requestId]);
    const pair = newPair();
    await clients.operator.createDevice({ device_id: 'limited', public_key: pemOf(pair), scopes: ['a'] });
    const issue = (): Promise<unknown> => clients.tokens.issueToken({ client_id: 'limited' }, { headers: { authorization: authenticationJwt({ id: 'limited', pair, kind: 'P-256' }) } });
    await issue();
    const late = await failure(issue());
    assert.ok(isDeviceTokenServiceError(late) && late.retryAfter !== undefined);
    assert.ok(late.status === 429 && late.retryAfter > 0 && late.retryAfter <= 60);
  });

  it('IOTDA', async () => {
    const error = await failure(clients.secrets.resetDeviceSecret({ ...PROJECT, device_id: 'nobody', action_id: 'resetSecret' }));
    assert.ok(isDeviceSecretServiceError(error));
    assert.deepEqual([error.status, error.code, error.body.error_msg, error.message], [404, 'IOTDA.014000', 'The device does not exist.', 'The device does not exist.']);
  });

  it('IAM, and what it leaves to IOTDA', async () => {
    const user = { name: 'nobody', password: 'wrong password', domain: { name: 'acme' } };
    const credentials = { auth: { identity: { methods: ['password'], password: { user } }, scope: { project: { id: 'default' } } } };
    const error = await failure(clients.iam.createToken({ credentials }));
    assert.ok(isIamServiceError(error) && error.envelope === 'IAM' && 'error' in error.body);
    assert.deepEqual([error.status, error.code, error.body.error.title], [401, 'Unauthorized', 'Unauthorized']);
    const large = await failure(clients.iam.createToken({ credentials: { auth: { ...credentials.auth, identity: { ...credentials.auth.identity, methods: ['p'.repeat(1 << 20)] } } } }));
    assert.ok(isIamServiceError(large) && large.envelope === 'IOTDA');
    assert.deepEqual([large.status, large.code], [413, 'APIGW.0201']);
  });

  it('AUTHENTIQ', async () => {
    const error = await failure(clients.identities.keyRetrieve({ pk: 'nobody/ä' }));
    assert.ok(isIdentityBindingServiceError(error));
    assert.deepEqual([error.status, error.code, error.body.error, error.body.title], [404, 'unknown-key', 404, error.body.title]);
  });

  it('none for a request that its caller has signed', async () => {
    const key = await createAccessKey(service);
    const secrets = new DeviceSecretServiceClient({ baseUrl: service.url, authorize: (request) => signRequest(service, key, request) });
    await clients.operator.createDevice({ device_id: 'signed' });
    const reset = await secrets.resetDeviceSecret({ ...PROJECT, device_id: 'signed', action_id: 'resetSecret', reset: { secret: 'new-secret-1' } });
    assert.equal(reset.secret, 'new-secret-1');
    const wrong = new DeviceSecretServiceClient({ baseUrl: service.url, authorize: (request) => signRequest(service, { ...key, secretKey: 'another' }, request) });
    const error = await failure(wrong.resetDeviceSecret({ ...PROJECT, device_id: 'signed', action_id: 'resetSecret' }));
    assert.ok(isDeviceSecretServiceError(error) && error.status === 401);
  });
});

/** Signs a request as a vendor documents it (contracts/iotda.md section 9), with a signer that is none of Keyturn's code. */
function signRequest(service: TestService, key: Credentials, { method, url, headers, body }: OutgoingRequest): void {
  const { pathname, searchParams } = new URL(url);
  const text = body === undefined ? undefined : String(body);
  const type = headers.get('content-type');
  const made = signed(service, key, { method, path: pathname, query: [...searchParams], headers: type === null ? [] : [['Content-Type', type]], body: text });
  for (const [name, value] of made.headers) headers.set(name, value);
}
