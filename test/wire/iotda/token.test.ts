import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { fromJson, toBinary } from '@bufbuild/protobuf';
import type { JsonObject } from '@bufbuild/protobuf';
import { before, describe, it } from 'mocha';
import { IamServiceService } from '../../../gen/keyturn/v1/iam_service.ts';
import { loadImage } from '../../../src/contract/image.ts';
import { createProject, createUser, operate, tokenRequest } from '../../support/iotda.ts';
import type { TestUser } from '../../support/iotda.ts';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { withBench } from '../rows.ts';
import { PATIENT, assertLetIn, assertRefused, askDevice } from './kit.ts';

type Json = Record<string, unknown>;

const DAY = 86_400_000;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** Replaces what is at a path such as `auth.scope` in a copy; undefined takes it away. */
function change(body: object, path: string, value: unknown): Json {
  const copy = structuredClone(body) as Json;
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at = copy;
  for (const name of names) at = at[name] as Json;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

function tokenOf({ headers }: Answer): string {
  return headers.get('x-subject-token')?.[0] ?? assert.fail('there is no token');
}

/** The request over gRPC that has such a body over REST. */
function messageOf(body: object): Buffer {
  const { registry } = loadImage();
  const desc = registry.getMessage('keyturn.v1.CreateTokenRequest') ?? assert.fail();
  return Buffer.from(toBinary(desc, fromJson(desc, { credentials: body } as JsonObject, { ignoreUnknownFields: true })));
}

describe('POST /v3/auth/tokens', () => {
  const bench = withBench(PATIENT);
  let user: TestUser;
  before(async () => {
    const projectId = await createProject(bench().service, 'eu-west');
    user = await createUser(bench().service, { projectId });
  });

  const post = (body: string | undefined, query = '', type: string | null = 'application/json'): Promise<Answer> =>
    bench().rest.send({ target: `/v3/auth/tokens${query}`, headers: type === null ? [] : [['Content-Type', type]], body });
  const ask = (wire: Wire, body: object): Promise<Answer> =>
    wire === 'rest' ? post(JSON.stringify(body)) : bench().grpc.call(IamServiceService.createToken, messageOf(body));

  it('answers to the byte, with the token in a header', async () => {
    const { service, sql } = bench();
    const now = service.clock.now().getTime();
    const answer = await post(JSON.stringify(tokenRequest(user)));
    assert.equal(answer.status, 201, answer.body);
    const { token } = JSON.parse(answer.body) as { token: { expires_at: string; issued_at: string } };
    const domain = `{"id":"${createHash('sha256').update(user.domain).digest('hex').slice(0, 32)}","name":"${user.domain}"}`;
    assert.equal(
      answer.body,
      `{"token":{"catalog":[],"expires_at":"${token.expires_at}","issued_at":"${token.issued_at}","methods":["password"],` +
        `"project":{"domain":${domain},"id":"${user.projectId}","name":"eu-west"},"roles":[{"id":"0","name":""}],` +
        `"user":{"domain":${domain},"id":"${user.userId}","name":"${user.name}","password_expires_at":""}}}`,
    );
    for (const time of [token.expires_at, token.issued_at]) assert.match(time, TIME);
    assert.equal(Date.parse(token.expires_at) - Date.parse(token.issued_at), DAY);
    assert.ok(Math.abs(Date.parse(token.issued_at) - now) < 10_000);
    assert.match(tokenOf(answer), /^[A-Za-z0-9_-]{43}$/);
    assert.deepEqual([answer.headers.get('content-type'), answer.headers.get('cache-control')], [['application/json'], ['no-store']]);
    assert.ok(answer.headers.has('X-Subject-Token'.toLowerCase()));
    const { rows } = await sql.query<{ found: boolean }>('select true as found from iam_token where token_sha256 = $1', [createHash('sha256').update(tokenOf(answer)).digest()]);
    assert.deepEqual(rows, [{ found: true }]);
  });

  it('leaves the catalog out with nocatalog, whatever it is', async () => {
    for (const query of ['?nocatalog', '?nocatalog=', '?nocatalog=true', '?nocatalog=false', '?other=1&nocatalog']) {
      const answer = await post(JSON.stringify(tokenRequest(user)), query);
      assert.equal(answer.status, 201);
      assert.ok(answer.body.startsWith('{"token":{"expires_at":"'), answer.body);
    }
    assert.ok((await post(JSON.stringify(tokenRequest(user)), '?other')).body.startsWith('{"token":{"catalog":[],'));
  });

  for (const wire of WIRES) {
    it(`${wire}: a token is good for calls, and a new one does not end it`, async () => {
      const [one, two] = [await ask(wire, tokenRequest(user)), await ask(wire, tokenRequest(user))];
      assert.notEqual(tokenOf(one), tokenOf(two));
      for (const each of WIRES) for (const answer of [one, two]) assertLetIn(await askDevice(bench(), each, [['X-Auth-Token', tokenOf(answer)]], user.projectId));
    });

    it(`${wire}: takes the project by its id, its name, and its id in the place of the name`, async () => {
      for (const project of [{ id: user.projectId }, { name: 'eu-west' }, { name: user.projectId }, { id: user.projectId, name: 'eu-west' }]) {
        const answer = await ask(wire, change(tokenRequest(user), 'auth.scope.project', project));
        assert.match(tokenOf(answer), /^.{43}$/, JSON.stringify(project));
      }
    });

    const WRONG: readonly (readonly [string, string, unknown])[] = [
      ['another password', 'auth.identity.password.user.password', 'another password'],
      ['a password with a blank', 'auth.identity.password.user.password', ' '],
      ['a password of a megabyte less a little', 'auth.identity.password.user.password', 'x'.repeat(900_000)],
      ['an unknown user', 'auth.identity.password.user.name', 'nobody'],
      ['another domain', 'auth.identity.password.user.domain.name', 'umbrella'],
      ['the domain in capitals', 'auth.identity.password.user.domain.name', 'ACME'],
      ['an unknown project', 'auth.scope.project', { id: 'nothing' }],
      ["a project that is not the user's", 'auth.scope.project', { id: 'default' }],
      ['the name of an unknown project', 'auth.scope.project', { name: 'nothing' }],
      ['the id and the name of two projects', 'auth.scope.project', { id: 'nothing', name: 'eu-west' }],
    ];
    for (const [name, path, value] of WRONG) {
      it(`${wire}: I401 for ${name}`, async () => assertRefused(await ask(wire, change(tokenRequest(user), path, value)), 'I401', 'IAM_CREDENTIALS_WRONG'));
    }

    const MALFORMED: readonly (readonly [string, string, unknown])[] = [
      ...['auth', 'auth.identity', 'auth.identity.methods', 'auth.identity.password', 'auth.identity.password.user', 'auth.identity.password.user.name', 'auth.identity.password.user.password']
        .map((path) => [`no ${path}`, path, undefined] as const),
      ...['auth.identity.password.user.domain', 'auth.identity.password.user.domain.name', 'auth.scope', 'auth.scope.project'].map((path) => [`no ${path}`, path, undefined] as const),
      ['no method', 'auth.identity.methods', []],
      ['another method', 'auth.identity.methods', ['token']],
      ['two methods', 'auth.identity.methods', ['password', 'totp']],
      ['the method twice', 'auth.identity.methods', ['password', 'password']],
      ['a project without id and name', 'auth.scope.project', {}],
      ['a project with an empty id', 'auth.scope.project', { id: '' }],
      ['a domain as the scope', 'auth.scope', { domain: { name: 'acme' } }],
      ['an empty password', 'auth.identity.password.user.password', ''],
      ['an empty name', 'auth.identity.password.user.name', ''],
      ['U+0000 in the name', 'auth.identity.password.user.name', 'a\u0000b'],
    ];
    for (const [name, path, value] of MALFORMED) {
      it(`${wire}: I400 for ${name}`, async () => assertRefused(await ask(wire, change(tokenRequest(user), path, value)), 'I400'));
    }

    it(`${wire}: the trail names the user, and not the token`, async () => {
      const answer = await ask(wire, tokenRequest(user));
      const { audit_events: events } = await operate(bench().service, 'GET', '/v1/audit-events?page_size=1');
      const [event] = events as Json[];
      assert.deepEqual([event?.['action'], event?.['actor'], event?.['project_id'], event?.['details']], ['token.issued', `user:${user.userId}`, user.projectId, { user_id: user.userId }]);
      assert.ok(!JSON.stringify(events).includes(tokenOf(answer)));
    });
  }

  const BODIES: readonly (readonly [string, string | undefined, (string | null)?])[] = [
    ['no body', undefined], ['an empty body', ''], ['blanks', ' '], ['half of a body', '{"auth":'], ['null', 'null'], ['an array', '[]'], ['a string', '"auth"'], ['an empty object', '{}'],
    ['a duplicate member', '{"auth":{},"auth":{}}'], ['another media type', '{}', 'text/plain'], ['no media type', '{}', null],
    ['a null member', '{"auth":null}'], ['an array as a member', '{"auth":[]}'], ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]).toString('latin1')],
  ];
  for (const [name, body, type = 'application/json'] of BODIES) {
    it(`I400 for ${name}`, async () => assertRefused(await post(body, '', type), 'I400'));
  }

  for (const [path, value] of [['auth.identity.methods', 'password'], ['auth.identity.methods', [1]], ['auth.identity.password.user.name', 7], ['auth.identity.password.user.password', true], ['auth.scope.project', 'p'], ['auth.scope.project', { id: 1 }]] as const) {
    it(`I400 for ${JSON.stringify(value)} as ${path}`, async () => assertRefused(await post(JSON.stringify(change(tokenRequest(user), path, value))), 'I400'));
  }

  it('takes parameters of the media type, unknown members, and null for what may be absent', async () => {
    const body = change(change(tokenRequest(user), 'auth.more', { a: 1 }), 'auth.scope.project', { id: user.projectId, name: null });
    assert.equal((await post(JSON.stringify(body), '', 'application/json;charset=utf8')).status, 201);
  });

  it('paths and methods that are not there, and bodies that are too large, are answered as under /v5', async () => {
    assertRefused(await bench().rest.send({ method: 'GET', target: '/v3/auth/tokens' }), 'N029');
    assertRefused(await bench().rest.send({ method: 'GET', target: '/v3/nothing' }), 'N029');
    assertRefused(await post(' '.repeat(1_048_577)), '413');
  });
});
