import assert from 'node:assert/strict';
import { assertJsonHeaders, assertNoInternals, requestIdOf } from './answer.ts';
import type { Answer } from './answer.ts';

interface IotdaError {
  readonly status: number;
  readonly body: string;
  readonly code: number;
  readonly reasons: readonly string[];
  /** The two first members in the gateway's style, where they differ. */
  readonly gateway?: string;
}

/** Section 3 of contracts/iotda.md, copied, as far as a reset can meet it. */
export const IOTDA_ERRORS = {
  '006': {
    status: 400, code: 3, reasons: ['IOTDA_INPUT_INVALID'],
    body: '{"error_code":"IOTDA.000006","error_msg":"Invalid input data."}',
  },
  '008': {
    status: 400, code: 3, reasons: ['IOTDA_FORMAT_INVALID'],
    body: '{"error_code":"IOTDA.000008","error_msg":"Invalid input. The request format is invalid. For details, see the error message."}',
  },
  '002': {
    status: 401, code: 16, reasons: ['IOTDA_UNAUTHENTICATED'],
    body: '{"error_code":"IOTDA.000002","error_msg":"Authentication failed."}',
    gateway: '{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: decrypt token fail"}',
  },
  '021': {
    status: 403, code: 7, reasons: ['IOTDA_NOT_SUBSCRIBED'],
    body: '{"error_code":"IOTDA.000021","error_msg":"Operation not allowed. User not found by IAM token or the authorized user has not subscribed IOTDA service."}',
  },
  '022': {
    status: 403, code: 7, reasons: ['IOTDA_PERMISSION_DENIED'],
    body: '{"error_code":"IOTDA.000022","error_msg":"Operation not allowed. The user does not have the permission"}',
  },
  '014000': {
    status: 404, code: 5, reasons: ['IOTDA_DEVICE_NOT_FOUND'],
    body: '{"error_code":"IOTDA.014000","error_msg":"The device does not exist."}',
  },
  N029: {
    status: 404, code: 5, reasons: ['IOTDA_ROUTE_NOT_FOUND'],
    body: '{"error_code":"IOTDA.000029","error_msg":"The API does not exist."}',
    gateway: '{"error_code":"APIGW.0101","error_msg":"The API does not exist or has not been published in the environment."}',
  },
  N029_METHOD: {
    status: 404, code: 5, reasons: ['IOTDA_METHOD_NOT_FOUND'],
    body: '{"error_code":"IOTDA.000029","error_msg":"The API does not exist."}',
    gateway: '{"error_code":"APIGW.0101","error_msg":"The API does not exist."}',
  },
  '413': {
    status: 413, code: 8, reasons: ['IOTDA_BODY_TOO_LARGE'],
    body: '{"error_code":"APIGW.0201","error_msg":"Request entity too large."}',
  },
  '422': {
    status: 422, code: 9, reasons: ['IOTDA_IDEMPOTENCY_CONFLICT'],
    body: '{"error_code":"IOTDA.000006","error_msg":"Invalid input data."}',
  },
  '429': {
    status: 429, code: 8, reasons: ['IOTDA_THROTTLED'],
    body: '{"error_code":"APIGW.0308","error_msg":"The throttling threshold has been reached."}',
  },
  '001': {
    status: 500, code: 13, reasons: ['IOTDA_FAILED'],
    body: '{"error_code":"IOTDA.000001","error_msg":"Internal server error."}',
  },
} as const satisfies Record<string, IotdaError>;

export type IotdaRefusal = keyof typeof IOTDA_ERRORS;

const REQUEST_ID = /^[0-9a-f]{32}$/;
const seen = new Set<string>();

/** Every answer of the IoTDA API has an id that no answer has had before. */
export function assertNewRequestId(answer: Answer): string {
  const id = requestIdOf(answer);
  assert.match(id, REQUEST_ID);
  assert.ok(!seen.has(id), 'the request id is new');
  seen.add(id);
  return id;
}

/** Compares a refusal with the contract, byte for byte. */
export function assertIotdaRefusal(answer: Answer, want: IotdaRefusal, style: 'iotda' | 'gateway' = 'iotda'): void {
  const error: IotdaError = IOTDA_ERRORS[want];
  const said = `${answer.status} ${answer.body} ${answer.reason}`;
  const id = assertNewRequestId(answer);
  assertNoInternals(answer);
  assert.equal(answer.headers.get('idempotent-replayed'), undefined);
  if (answer.wire === 'grpc') {
    const sentence = (JSON.parse(error.body) as { error_msg: string }).error_msg;
    assert.deepEqual([answer.status, answer.body], [error.code, sentence], said);
    assert.ok(error.reasons.includes(answer.reason ?? ''), said);
    return;
  }
  const members = style === 'gateway' ? (error.gateway ?? error.body) : error.body;
  const body = style === 'gateway' ? `${members.slice(0, -1)},"request_id":"${id}"}` : members;
  assert.deepEqual([answer.status, answer.body], [error.status, body], said);
  assertJsonHeaders(answer);
  assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
}
