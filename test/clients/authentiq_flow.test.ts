import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { after, before, describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { startMailServer } from '../messages/mail_server.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { codeTo, messagesTo } from './codes.ts';
import { IdentityKey } from './identity_key.ts';
import { Swagger, asJson } from './swagger.ts';

describe('swagger-client with the document of the Authentiq API', () => {
  let service: TestService;
  let client: Swagger;
  let serial = 0;
  const email = () => `person${++serial}@example.com`;
  const phone = () => `+3120${1_000_000 + ++serial}`;

  before(async () => {
    service = await startService();
    client = await Swagger.open(service.url);
  });
  after(() => service[Symbol.asyncDispose]());

  async function registered(): Promise<IdentityKey & { secret: string }> {
    const key = new IdentityKey();
    const { status, body } = await client.call('key_register', { requestBody: key.jwt() });
    assert.equal(status, 201);
    return Object.assign(key, { secret: (body as { secret: string }).secret });
  }

  async function opened(key: IdentityKey, claims: object): Promise<string> {
    const { status, body } = await client.call('sign_request', { requestBody: key.jwt(claims) });
    assert.equal(status, 201);
    return (body as { job: string }).job;
  }

  it('registers a key and shows it', async () => {
    const key = new IdentityKey();
    const answer = await client.call('key_register', { requestBody: key.jwt({ devtoken: 'device-token' }) });
    assert.deepEqual([answer.status, answer.type], [201, 'application/json']);
    const { status, secret } = answer.body as Record<string, string>;
    assert.deepEqual([status, /^[\w-]{43}$/.test(secret ?? '')], ['registered', true]);

    const shown = await client.call('key_retrieve', { parameters: { PK: key.pk } });
    const { since, ...others } = shown.body as Record<string, string>;
    assert.deepEqual([shown.status, others], [200, { sub: key.pk, status: 'registered' }]);
    assert.equal(new Date(since ?? '').toISOString(), since);
    assert.deepEqual((await client.call('head_key__PK_', { parameters: { PK: key.pk } })).status, 200);
  });

  it('binds an address and a number, and the same ones again', async () => {
    const key = await registered();
    const jwt = key.jwt({ email: email(), phone: phone() });
    for (let time = 0; time < 2; time += 1) {
      const { status, body } = await client.call('key_bind', { parameters: { PK: key.pk }, requestBody: jwt });
      assert.deepEqual([status, body], [200, { status: 'confirmed' }]);
    }
  });

  for (const [scope, make] of [['email', email], ['phone', phone]] as const) {
    it(`has a key's ${scope} countersigned, fetches it in both forms and deletes the job`, async () => {
      const key = await registered();
      const value = make();
      const parameters = { job: await opened(key, { scope, [scope]: value }) };
      assert.deepEqual([(await client.call('sign_retrieve', { parameters })).status, (await client.call('sign_retrieve_head', { parameters })).status], [204, 204]);

      const confirmed = await client.call('sign_confirm', { parameters, requestBody: asJson({ code: await codeTo(service, value) }) });
      assert.deepEqual([confirmed.status, confirmed.body], [202, { status: 'confirmed' }]);

      const signed = await client.call('sign_update', { parameters });
      const { status, jwt } = signed.body as Record<string, string>;
      assert.deepEqual([signed.status, signed.type, status], [200, 'application/json', 'ready']);
      assert.equal((await client.call('sign_update', { parameters })).text, signed.text, 'the same bytes again');

      const keys = (await (await fetch(`${service.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet;
      const { payload } = await jwtVerify(jwt ?? '', createLocalJWKSet(keys), { issuer: service.url, subject: key.pk });
      assert.deepEqual([payload['scope'], payload[scope]], [scope, value]);

      const shown = await client.call('sign_retrieve', { parameters });
      assert.deepEqual([shown.status, shown.body], [200, { sub: key.pk, field: scope, [scope]: value, exp: payload.exp }]);
      const bare = await client.call('sign_retrieve', { parameters, responseContentType: 'application/jwt' });
      assert.deepEqual([bare.status, bare.type, bare.text], [200, 'application/jwt', jwt]);
      assert.equal((await client.call('sign_retrieve_head', { parameters })).status, 200);

      assert.deepEqual((await client.call('sign_delete', { parameters })).body, { status: 'done' });
      assert.equal((await client.call('sign_retrieve', { parameters })).status, 404);
      assert.deepEqual(await messagesTo(service, value), [], 'the message is gone with its job');
    });
  }

  it('updates a registration by what an issuer has signed', async () => {
    const key = await registered();
    const address = email();
    const parameters = { job: await opened(key, { scope: 'email', email: address }) };
    await client.call('sign_confirm', { parameters, requestBody: asJson({ code: await codeTo(service, address) }) });
    const { jwt } = (await client.call('sign_update', { parameters })).body as { jwt: string };
    const updated = await client.call('key_update', { parameters: { PK: key.pk }, requestBody: key.jwt({ devtoken: 'another', scopes: [jwt] }) });
    assert.deepEqual([updated.status, updated.body], [200, { status: 'confirmed' }]);
    const other = await registered();
    const taken = await client.call('key_bind', { parameters: { PK: other.pk }, requestBody: other.jwt({ email: address }) });
    assert.equal((taken.body as { type: string }).type, 'duplicate-hash');
  });

  it('pushes a login to the device of a key', async () => {
    const key = new IdentityKey();
    const devtoken = `token-${++serial}`;
    await client.call('key_register', { requestBody: key.jwt({ devtoken }) });
    const callback = 'https://app.example/login?state=a%20b&next=%2F';
    const requestBody = key.jwt({ iss: 'https://app.example', aud: callback });
    const { status, body } = await client.call('push_login_request', { parameters: { callback }, requestBody });
    assert.deepEqual([status, body], [200, { status: 'sent' }]);
    const [message] = await messagesTo(service, devtoken);
    assert.deepEqual([message?.channel, message?.body.includes(requestBody)], ['PUSH', true]);
  });

  it('revokes a key by its secret, and again', async () => {
    const key = await registered();
    for (let time = 0; time < 2; time += 1) {
      const { status, body } = await client.call('key_revoke', { parameters: { PK: key.pk, secret: key.secret } });
      assert.deepEqual([status, body], [200, { status: 'done' }]);
    }
    assert.equal((await client.call('key_retrieve', { parameters: { PK: key.pk } })).status, 410);
    assert.equal((await client.call('head_key__PK_', { parameters: { PK: key.pk } })).status, 410);
  });

  it('revokes a key without its secret, by the code that goes to its address and number', async () => {
    const key = await registered();
    const both = { email: email(), phone: phone() };
    await client.call('key_bind', { parameters: { PK: key.pk }, requestBody: key.jwt(both) });
    const pending = await client.call('key_revoke_nosecret', { parameters: both });
    assert.deepEqual([pending.status, pending.body], [200, { status: 'pending' }]);
    assert.equal((await client.call('key_revoke_nosecret', { parameters: both })).status, 409);
    const code = await codeTo(service, both.email);
    assert.equal(code, await codeTo(service, both.phone));
    const done = await client.call('key_revoke_nosecret', { parameters: { ...both, code } });
    assert.deepEqual([done.status, done.body], [200, { status: 'done' }]);
    assert.equal((await client.call('key_retrieve', { parameters: { PK: key.pk } })).status, 410);
    const next = await registered();
    const freed = await client.call('key_bind', { parameters: { PK: next.pk }, requestBody: next.jwt(both) });
    assert.equal(freed.status, 200, 'its address and number are free');
  });
});

describe('swagger-client and a mail server', () => {
  it('has an address countersigned by the code that came by mail', async () => {
    await using mailServer = await startMailServer();
    await using service = await startService({
      settings: { KEYTURN_SMTP_URL: `smtp://127.0.0.1:${mailServer.port}`, KEYTURN_MAIL_FROM: 'codes@keyturn.example' },
    });
    const client = await Swagger.open(service.url);
    const key = new IdentityKey();
    await client.call('key_register', { requestBody: key.jwt() });
    const { body } = await client.call('sign_request', { requestBody: key.jwt({ scope: 'email', email: 'ann@example.com' }) });
    const { job } = body as { job: string };
    await eventually(async () => assert.equal(mailServer.mails.length, 1));
    const code = /\b\d{6}\b/.exec(mailServer.mails[0]?.text ?? '')?.[0];
    await client.call('sign_confirm', { parameters: { job }, requestBody: asJson({ code }) });
    assert.equal((await client.call('sign_update', { parameters: { job } })).status, 200);
    await eventually(async () => assert.deepEqual((await messagesTo(service, 'ann@example.com')).map((each) => [each.state, each.body]), [['SENT', '']]));
  });
});
