import assert from 'node:assert/strict';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import type { Answer } from '../../wire/answer.ts';
import type { IdentityBench } from '../../wire/identity/bench.ts';

export type Members = Record<string, unknown>;

export interface CallOptions {
  readonly body?: object;
  readonly headers?: readonly (readonly [string, string])[];
  readonly status?: number;
}

/** Makes a call over REST that must succeed; returns its answer as JSON, an empty object if it has none. */
export async function done({ rest }: IdentityBench, method: string, target: string, { body, headers = [], status = 200 }: CallOptions = {}): Promise<Members> {
  const typed = body === undefined ? headers : [...headers, ['Content-Type', 'application/json'] as const];
  const answer = await rest.send({ method, target, headers: typed, body: body === undefined ? undefined : JSON.stringify(body) });
  return jsonOf(answer, status);
}

export function jsonOf({ status, body }: Answer, expected = 200): Members {
  assert.equal(status, expected, body);
  return body === '' ? {} : (JSON.parse(body) as Members);
}

type Headers = readonly (readonly [string, string])[];

/** As the operator. */
export const OPERATOR: Headers = [['Authorization', `Bearer ${OPERATOR_TOKEN}`]];
/** As an application that has the operator's token. */
export const APPLICATION: Headers = [['X-Auth-Token', OPERATOR_TOKEN]];
