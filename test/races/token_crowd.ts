import assert from 'node:assert/strict';
import type { Pool } from 'pg';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Want } from '../wire/answer.ts';
import type { Clients, Device } from '../wire/harness.ts';
import { assertRefused, assertToken } from '../wire/tokens/issue_rows.ts';
import { authenticationJwt, introspect, issue } from '../wire/tokens/kit.ts';

export const CALLERS = 64;

export function times<T>(make: (index: number) => T, count = CALLERS): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** So many JWTs of a device, each with a jti of its own. */
export function jwtsOf(device: Device, count = CALLERS): string[] {
  return times(() => authenticationJwt(device), count);
}

/** Asks for a token with each JWT at once, by turns over REST and gRPC. */
export function ask(clients: Clients, { id: clientId }: Device, jwts: readonly string[]): Promise<Answer[]> {
  return Promise.all(jwts.map((authorization, index) => issue(clients, WIRES[index % WIRES.length] ?? 'rest', { authorization, clientId })));
}

type Outcome = Extract<Want, 'OK' | 'E401' | 'E403' | 'E429'>;

const OUTCOMES: Readonly<Record<number, Outcome>> = { 200: 'OK', 0: 'OK', 401: 'E401', 16: 'E401', 403: 'E403', 7: 'E403', 429: 'E429', 8: 'E429' };
const REASONS = { E401: 'DEVICE_UNAUTHENTICATED', E403: 'DEVICE_FROZEN', E429: 'TOKEN_RATE_LIMITED' } as const;

export function outcomeOf(answer: Answer): Outcome {
  return OUTCOMES[answer.status] ?? assert.fail(`${answer.status} ${answer.body}`);
}

/** Checks every answer to the byte, counts the outcomes, and gives the tokens. */
export function tally(answers: readonly Answer[], scope = ''): { counts: Partial<Record<Outcome, number>>; tokens: string[] } {
  const counts: Partial<Record<Outcome, number>> = {};
  const tokens: string[] = [];
  for (const answer of answers) {
    const outcome = outcomeOf(answer);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (outcome === 'OK') tokens.push(assertToken(answer, scope));
    else assertRefused(answer, outcome, { reason: REASONS[outcome] });
  }
  assert.equal(new Set(tokens).size, tokens.length);
  return { counts, tokens };
}

/** How many of the tokens count. */
export async function activeOf(clients: Clients, tokens: readonly string[]): Promise<number> {
  const answers = await Promise.all(tokens.map((token, index) => introspect(clients, WIRES[index % WIRES.length] ?? 'rest', token)));
  return answers.filter(({ body }) => (JSON.parse(body) as { active: boolean }).active).length;
}

/** What must hold of all tokens whatever has run: nothing of them is half done. Removed devices are not registered again here. */
export async function assertTokensConsistent(sql: Pool): Promise<void> {
  const empty = async (what: string, text: string): Promise<void> => assert.deepEqual((await sql.query(text)).rows, [], what);
  await empty('a token has a device that is active', `select t.device_id from device_token t left join device d using (device_id) where d.state is distinct from 'ACTIVE'`);
  await empty('a token has a chain of its device with its scopes', `select t.device_id from device_token t
    left join device_token_chain c on c.chain_id = t.chain_id and c.device_id = t.device_id and t.scopes <@ c.scopes where c.chain_id is null`);
  await empty('each chain has one audit event', `select coalesce(c.device_id, a.device_id) as device_id
    from (select device_id, count(*) from device_token_chain group by 1) c
    full join (select device_id, count(*) from audit_event where action = 'device_token.issued' group by 1) a using (device_id, count)
    where c.device_id is null or a.device_id is null`);
  await empty('what a device was given a token for is spent', `select a.device_id from audit_event a join device d using (device_id)
    left join used_jti j on j.device_id = a.device_id and j.jti = a.details ->> 'jti'
    where a.action = 'device_token.issued' and j.jti is null`);
  await empty('what is spent was spent for something, once', `select j.device_id, j.jti from used_jti j
    left join audit_event a on a.device_id = j.device_id and a.details ->> 'jti' = j.jti and a.action in ('device_token.issued', 'device_jwt.verified', 'device_key.rotated')
    group by 1, 2 having count(a.event_id) <> 1`);
  await empty('a device that is gone has no spent jti', 'select j.device_id from used_jti j left join device d using (device_id) where d.device_id is null');
}
