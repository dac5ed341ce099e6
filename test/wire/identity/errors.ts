import assert from 'node:assert/strict';
import { UUID, assertJsonHeaders, assertNoInternals, requestIdOf } from '../answer.ts';
import type { Answer } from '../answer.ts';

/** Section 3 of contracts/authentiq.md, copied: reason, gRPC code and exact bytes. */
const ERRORS = {
  'bad-request': ['AUTHENTIQ_BAD_REQUEST', 3, '{"error":400,"type":"bad-request","title":"Bad request","detail":"The request is not in the expected form."}'],
  'auth-error': ['AUTHENTIQ_AUTH_ERROR', 16, '{"error":401,"type":"auth-error","title":"Authentication error","detail":"The proof in the request was not accepted."}'],
  'aud-error': ['AUTHENTIQ_AUD_ERROR', 16, '{"error":401,"type":"aud-error","title":"Audience error","detail":"The callback does not match the audience of the token."}'],
  'unknown-key': ['AUTHENTIQ_UNKNOWN_KEY', 5, '{"error":404,"type":"unknown-key","title":"Unknown key","detail":"No such key is registered."}'],
  'unknown-job': ['AUTHENTIQ_UNKNOWN_JOB', 5, '{"error":404,"type":"unknown-job","title":"Job not found","detail":"No such job exists."}'],
  'not-found': ['AUTHENTIQ_NOT_FOUND', 5, '{"error":404,"type":"not-found","title":"Not found","detail":"No such resource exists."}'],
  'not-supported': ['AUTHENTIQ_NOT_SUPPORTED', 12, '{"error":405,"type":"not-supported","title":"Not supported","detail":"This method or body is not supported here."}'],
  'duplicate-key': ['AUTHENTIQ_DUPLICATE_KEY', 6, '{"error":409,"type":"duplicate-key","title":"Duplicate key","detail":"This key is registered already."}'],
  'duplicate-hash': ['AUTHENTIQ_DUPLICATE_HASH', 6, '{"error":409,"type":"duplicate-hash","title":"Already bound to another key","detail":"The address or number is bound to another key."}'],
  'job-not-confirmed': ['AUTHENTIQ_JOB_NOT_CONFIRMED', 9, '{"error":409,"type":"confirm-first","title":"Job not confirmed yet","detail":"Confirm the job with its code first."}'],
  'confirm-first': ['AUTHENTIQ_CONFIRM_FIRST', 9, '{"error":409,"type":"confirm-first","title":"Confirm first","detail":"A code was sent. Repeat the request with it."}'],
  'revoked-key': ['AUTHENTIQ_REVOKED_KEY', 9, '{"error":410,"type":"revoked-key","title":"Revoked key","detail":"This key has been revoked."}'],
  'unsupported-media-type': ['AUTHENTIQ_UNSUPPORTED_MEDIA_TYPE', 3, '{"error":415,"type":"unsupported-media-type","title":"Unsupported media type","detail":"The media type of the body is not accepted here."}'],
  'rate-limit': ['AUTHENTIQ_RATE_LIMIT', 8, '{"error":429,"type":"rate-limit","title":"Rate limit","detail":"Too many requests for this address or number."}'],
  'internal-error': ['AUTHENTIQ_FAILED', 13, '{"error":500,"type":"internal-error","title":"Internal error","detail":"The request could not be completed."}'],
} as const;

export type IdentityError = keyof typeof ERRORS;

/** Compares a refusal with the contract, byte for byte. */
export function assertIdentityRefusal(answer: Answer, word: IdentityError): void {
  const [reason, code, body] = ERRORS[word];
  const { error, detail } = JSON.parse(body) as { error: number; detail: string };
  assertHead(answer);
  if (answer.wire === 'grpc') return assert.deepEqual([answer.status, answer.reason, answer.body], [code, reason, detail]);
  assert.deepEqual([answer.status, answer.body], [error, body]);
  assertJsonHeaders(answer);
}

/** Compares a success with the contract, byte for byte; over gRPC the message has the same members. */
export function assertIdentityAnswer(answer: Answer, body: string, status = 200): void {
  assertHead(answer);
  assert.deepEqual([answer.status, answer.body], [answer.wire === 'rest' ? status : 0, body], answer.reason);
  if (answer.wire === 'rest') assertJsonHeaders(answer);
}

function assertHead(answer: Answer): void {
  assert.match(requestIdOf(answer), UUID);
  assertNoInternals(answer);
}

/** The word of a refusal, or undefined of a success. Throws of what the contract does not have. */
export function identityErrorOf(answer: Answer): IdentityError | undefined {
  if (answer.status === 0 || (answer.wire === 'rest' && answer.status < 300)) return undefined;
  const [word] = Object.entries(ERRORS).find(([, [reason, , body]]) => (answer.wire === 'grpc' ? answer.reason === reason : answer.body === body)) ?? [];
  assert.ok(word, answer.body);
  assertIdentityRefusal(answer, word as IdentityError);
  return word as IdentityError;
}
