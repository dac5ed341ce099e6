import assert from 'node:assert/strict';

export type Wire = 'rest' | 'grpc';
export const WIRES: readonly Wire[] = ['rest', 'grpc'];

/** What came back over either wire. */
export interface Answer {
  readonly wire: Wire;
  /** The HTTP status, or the code of gRPC. */
  readonly status: number;
  /** Of ErrorInfo; undefined where the answer has none, as in the bodies of IOT_IDP. */
  readonly reason: string | undefined;
  /** The fields that are named as at fault. */
  readonly fields: readonly string[];
  /** The exact body; over gRPC the answer's JSON form, or the sentence of the status. */
  readonly body: string;
  /** By lower-case name, each value as it was sent. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

interface Envelope {
  readonly status: number;
  readonly code: number;
  readonly body: (requestId: string) => string;
  readonly sentence: string;
  readonly reasons: readonly string[];
}

/** Section 3 of contracts/iothentix.md, copied. */
const ENVELOPES = {
  E400: {
    status: 400,
    code: 3,
    body: (id) => `{"error":{"code":400,"status":"Bad Request","request":"${id}","message":"Bad Request"}}`,
    sentence: 'Bad Request',
    reasons: ['DEVICE_REQUEST_MALFORMED', 'PUBLIC_KEY_INVALID', 'PROOF_OF_POSSESSION_MALFORMED'],
  },
  E401: {
    status: 401,
    code: 16,
    body: (id) =>
      `{"error":{"code":401,"status":"Unauthorized","request":"${id}","message":"The request could not be authorized"}}`,
    sentence: 'The request could not be authorized',
    reasons: ['DEVICE_UNAUTHENTICATED'],
  },
  E403: {
    status: 403,
    code: 7,
    body: (id) => `{"error":{"code":403,"status":"Forbbiden","request":"${id}","message":"Forbidden"}}`,
    sentence: 'Forbidden',
    reasons: ['DEVICE_FROZEN', 'KEY_UPDATES_NOT_ALLOWED', 'PROOF_OF_POSSESSION_MISMATCH', 'PUBLIC_KEY_REUSED'],
  },
  E404: {
    status: 404,
    code: 5,
    body: (id) =>
      `{"error":{"code":404,"status":"Not Found","request":"${id}","message":"The requested resource could not be found"}}`,
    sentence: 'The requested resource could not be found',
    reasons: ['DEVICE_ROUTE_NOT_FOUND'],
  },
  E429: {
    status: 429,
    code: 8,
    body: () => '{"error":{"code":429,"message":"Slow down","status":"Too Many Requests"}}',
    sentence: 'Slow down',
    reasons: ['ROTATION_RATE_LIMITED'],
  },
  E500: {
    status: 500,
    code: 13,
    body: (id) =>
      `{"error":{"code":500,"status":"Internal Server Error","request":"${id}","message":"An internal server error occurred, please contact the system administrator"}}`,
    sentence: 'An internal server error occurred, please contact the system administrator',
    reasons: ['DEVICE_SERVICE_FAILED'],
  },
} satisfies Record<string, Envelope>;

/** A refusal of section 3, the success of the CORE call, or its success repeated (7.3). */
export type Want = keyof typeof ENVELOPES | 'OK' | 'REPLAYED';

export const SUCCESS = '{"Success":"Public key updated"}';
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export interface AnswerDetails {
  /** The request id that must be answered; a new UUID unless given. */
  readonly requestId?: string | undefined;
  /** The reason over gRPC, where one of several fits the envelope. */
  readonly reason?: string | undefined;
}

/** Compares an answer of the device API with the contract, byte for byte. */
export function assertAnswer(answer: Answer, want: Want, { requestId, reason }: AnswerDetails = {}): void {
  const id = requestIdOf(answer);
  if (requestId === undefined) assert.match(id, UUID);
  else assert.equal(id, requestId);
  assertNoInternals(answer);
  if (want === 'OK' || want === 'REPLAYED') assertSuccess(answer, want);
  else assertRefusal(answer, ENVELOPES[want], id, reason);
}

export function requestIdOf(answer: Answer): string {
  const ids = answer.headers.get('x-request-id') ?? [];
  assert.equal(ids.length, 1, `one X-Request-ID is answered: ${JSON.stringify(ids)}`);
  return ids[0] ?? '';
}

function assertSuccess(answer: Answer, want: 'OK' | 'REPLAYED'): void {
  assert.deepEqual([answer.status, answer.body], [answer.wire === 'rest' ? 200 : 0, SUCCESS], answer.reason);
  assert.deepEqual(answer.headers.get('idempotent-replayed'), want === 'REPLAYED' ? ['true'] : undefined);
  if (answer.wire === 'rest') assertJsonHeaders(answer);
}

function assertRefusal(answer: Answer, envelope: Envelope, id: string, reason: string | undefined): void {
  assert.equal(answer.headers.get('idempotent-replayed'), undefined);
  if (answer.wire === 'rest') {
    assert.deepEqual([answer.status, answer.body], [envelope.status, envelope.body(id)]);
    assertJsonHeaders(answer);
    return;
  }
  assert.deepEqual([answer.status, answer.body], [envelope.code, envelope.sentence], answer.reason);
  const allowed = reason === undefined ? envelope.reasons : [reason];
  assert.ok(allowed.includes(answer.reason ?? ''), `${answer.reason} is one of ${allowed.join(', ')}`);
}

export function assertJsonHeaders(answer: Answer): void {
  assert.deepEqual(answer.headers.get('content-type'), ['application/json']);
  assert.deepEqual(answer.headers.get('content-length'), [String(Buffer.byteLength(answer.body))]);
}

/** No stack, no path, no word of what is behind. Tokens are left out: by chance they have any letters. */
export function assertNoInternals(answer: Answer): void {
  const text = (answer.body + [...answer.headers].filter(([name]) => !name.endsWith('-bin')).join()).replaceAll(/[\w-]{43}/g, 'random');
  assert.doesNotMatch(text, /\n\s+at |node:|node_modules|\.ts\b|Error:|select |insert |pg_|postgres|constraint/i);
}

/** An answer without its request id and what differs from call to call. */
export function withoutRequestId(answer: Answer): object {
  const id = requestIdOf(answer);
  const headers = [...answer.headers]
    .filter(([name]) => name !== 'date' && name !== 'x-request-id')
    .map(([name, values]) => [name, values.map((value) => value.replaceAll(id, '<REQUEST_ID>'))] as const);
  return { ...answer, body: answer.body.replaceAll(id, '<REQUEST_ID>'), headers };
}
