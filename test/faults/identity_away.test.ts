import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { IdentityBindingServiceService as Service } from '../../gen/keyturn/v1/identity_binding_service.ts';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { assertIdentityRefusal } from '../wire/identity/errors.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { RestClient } from '../wire/rest.ts';
import { eventually } from './fixtures/child.ts';
import { request } from './fixtures/device.ts';

const KEY = newIdentityKey();
const { pk } = KEY;
const EMAIL = 'user@example.com';
const PHONE = '+31201234567';
const JOB = 'AAAAAAAAAAAAAAAAAAAA';
const JWT = selfSigned(KEY, { email: EMAIL });
const SCOPE = selfSigned(KEY, { scope: 'email', email: EMAIL });
const CALLBACK = 'https://a.example/';
const LOGIN = selfSigned(KEY, { iss: 'https://b.example/', aud: CALLBACK });

/** Every call with what would lead it to the database: as a request, and as a message. */
const CALLS: readonly (readonly [method: keyof typeof Service, http: string, body: string | undefined, message: object])[] = [
  ['keyRegister', 'POST /key', JWT, { jwt: JWT }],
  ['keyRevokeNosecret', `DELETE /key?email=${EMAIL}&phone=${encodeURIComponent(PHONE)}`, undefined, { email: EMAIL, phone: PHONE }],
  ['keyRetrieve', `GET /key/${pk}`, undefined, { pk }],
  ['keyUpdate', `POST /key/${pk}`, JWT, { pk, jwt: JWT }],
  ['keyBind', `PUT /key/${pk}`, JWT, { pk, jwt: JWT }],
  ['keyRevoke', `DELETE /key/${pk}?secret=${pk}`, undefined, { pk, secret: pk }],
  ['pushLoginRequest', `POST /login?callback=${encodeURIComponent(CALLBACK)}`, LOGIN, { callback: CALLBACK, jwt: LOGIN }],
  ['signRequest', 'POST /scope', SCOPE, { jwt: SCOPE }],
  ['signRetrieve', `GET /scope/${JOB}`, undefined, { job: JOB }],
  ['signConfirm', `POST /scope/${JOB}`, '{"code":"123456"}', { job: JOB, code: '123456' }],
  ['signUpdate', `PUT /scope/${JOB}`, '', { job: JOB, jwt: '' }],
  ['signDelete', `DELETE /scope/${JOB}`, undefined, { job: JOB }],
];

describe('identity binding with the database away', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let service: TestService;
  let rest: RestClient;
  let grpc: GrpcClient;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database: own });
    rest = new RestClient(service.url);
    grpc = new GrpcClient(service.grpc);
    proxy.stop();
  });
  after(async () => {
    rest[Symbol.dispose]();
    grpc[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const ask = (http: string, body: string | undefined, headers: readonly (readonly [string, string])[] = []) => {
    const [method = '', target = ''] = http.split(' ');
    const type = body === undefined || body === '' ? [] : [['Content-Type', body.startsWith('{') ? 'application/json' : 'application/jwt'] as const];
    return rest.send({ method, target, body, headers: [...type, ...headers] });
  };

  for (const [method, http, body, message] of CALLS) {
    it(`500 internal-error and INTERNAL: ${method}`, async () => {
      assertIdentityRefusal(await ask(http, body), 'internal-error');
      assertIdentityRefusal(await grpc.call(Service[method] as never, message), 'internal-error');
    });
  }

  it('HEAD has the status without the body', async () => {
    for (const path of [`/key/${pk}`, `/scope/${JOB}`]) {
      const answer = await ask(`HEAD ${path}`, undefined);
      assert.deepEqual([answer.status, answer.body], [500, '']);
    }
  });

  it('what needs no database is refused as always', async () => {
    assertIdentityRefusal(await ask('GET /key/x', undefined), 'unknown-key');
    assertIdentityRefusal(await ask(`PUT /key/${pk}`, 'x'), 'bad-request');
    assertIdentityRefusal(await ask('GET /key/x/y', undefined), 'not-found');
    assertIdentityRefusal(await ask('PATCH /key', undefined), 'not-supported');
    assertIdentityRefusal(await grpc.call(Service.keyBind, { pk, jwt: 'x' }), 'bad-request');
  });

  it('says nothing of the database, an address or a JWT in its log', () => {
    const told = JSON.stringify(service.lines);
    for (const secret of [new URL(own.url).password, EMAIL, PHONE, JWT, SCOPE, LOGIN]) assert.ok(!told.includes(secret));
    assert.ok(service.lines.some(({ message }) => message === 'call failed'));
  });

  it('500 internal-error where the deadline of a request has passed, too', async () => {
    proxy.restore();
    await eventually(async () => assert.equal((await request(`${service.url}/readyz`)).status, 200));
    const sql = await connect(own.url);
    try {
      await sql.query('begin');
      await sql.query('lock table identity, identity_address, identity_revocation, identity_job in access exclusive mode');
      const answers = await Promise.all(CALLS.map(([, http, body]) => ask(http, body, [['grpc-timeout', '100m']])));
      for (const answer of answers) assertIdentityRefusal(answer, 'internal-error');
    } finally {
      await sql.end();
    }
  });
});
