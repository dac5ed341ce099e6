import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { IdentityKey } from './identity_key.ts';
import { Swagger, asJson } from './swagger.ts';
import type { SwaggerCall } from './swagger.ts';

const NO_JOB = 'A'.repeat(20);
const CALLBACK = 'https://app.example/login';

describe('what swagger-client parses of the refusals of the Authentiq API', () => {
  let service: TestService;
  let client: Swagger;
  const known = new IdentityKey();
  const revoked = new IdentityKey();
  const unknown = new IdentityKey();
  let job = '';
  let both = {};

  before(async () => {
    service = await startService();
    client = await Swagger.open(service.url);
    await client.call('key_register', { requestBody: known.jwt({ devtoken: 'known' }) });
    both = { email: 'known@example.com', phone: '+31201234567' };
    await client.call('key_bind', { parameters: { PK: known.pk }, requestBody: known.jwt(both) });
    await client.call('key_revoke_nosecret', { parameters: both });
    const { body } = await client.call('key_register', { requestBody: revoked.jwt() });
    await client.call('key_revoke', { parameters: { PK: revoked.pk, secret: (body as { secret: string }).secret } });
    ({ job } = (await client.call('sign_request', { requestBody: known.jwt({ scope: 'email', email: 'job@example.com' }) })).body as { job: string });
  });
  after(() => service[Symbol.asyncDispose]());

  type Row = readonly [name: string, operationId: string, call: () => SwaggerCall, status: number, type: string, title: string];
  const other = new IdentityKey();
  const ROWS: readonly Row[] = [
    ['an AuthentiqID as an object, to register', 'key_register', () => ({ requestBody: { sub: known.pk } }), 400, 'bad-request', 'Bad request'],
    ['an AuthentiqID as an object, to bind', 'key_bind', () => ({ parameters: { PK: known.pk }, requestBody: { sub: known.pk } }), 400, 'bad-request', 'Bad request'],
    ['an AuthentiqID as an object, to update', 'key_update', () => ({ parameters: { PK: known.pk }, requestBody: { sub: known.pk } }), 400, 'bad-request', 'Bad request'],
    ['claims as an object, to open a job', 'sign_request', () => ({ requestBody: { sub: known.pk, scope: 'email', email: 'a@b' } }), 400, 'bad-request', 'Bad request'],
    ['a push token as an object', 'push_login_request', () => ({ parameters: { callback: CALLBACK }, requestBody: { sub: known.pk } }), 400, 'bad-request', 'Bad request'],
    ['a test that is no integer', 'sign_request', () => ({ parameters: { test: 'x' }, requestBody: known.jwt({ scope: 'email', email: 'a@b' }) }), 400, 'bad-request', 'Bad request'],
    ['no address', 'key_revoke_nosecret', () => ({ parameters: { email: '', phone: '+31201234567' } }), 400, 'bad-request', 'Bad request'],
    ["another key's signature", 'key_bind', () => ({ parameters: { PK: known.pk }, requestBody: other.jwt({ sub: known.pk }) }), 401, 'auth-error', 'Authentication error'],
    ['a wrong secret', 'key_revoke', () => ({ parameters: { PK: known.pk, secret: 'wrong' } }), 401, 'auth-error', 'Authentication error'],
    ['a wrong code of a job', 'sign_confirm', () => ({ parameters: { job }, requestBody: asJson({ code: 'wrong' }) }), 401, 'auth-error', 'Authentication error'],
    ['a wrong code to revoke', 'key_revoke_nosecret', () => ({ parameters: { ...both, code: 'wrong' } }), 401, 'auth-error', 'Authentication error'],
    ['another audience', 'push_login_request', () => ({ parameters: { callback: CALLBACK }, requestBody: known.jwt({ iss: CALLBACK, aud: `${CALLBACK}/2` }) }), 401, 'aud-error', 'Audience error'],
    ['an unknown key, to show', 'key_retrieve', () => ({ parameters: { PK: unknown.pk } }), 404, 'unknown-key', 'Unknown key'],
    ['an unknown key, to bind', 'key_bind', () => ({ parameters: { PK: unknown.pk }, requestBody: unknown.jwt() }), 404, 'unknown-key', 'Unknown key'],
    ['an unknown key, to update', 'key_update', () => ({ parameters: { PK: unknown.pk }, requestBody: unknown.jwt() }), 404, 'unknown-key', 'Unknown key'],
    ['an unknown key, to revoke', 'key_revoke', () => ({ parameters: { PK: unknown.pk, secret: 'any' } }), 404, 'unknown-key', 'Unknown key'],
    ['an unknown pair, to revoke', 'key_revoke_nosecret', () => ({ parameters: { ...both, phone: '+31201234568' } }), 404, 'unknown-key', 'Unknown key'],
    ['an unknown key, to open a job', 'sign_request', () => ({ requestBody: unknown.jwt({ scope: 'email', email: 'a@b' }) }), 404, 'unknown-key', 'Unknown key'],
    ['an unknown key, to log in', 'push_login_request', () => ({ parameters: { callback: CALLBACK }, requestBody: unknown.jwt({ iss: CALLBACK, aud: CALLBACK }) }), 404, 'unknown-key', 'Unknown key'],
    ['an unknown job, to fetch', 'sign_retrieve', () => ({ parameters: { job: NO_JOB } }), 404, 'unknown-job', 'Job not found'],
    ['an unknown job, to confirm', 'sign_confirm', () => ({ parameters: { job: NO_JOB }, requestBody: asJson({ code: '123456' }) }), 404, 'unknown-job', 'Job not found'],
    ['an unknown job, to sign', 'sign_update', () => ({ parameters: { job: NO_JOB } }), 404, 'unknown-job', 'Job not found'],
    ['an unknown job, to delete', 'sign_delete', () => ({ parameters: { job: NO_JOB } }), 404, 'unknown-job', 'Job not found'],
    ['a JWT in place of the code', 'sign_confirm', () => ({ parameters: { job }, requestBody: known.jwt({ scope: 'email', email: 'job@example.com' }) }), 405, 'not-supported', 'Not supported'],
    ['a key that is registered', 'key_register', () => ({ requestBody: known.jwt() }), 409, 'duplicate-key', 'Duplicate key'],
    ['a key that was registered', 'key_register', () => ({ requestBody: revoked.jwt() }), 409, 'duplicate-key', 'Duplicate key'],
    ['a job that is not confirmed', 'sign_update', () => ({ parameters: { job } }), 409, 'confirm-first', 'Job not confirmed yet'],
    ['an open code that is not given', 'key_revoke_nosecret', () => ({ parameters: both }), 409, 'confirm-first', 'Confirm first'],
    ['a revoked key, to show', 'key_retrieve', () => ({ parameters: { PK: revoked.pk } }), 410, 'revoked-key', 'Revoked key'],
    ['a revoked key, to bind', 'key_bind', () => ({ parameters: { PK: revoked.pk }, requestBody: revoked.jwt() }), 410, 'revoked-key', 'Revoked key'],
    ['a revoked key, to open a job', 'sign_request', () => ({ requestBody: revoked.jwt({ scope: 'email', email: 'a@b' }) }), 410, 'revoked-key', 'Revoked key'],
    ['a code as an object, which the document has no type for', 'sign_confirm', () => ({ parameters: { job }, requestBody: { code: '123456' } }), 415, 'unsupported-media-type', 'Unsupported media type'],
  ];

  for (const [name, operationId, call, status, type, title] of ROWS) {
    it(`${name}: ${status} ${type}`, async () => {
      const answer = await client.call(operationId, call());
      const { detail, ...others } = answer.body as Record<string, unknown>;
      assert.deepEqual([answer.status, answer.type, others], [status, 'application/json', { error: status, type, title }]);
      assert.match(String(detail), /^[A-Z].*\.$/);
    });
  }

  it('an address that another key holds: 409 duplicate-hash', async () => {
    const second = new IdentityKey();
    await client.call('key_register', { requestBody: second.jwt() });
    const { status, body } = await client.call('key_bind', { parameters: { PK: second.pk }, requestBody: second.jwt(both) });
    assert.deepEqual([status, (body as { type: string }).type], [409, 'duplicate-hash']);
  });

  it('the fourth job of an address: 429 rate-limit, with Retry-After', async () => {
    const call = { requestBody: known.jwt({ scope: 'phone', phone: '+49301234567' }) };
    for (let time = 0; time < 3; time += 1) assert.equal((await client.call('sign_request', call)).status, 201);
    const { status, body, headers } = await client.call('sign_request', call);
    assert.deepEqual([status, (body as { type: string }).type], [429, 'rate-limit']);
    const wait = Number(headers['retry-after']);
    assert.ok(wait > 0 && wait <= 600, String(wait));
  });

  it('nothing for HEAD but the status', async () => {
    for (const [operationId, parameters] of [['head_key__PK_', { PK: unknown.pk }], ['sign_retrieve_head', { job: NO_JOB }]] as const) {
      const { status, text } = await client.call(operationId, { parameters });
      assert.deepEqual([status, text], [404, '']);
    }
  });
});
