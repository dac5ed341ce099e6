import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { IssueTokenRequest } from '../../../gen/keyturn/v1/device_token_service.ts';
import { UUID, WIRES, requestIdOf } from '../answer.ts';
import type { Wire } from '../answer.ts';
import { Bench } from '../harness.ts';
import { REST, withBench } from '../rows.ts';
import { NOTHING, SCOPES, assertRefused, assertToken, runIssueRows, sendIssue, storedTokens } from './issue_rows.ts';
import type { Asked, IssueRequest, IssueRow } from './issue_rows.ts';
import { ISSUE, authenticationJwt, newToken } from './kit.ts';

const ALL = SCOPES.join(' ');
const FORM = 'application/x-www-form-urlencoded';

const targets = (want: 'OK' | 'E404', list: readonly string[]): IssueRow[] => list.map((target) => ({ name: `POST ${target}`, want, wires: REST, request: () => ({ target }) }));

const ROUTES: readonly IssueRow[] = [
  ...targets('OK', ['?', '?x=1', '?client_id=other&scope=b', '?scope=1&scope=2', '?%zz', '?%ff', '?%00', '?/../?%'].map((query) => ISSUE + query)),
  ...targets('OK', ['/as/%74oken', '/%61s/token']),
  ...targets('E404', ['/as/token/', '/as/token//', '/as/token/x', '/as//token', '/as/./token', '/as/x/../token', '/as/Token', '/as/tokens', '/as/token:x', '/as/token;x=1', '/as/token.json', '/as/token%20', '/as/token%3Fx', '/as/token%00', '/as', '/as/', '/as/token/?x']),
  ...['text/html', '', 'not/a/type'].map((value): IssueRow => ({ name: `Accept: ${value}`, want: 'OK', wires: REST, request: () => ({ headers: [['Accept', value]] }) })),
  { name: 'X-HTTP-Method-Override', want: 'OK', wires: REST, request: () => ({ headers: [['X-HTTP-Method-Override', 'DELETE']] }) },
];

const METHODS = ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'LINK'];

const padded = (size: number) => ({ device: { id: client_id } }: Asked): IssueRequest => {
  const bare = JSON.stringify({ client_id, x: '' }).length;
  return { body: JSON.stringify({ client_id, x: 'x'.repeat(size - bare) }) };
};
const form = (size: number) => ({ device: { id } }: Asked): IssueRequest => ({ type: FORM, body: `client_id=${id}&x=`.padEnd(size, 'x') });
const also = (request: (asked: Asked) => IssueRequest, more: IssueRequest) => (asked: Asked): IssueRequest => ({ ...request(asked), ...more });

const SIZES: readonly IssueRow[] = (
  [
    { name: '16384 bytes of JSON', want: 'OK', request: padded(16_384) },
    { name: '16385 bytes of JSON', want: 'E400', request: padded(16_385) },
    { name: '16384 bytes of form', want: 'OK', request: form(16_384) },
    { name: '16385 bytes of form', want: 'E400', request: form(16_385) },
    { name: '16384 bytes in chunks', want: 'OK', request: also(padded(16_384), { chunk: 4096 }) },
    { name: '16385 bytes in chunks', want: 'E400', request: also(padded(16_385), { chunk: 4096 }) },
    { name: '16384 bytes and no good JWT', want: 'E401', request: also(padded(16_384), { authorization: 'x' }) },
    { name: '16385 bytes and no good JWT', want: 'E400', request: also(padded(16_385), { authorization: 'x' }) },
    { name: '16385 bytes and no JWT at all', want: 'E400', request: also(padded(16_385), { authorization: undefined }) },
    { name: '16385 bytes of another type', want: 'E400', request: also(padded(16_385), { type: 'text/plain' }) },
    { name: '16385 bytes at an unknown path', want: 'E404', request: also(padded(16_385), { target: '/as/token/' }) },
    { name: '100 000 bytes', want: 'E400', request: padded(100_000) },
  ] satisfies Omit<IssueRow, 'wires'>[]
).map((row) => Object.assign({ wires: REST }, row));

describe('section 2: the path and the method of a token request', () => {
  const bench = withBench();
  runIssueRows(bench, ROUTES);

  for (const method of METHODS) {
    it(`E404, never 405, and the jti is not spent: ${method} ${ISSUE}`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const request = { authorization: authenticationJwt(device), clientId: device.id };
      for (const target of [ISSUE, `${ISSUE}?x=1`]) {
        const answer = await sendIssue(bench(), 'rest', { ...request, method, target });
        assertRefused(answer, 'E404');
        assert.equal(answer.headers.get('allow'), undefined);
      }
      assertToken(await sendIssue(bench(), 'rest', request), ALL);
    });
  }

  it(`E404 without a body: HEAD ${ISSUE}`, async () => {
    const [head, get] = [await bench().rest.send({ method: 'HEAD', target: ISSUE }), await bench().rest.send({ method: 'GET', target: ISSUE })];
    assert.deepEqual([head.status, head.body, head.headers.get('content-type'), head.headers.get('allow')], [404, '', ['application/json'], undefined]);
    assert.deepEqual(head.headers.get('content-length'), get.headers.get('content-length'));
    assert.match(requestIdOf(head), UUID);
  });
});

describe('section 4: the body limit of a token request', () => {
  const bench = withBench();
  runIssueRows(bench, SIZES);

  it('E400 grpc: a message of 16385 bytes, whatever the JWT; one of 16384 is read', async () => {
    const device = await bench().device({ scopes: SCOPES });
    const jwt = authenticationJwt(device);
    const known = Buffer.from(IssueTokenRequest.encode({ clientId: device.id, scope: '' }).finish());
    const sized = (size: number): Buffer => {
      const rest = size - known.length - 3;
      return Buffer.concat([known, Buffer.from([0x7a, (rest & 0x7f) | 0x80, rest >> 7]), Buffer.alloc(rest)]);
    };
    assertRefused(await sendIssue(bench(), 'grpc', { authorization: jwt, body: sized(16_385) }), 'E400');
    assertRefused(await sendIssue(bench(), 'grpc', { authorization: 'x', body: sized(16_385) }), 'E400');
    assertRefused(await sendIssue(bench(), 'grpc', { authorization: 'x', body: sized(16_384) }), 'E401');
    assertToken(await sendIssue(bench(), 'grpc', { authorization: jwt, body: sized(16_384) }), ALL);
  });
});

/** Every answer of IssueToken, by its name in section 3, for one request id. */
async function everyAnswer(bench: Bench, wire: Wire, requestId?: string): Promise<void> {
  const device = await bench.device({ scopes: SCOPES });
  const good: IssueRequest = { authorization: authenticationJwt(device), clientId: device.id, ...(requestId === undefined ? {} : { requestId }) };
  const refused = async (want: 'E400' | 'E401' | 'E403' | 'E404' | 'E429' | 'E500', request: IssueRequest, reason?: string): Promise<void> =>
    assertRefused(await sendIssue(bench, wire, { ...good, ...request }), want, { requestId, reason });
  if (wire === 'rest') await refused('E404', { method: 'GET' });
  await refused('E400', { scope: '  ' });
  await refused('E401', { authorization: 'x' });
  await refused('E401', { clientId: 'x' }, 'CLIENT_ID_MISMATCH');
  await refused('E403', { scope: 'b' });
  await bench.operator('POST', `/v1/devices/${device.id}:freeze`);
  await refused('E403', {}, 'DEVICE_FROZEN');
  await bench.operator('POST', `/v1/devices/${device.id}:unfreeze`);
  for (const table of ['used_jti', 'device_token', 'device_token_chain', 'audit_event']) {
    await bench.sql.query(`alter table ${table} rename to ${table}_away`);
    try {
      await refused('E500', {}, 'DEVICE_SERVICE_FAILED');
    } finally {
      await bench.sql.query(`alter table ${table}_away rename to ${table}`);
    }
  }
  assert.deepEqual(await storedTokens(bench.sql, device.id), NOTHING);
  const answer = await sendIssue(bench, wire, good);
  assertToken(answer, ALL);
  if (requestId === undefined) assert.match(requestIdOf(answer), UUID);
  else assert.equal(requestIdOf(answer), requestId);
  await refused('E429', { authorization: authenticationJwt(device) });
}

describe('section 3: answers to token requests', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1' });

  for (const wire of WIRES) {
    it(`${wire}: all of them, each with a request id of its own`, () => everyAnswer(bench(), wire));
    for (const requestId of ['a:b', 'abc-DEF_1.2~3:4+5/6=', 'x'.repeat(128)]) {
      it(`${wire}: all of them with the request id ${requestId.slice(0, 20)}`, () => everyAnswer(bench(), wire, requestId));
    }
    it(`${wire}: a request id that is not of the pattern is replaced, in the body too`, async () => {
      for (const requestId of ['x'.repeat(129), 'a b', '<script>', 'a"b', 'a,b']) {
        const device = await bench().device({ scopes: SCOPES });
        assertRefused(await sendIssue(bench(), wire, { authorization: 'x', clientId: device.id, requestId }), 'E401');
        const answer = await sendIssue(bench(), wire, { authorization: authenticationJwt(device), clientId: device.id, requestId });
        assertToken(answer, ALL);
        assert.match(requestIdOf(answer), UUID);
      }
    });
  }
});

describe('section 9: settings of token requests', () => {
  for (const word of ['Forbbiden', 'Forbidden']) {
    it(`forbidden_status ${word}`, async () => {
      await using bench = await Bench.start({ KEYTURN_IOTHENTIX_FORBIDDEN_STATUS: word });
      const [device, frozen] = [await bench.device(), await bench.device({ frozen: true })];
      for (const [who, reason] of [[device, 'SCOPE_NOT_ALLOWED'], [frozen, 'DEVICE_FROZEN']] as const) {
        const request = { authorization: authenticationJwt(who), clientId: who.id, scope: 'b', requestId: 'r' };
        const answer = await sendIssue(bench, 'rest', request);
        assert.deepEqual([answer.status, answer.body], [403, `{"error":{"code":403,"status":"${word}","request":"r","message":"Forbidden"}}`]);
        const other = await sendIssue(bench, 'grpc', request);
        assert.deepEqual([other.status, other.body, other.reason], [7, 'Forbidden', reason]);
      }
    });
  }

  for (const seconds of [1, 600, 31_536_000]) {
    it(`access_token_seconds ${seconds}: told and kept`, async () => {
      await using bench = await Bench.start({ KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: String(seconds) });
      for (const wire of WIRES) {
        const device = await bench.device({ scopes: SCOPES });
        assertToken(await sendIssue(bench, wire, { authorization: authenticationJwt(device), clientId: device.id }), ALL, seconds);
        const { rows } = await bench.sql.query('select extract(epoch from expires_at - issued_at)::int as seconds from device_token where device_id = $1', [device.id]);
        assert.deepEqual(rows, [{ seconds }]);
      }
    });
  }

  it('access_token_seconds is 3599 by default', async () => {
    await using bench = await Bench.start();
    assert.equal((await newToken(bench, 'rest', await bench.device())).expires_in, 3599);
  });
});
