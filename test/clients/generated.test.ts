import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { codeTo } from './codes.ts';
import { generateClient } from './generated_client.ts';
import type { GeneratedClient } from './generated_client.ts';
import { IdentityKey } from './identity_key.ts';
import { Swagger, asJson, authentiqDocument } from './swagger.ts';

/**
 * What a user of the generated client writes: the body is an AuthentiqID by its type, and the serializer, an option of the
 * client, makes a JWT of it. Each line after an @ts-expect-error must not compile.
 */
const CALLS = `
import { keyBind, signUpdate } from './client/sdk.gen.ts';
import type { AuthentiqId } from './client/types.gen.ts';

export async function bind(baseUrl: string, id: AuthentiqId, signed: (id: AuthentiqId) => string) {
  const { data, error, response } = await keyBind({ baseUrl, path: { PK: id.sub }, body: id, bodySerializer: (body) => signed(body as AuthentiqId) });
  const status: string | undefined = data?.status;
  const code: number | undefined = error?.error;
  return { status, code, type: error?.type, http: response?.status };
}

export async function countersign(baseUrl: string, job: string) {
  const { data, error, response } = await signUpdate({ baseUrl, path: { job } });
  const jwt: string | undefined = data?.jwt;
  return { status: data?.status, jwt, code: error?.error, type: error?.type, http: response?.status };
}

export const wrong = () => [
  // @ts-expect-error the path lacks PK
  keyBind({ path: {}, body: { sub: '' } }),
  // @ts-expect-error an AuthentiqID has a sub
  keyBind({ path: { PK: '' }, body: { devtoken: '' } }),
  // @ts-expect-error a job is a text
  signUpdate({ path: { job: 20 } }),
];
`;

interface Calls {
  bind(baseUrl: string, id: { sub: string }, signed: (id: object) => string): Promise<object>;
  countersign(baseUrl: string, job: string): Promise<{ jwt?: string }>;
}

describe('the client that @hey-api/openapi-ts makes of the document of the Authentiq API', () => {
  let service: TestService;
  let client: GeneratedClient<Calls>;
  let calls: Calls;

  before(async () => {
    service = await startService();
    client = await generateClient<Calls>(authentiqDocument(), CALLS);
    ({ calls } = client);
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    client[Symbol.dispose]();
  });

  it('is typed', async () => {
    assert.equal(await client.compile(), '');
  });

  it('binds a key and has a job countersigned', async () => {
    const swagger = await Swagger.open(service.url);
    const key = new IdentityKey();
    const bind = (claims: object) => calls.bind(service.url, { sub: key.pk, ...claims }, (id) => key.jwt(id));
    assert.deepEqual(await bind({}), { status: undefined, code: 404, type: 'unknown-key', http: 404 });
    await swagger.call('key_register', { requestBody: key.jwt() });
    assert.deepEqual(await bind({ email: 'one@example.com' }), { status: 'confirmed', code: undefined, type: undefined, http: 200 });

    const { body } = await swagger.call('sign_request', { requestBody: key.jwt({ scope: 'email', email: 'one@example.com' }) });
    const { job } = body as { job: string };
    assert.deepEqual(await calls.countersign(service.url, job), { status: undefined, jwt: undefined, code: 409, type: 'confirm-first', http: 409 });
    await swagger.call('sign_confirm', { parameters: { job }, requestBody: asJson({ code: await codeTo(service, 'one@example.com') }) });
    const { jwt = '', ...others } = await calls.countersign(service.url, job);
    assert.deepEqual(others, { status: 'ready', code: undefined, type: undefined, http: 200 });
    const stored = await swagger.call('sign_retrieve', { parameters: { job }, responseContentType: 'application/jwt' });
    assert.equal(jwt, stored.text);
  });

  it('sends an AuthentiqID as JSON if nobody tells it to sign, which is refused', async () => {
    const key = new IdentityKey();
    const unsigned = await calls.bind(service.url, { sub: key.pk }, JSON.stringify);
    assert.deepEqual(unsigned, { status: undefined, code: 400, type: 'bad-request', http: 400 });
  });
});
