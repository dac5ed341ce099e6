import assert from 'node:assert/strict';
import { WIRES, assertAnswer, assertNoInternals } from '../wire/answer.ts';
import type { Answer, Want } from '../wire/answer.ts';
import type { Bench, Update } from '../wire/harness.ts';

export const CALLERS = 64;

/** All updates at once, by turns over REST and gRPC. */
export function crowd(bench: Bench, updates: readonly Update[]): Promise<Answer[]> {
  return Promise.all(updates.map((update, index) => bench.sendUpdate(WIRES[index % WIRES.length] ?? 'rest', update)));
}

/** Exactly these answers, in any order. */
export function assertAnswers(answers: readonly Answer[], wanted: Partial<Record<Want, number>>): void {
  const counts: Partial<Record<Want, number>> = {};
  for (const answer of answers) {
    const want = wantOf(answer);
    assertAnswer(answer, want);
    counts[want] = (counts[want] ?? 0) + 1;
  }
  assert.deepEqual(counts, Object.fromEntries(Object.entries(wanted).filter(([, count]) => count > 0)));
}

export function wantOf(answer: Answer): Want {
  assertNoInternals(answer);
  if (answer.status === 200 || answer.status === 0) return answer.headers.has('idempotent-replayed') ? 'REPLAYED' : 'OK';
  const wants: Readonly<Record<number, Want>> = { 3: 'E400', 400: 'E400', 16: 'E401', 401: 'E401', 7: 'E403', 403: 'E403' };
  return wants[answer.status] ?? 'E500';
}

/**
 * What must hold of every device whatever has run: its current key is the one
 * CURRENT row, no CURRENT key is without a device, and each rotation has exactly one
 * audit row, one outbox row and one jti (which goes with a removed device).
 */
export async function assertConsistent(bench: Pick<Bench, 'sql'>): Promise<void> {
  const empty = async (what: string, text: string): Promise<void> => assert.deepEqual((await bench.sql.query(text)).rows, [], what);
  await empty('a CURRENT key is the current key of its device', `select k.thumbprint from public_key k
    left join device d on d.device_id = k.device_id and d.current_key = k.thumbprint where k.state = 'CURRENT' and d.device_id is null`);
  await empty("a device's current key is CURRENT", `select d.device_id from device d
    left join public_key k on k.thumbprint = d.current_key and k.device_id = d.device_id and k.state = 'CURRENT' where d.current_key is not null and k.thumbprint is null`);
  await empty('a key that is not CURRENT has ended, a CURRENT one has not', `select thumbprint from public_key where (state = 'CURRENT') <> (retired_at is null)`);
  await empty('a rotation replaced a key that has ended', `select r.rotation_id from rotation r
    left join public_key k on k.thumbprint = r.old_thumbprint and k.device_id = r.device_id and k.state = 'RETIRED' where k.thumbprint is null`);
  await empty('no key was replaced twice', 'select old_thumbprint from rotation group by 1 having count(*) > 1');
  await empty('every key but the first of a device came by a rotation', `select k.thumbprint from public_key k
    left join rotation r on r.rotation_id = k.rotation_id and r.new_thumbprint = k.thumbprint where k.rotation_id is not null and r.rotation_id is null`);
  await empty('one audit row for a rotation', joined('audit_event', 'action', 'details'));
  await empty('one outbox row for a rotation', joined('outbox', 'type', 'payload'));
  await empty('no audit row without a rotation', `select device_id from audit_event where action = 'device_key.rotated'
    group by 1 having count(*) <> (select count(*) from rotation r where r.device_id = audit_event.device_id)`);
}

/** Rotations that do not have exactly one row of their own in a table. */
function joined(table: string, action: string, details: string): string {
  return `select r.rotation_id from rotation r
    left join ${table} t on t.device_id = r.device_id and t.${action} = 'device_key.rotated' and t.${details}::jsonb =
      jsonb_build_object('jti', r.jti, 'old_thumbprint', r.old_thumbprint, 'new_thumbprint', r.new_thumbprint)
    group by r.rotation_id having count(t.device_id) <> 1`;
}
