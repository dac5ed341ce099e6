import assert from 'node:assert/strict';
import type { Environment } from '../../../src/config/index.ts';
import { assertAnswer, assertJsonHeaders, requestIdOf } from '../answer.ts';
import type { Answer, Want, Wire } from '../answer.ts';
import type { Bench, Clients, Device } from '../harness.ts';
import { newToken, renew, tokenIn } from './kit.ts';
import type { TokenAnswer, TokenRequest } from './kit.ts';

export const REFRESH = 'refresh.token';
/** What devices of these tests may have, in this order. */
export const SCOPES: readonly string[] = ['telemetry.write', REFRESH, 'config.read'];
/** For benches whose calls are refused more often than a peer's may be. */
export const MANY_FAILURES: Environment = { KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' };

/** Refusals of contracts/iothentix.md 8.2, each with its reason over gRPC. */
export const REFUSALS = {
  LARGE: ['E400', 'DEVICE_REQUEST_MALFORMED'],
  TOKEN: ['E401', 'DEVICE_UNAUTHENTICATED'],
  FORM: ['E400', 'DEVICE_REQUEST_MALFORMED'],
  CLIENT: ['E401', 'CLIENT_ID_MISMATCH'],
  REFRESH: ['E403', 'RENEWAL_NOT_ALLOWED'],
  SCOPE: ['E403', 'SCOPE_NOT_ALLOWED'],
  EXHAUSTED: ['E403', 'RENEWALS_EXHAUSTED'],
  RATE: ['E429', 'TOKEN_RATE_LIMITED'],
} as const satisfies Record<string, readonly [Want, string]>;
export type RefusalName = keyof typeof REFUSALS;

/** Compares a refusal byte for byte. */
export function assertRefused(answer: Answer, name: RefusalName, requestId?: string): void {
  const [want, reason] = REFUSALS[name];
  assertAnswer(answer, want, { reason, requestId });
  assert.equal(answer.headers.has('retry-after'), name === 'RATE');
}

/** Compares an answer with a token byte for byte, and returns the token. */
export function assertGranted(answer: Answer, scope: string, seconds = 3599): TokenAnswer {
  const token = tokenIn(answer);
  assert.equal(answer.body, `{"access_token":"${token.access_token}","expires_in":${seconds},"scope":"${scope}","token_type":"bearer"}`);
  assert.notEqual(requestIdOf(answer), '');
  if (answer.wire === 'rest') {
    assertJsonHeaders(answer);
    assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
  }
  return token;
}

/** A device with a token. */
export interface Holder {
  readonly device: Device;
  readonly token: string;
}

/** Registers a device and gets it a token, with all its scopes unless others are given. */
export async function holder(bench: Bench, wire: Wire, { scopes = SCOPES, asked }: { scopes?: readonly string[]; asked?: string } = {}): Promise<Holder> {
  const device = await bench.device({ scopes });
  return { device, token: (await newToken(bench, wire, device, asked)).access_token };
}

/** Renews the token of a holder, but for what `changes` say. */
export function renewIts(clients: Clients, wire: Wire, { device, token }: Holder, changes: TokenRequest = {}): Promise<Answer> {
  return renew(clients, wire, { authorization: token, clientId: device.id, ...changes });
}

/** What is stored of a device's tokens: how many there are, chains with their counts, and audit rows of renewals. */
export async function storedTokens({ sql }: Pick<Bench, 'sql'>, { device }: Holder): Promise<{ tokens: number; renewals: number[]; audits: number }> {
  const { rows } = await sql.query<{ tokens: number; renewals: number[]; audits: number }>(
    `select (select count(*)::int from device_token where device_id = $1) as tokens,
      array(select renewals from device_token_chain where device_id = $1 order by chain_id) as renewals,
      (select count(*)::int from audit_event where device_id = $1 and action = 'device_token.renewed') as audits`,
    [device.id],
  );
  assert.ok(rows[0]);
  return rows[0];
}
