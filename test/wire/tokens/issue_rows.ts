import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { WIRES, assertAnswer, assertJsonHeaders, assertNoInternals } from '../answer.ts';
import type { Answer, AnswerDetails, Want, Wire } from '../answer.ts';
import type { Bench, Clients, Device, DeviceOptions } from '../harness.ts';
import { newJti } from '../jwt.ts';
import type { Draft } from '../jwt.ts';
import { ISSUE, TOKEN, authenticationJwt, issue } from './kit.ts';
import type { TokenAnswer, TokenRequest } from './kit.ts';

/** A call of IssueToken, with what only raw HTTP can say. */
export interface IssueRequest extends TokenRequest {
  readonly target?: string;
  readonly method?: string;
  readonly chunk?: number;
}

/** A good request that a row starts from. */
export interface Asked {
  readonly device: Device;
  readonly jwt: string;
  readonly jti: string;
}

/** One case: a good request of a new device with the scopes `SCOPES`, but for what the row changes, and its answer. */
export interface IssueRow {
  readonly name: string;
  readonly want: Exclude<Want, 'REPLAYED'>;
  /** The reason over gRPC, where it is not the usual one of the envelope. */
  readonly reason?: string;
  /** The scope of a token that is issued; all of the device unless given. */
  readonly scope?: string;
  readonly device?: DeviceOptions;
  /** Changes the JWT before it is signed; `bench` gives the clock. */
  readonly edit?: (draft: Draft, bench: Bench) => void;
  readonly request?: (asked: Asked) => IssueRequest;
  /** The wires it concerns; both unless given. */
  readonly wires?: readonly Wire[];
}

export const SCOPES: readonly string[] = ['telemetry.write', 'refresh.token', 'a'];

/** The reason of each refusal, where a case does not name another. */
const USUAL: Partial<Record<Want, string>> = {
  E400: 'DEVICE_REQUEST_MALFORMED',
  E401: 'DEVICE_UNAUTHENTICATED',
  E403: 'SCOPE_NOT_ALLOWED',
  E429: 'TOKEN_RATE_LIMITED',
};

/** Sends one IssueToken over a wire. */
export function sendIssue(clients: Clients, wire: Wire, request: IssueRequest): Promise<Answer> {
  if (wire === 'grpc') return issue(clients, wire, request);
  const { authorization, clientId, scope, requestId, headers = [], body, type = 'application/json', target = ISSUE, method = 'POST', chunk } = request;
  const all: (readonly [string, string])[] = [];
  if (authorization !== undefined) all.push(['Authorization', authorization]);
  if (type !== null) all.push(['Content-Type', type]);
  if (requestId !== undefined) all.push(['X-Request-ID', requestId]);
  return clients.rest.send({
    method,
    target,
    headers: [...all, ...headers],
    body: body ?? JSON.stringify({ client_id: clientId, scope }),
    ...(chunk === undefined ? {} : { chunk }),
  });
}

/** Compares a refusal of IssueToken with the contract, byte for byte. */
export function assertRefused(answer: Answer, want: Want, { reason = USUAL[want], requestId }: AnswerDetails = {}): void {
  assertAnswer(answer, want, { reason, requestId });
  assert.equal(answer.headers.has('retry-after'), want === 'E429');
  if (answer.wire === 'rest') assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
}

/** Compares a 200 with section 8.1, byte for byte, and gives the token. */
export function assertToken(answer: Answer, scope: string, seconds = 3599): string {
  assert.equal(answer.status, answer.wire === 'rest' ? 200 : 0, answer.body);
  assertNoInternals(answer);
  const { access_token: token } = JSON.parse(answer.body) as TokenAnswer;
  assert.match(token, TOKEN);
  assert.equal(token.length, 87);
  assert.equal(answer.body, `{"access_token":"${token}","expires_in":${seconds},"scope":"${scope}","token_type":"bearer"}`);
  assert.equal(answer.headers.get('x-request-id')?.length, 1);
  if (answer.wire === 'rest') {
    assertJsonHeaders(answer);
    assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
  }
  return token;
}

/** What the tables have of the tokens of a device. */
export interface StoredTokens {
  readonly jtis: string[];
  /** SHA-256 in hex. */
  readonly tokens: string[];
  readonly chains: number;
  /** The details of `device_token.issued`. */
  readonly audits: object[];
}

const STORED = `select
  array(select jti from used_jti where device_id = $1 order by 1) as jtis,
  array(select encode(token_sha256, 'hex') from device_token where device_id = $1 order by 1) as tokens,
  (select count(*)::int from device_token_chain where device_id = $1) as chains,
  array(select details::json from audit_event where device_id = $1 and action = 'device_token.issued' order by event_id) as audits`;

export async function storedTokens(sql: Pool, deviceId: string): Promise<StoredTokens> {
  const { rows } = await sql.query<StoredTokens>(STORED, [deviceId]);
  return rows[0] ?? assert.fail();
}

export function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** What is stored of a device that has got this one token, and nothing else. */
export function storedOf(jti: string, token: string, scope: string): StoredTokens {
  return { jtis: [jti.toLowerCase()], tokens: [sha256Of(token)], chains: 1, audits: [{ jti: jti.toLowerCase(), scope }] };
}

export const NOTHING: StoredTokens = { jtis: [], tokens: [], chains: 0, audits: [] };

/** Runs every row over its wires, each on a device of its own. */
export function runIssueRows(bench: () => Bench, rows: readonly IssueRow[]): void {
  for (const row of rows) {
    for (const wire of row.wires ?? WIRES) it(`${row.want} ${wire}: ${row.name}`, () => runRow(bench(), wire, row));
  }
}

async function runRow(bench: Bench, wire: Wire, row: IssueRow): Promise<void> {
  const device = await bench.device({ scopes: SCOPES, ...row.device });
  const scopes = (row.device?.scopes ?? SCOPES).join(' ');
  let jti = newJti();
  const jwt = authenticationJwt(device, {
    jti,
    edit(draft) {
      row.edit?.(draft, bench);
      const { jti: sent } = draft.payload;
      if (typeof sent === 'string' && /^[0-9A-Fa-f]{32,64}$/.test(sent)) jti = sent;
    },
  });
  const request = { authorization: jwt, clientId: device.id, ...row.request?.({ device, jwt, jti }) };
  const answer = await sendIssue(bench, wire, request);
  if (row.want === 'OK') {
    const scope = row.scope ?? scopes;
    const token = assertToken(answer, scope);
    return assert.deepEqual(await storedTokens(bench.sql, device.id), storedOf(jti, token, scope));
  }
  assertRefused(answer, row.want, { reason: row.reason, requestId: request.requestId });
  assert.deepEqual(await storedTokens(bench.sql, device.id), NOTHING);
  // The jti is not burnt: once the cause is gone, a good request with it goes through.
  if (row.device?.frozen === true) await bench.operator('POST', `/v1/devices/${device.id}:unfreeze`);
  const again = row.want === 'E401' && row.edit !== undefined ? authenticationJwt(device, { jti }) : jwt;
  assertToken(await sendIssue(bench, wire, { authorization: again, clientId: device.id }), scopes);
}
