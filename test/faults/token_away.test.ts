import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { BothClients } from '../services/folder_service.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { WIRES, assertAnswer, assertNoInternals } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import type { Device } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, operate } from '../wire/operator.ts';
import { authenticationJwt, introspect, issue, newToken, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import { eventually } from './fixtures/child.ts';
import { E500, request } from './fixtures/device.ts';

const ID: readonly [string, string] = ['x-request-id', 'r-1'];
const TABLES = ['device', 'public_key', 'used_jti', 'device_token', 'device_token_chain', 'audit_event'];

describe('tokens and checks with the database away', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let service: TestService;
  let clients: BothClients;
  let device: Device;
  let token: string;
  let jwt: string;
  let content: unknown;
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database: own });
    clients = new BothClients(service);
    device = { id: 'd-1', pair: newPair(), kind: 'P-256' };
    assertDone(await operate(clients, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair), scopes: ['refresh.token'] })));
    token = (await newToken(clients, 'rest', device)).access_token;
    jwt = authenticationJwt(device);
    content = await contentNow();
  });
  after(async () => {
    clients[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  /** All rows that these calls write, as text. */
  async function contentNow(): Promise<unknown> {
    const client = await connect(own.url);
    try {
      return (await client.query(TABLES.map((table) => `select '${table}' as name, (select json_agg(row_to_json(t)::text order by t::text) from ${table} t)::text as content`).join(' union all '))).rows;
    } finally {
      await client.end();
    }
  }

  const CALLS: Readonly<Record<string, (wire: Wire, headers: readonly (readonly [string, string])[]) => Promise<Answer>>> = {
    IssueToken: (wire, headers) => issue(clients, wire, { authorization: jwt, clientId: device.id, headers }),
    RenewToken: (wire, headers) => renew(clients, wire, { authorization: token, clientId: device.id, headers }),
    'IntrospectToken of one that counts': (wire, headers) => introspect(clients, wire, token, headers),
    'IntrospectToken of one that does not': (wire, headers) => introspect(clients, wire, 'nothing', headers),
  };

  for (const [name, send] of Object.entries(CALLS)) {
    for (const wire of WIRES) {
      it(`${wire}: E500 and nothing else: ${name}`, async () => {
        proxy.stop();
        assertFailed(await send(wire, [ID]));
      });
    }
  }

  it('a check of a JWT is INTERNAL, neither for nor against it', async () => {
    proxy.stop();
    assertFailed(await verifyJwt(clients, jwt));
  });

  it('a key set is 503 and UNAVAILABLE, to be asked for again, and not to be kept', async () => {
    proxy.stop();
    const answer = await clients.rest.send({ method: 'GET', target: `/v1/devices/${device.id}/jwks.json`, headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`]] });
    assert.equal(answer.status, 503, answer.body);
    assert.ok(!(answer.headers.get('cache-control') ?? []).some((value) => value.includes('max-age')), String(answer.headers.get('cache-control')));
    assert.equal(answer.headers.get('etag'), undefined);
  });

  it('what needs no database is refused as always', async () => {
    proxy.stop();
    for (const wire of WIRES) {
      assertAnswer(await issue(clients, wire, { authorization: 'no.jwt.x', clientId: device.id }), 'E401');
      assertAnswer(await introspect(clients, wire, ''), 'E400');
    }
    assert.match((await verifyJwt(clients, 'no.jwt.x')).body, /"active":false/);
    assert.equal((await verifyJwt(clients, jwt, 'Bearer nobody')).status, 16);
  });

  it('has used up nothing: once it is back, the same JWT and the same token do what they are for', async () => {
    proxy.restore();
    await eventually(async () => assert.equal((await request(`${service.url}/readyz`)).status, 200));
    assert.deepEqual(await contentNow(), content);
    const { access_token: second } = tokenIn(await issue(clients, 'grpc', { authorization: jwt, clientId: device.id }));
    for (const text of [token, second]) tokenIn(await renew(clients, 'rest', { authorization: text, clientId: device.id }));
    assert.match((await introspect(clients, 'rest', token)).body, /^{"active":true/);
    assert.equal((await introspect(clients, 'rest', 'nothing')).body, '{"active":false}');
  });

  it('says nothing of a token or a JWT in its log, and that calls have failed', () => {
    const told = JSON.stringify(service.lines);
    for (const secret of [new URL(own.url).password, token, jwt, ...jwt.split('.').slice(1)]) assert.ok(!told.includes(secret));
    assert.ok(service.lines.filter(({ message }) => message === 'call failed').length >= 9);
  });

  it('E500 where the deadline of a request has passed, too, and nothing of it is done', async () => {
    const sql = await connect(own.url);
    jwt = authenticationJwt(device);
    const untouched = await contentNow();
    try {
      await sql.query('begin');
      await sql.query(`lock table ${TABLES.join(', ')} in access exclusive mode`);
      const deadline = [ID, ['grpc-timeout', '100m']] as const;
      const answers = await Promise.all(Object.values(CALLS).map((send) => send('rest', deadline)));
      for (const answer of answers) assertFailed(answer);
    } finally {
      await sql.end();
    }
    // Each of them was at its read when its time was up.
    await eventually(async () => assert.deepEqual(await contentNow(), untouched));
    tokenIn(await issue(clients, 'rest', { authorization: jwt, clientId: device.id }));
  });
});

/** E500 to the byte, or INTERNAL, which says neither yes nor no. */
function assertFailed(answer: Answer): void {
  assertNoInternals(answer);
  assert.ok(!answer.body.includes('active'), answer.body);
  if (answer.wire === 'rest') assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [500, E500, ['application/json']]);
  else assert.deepEqual([answer.status, answer.reason], [13, 'DEVICE_SERVICE_FAILED']);
}
