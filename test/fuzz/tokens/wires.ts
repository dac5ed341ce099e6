import assert from 'node:assert/strict';
import { DeviceTokenServiceService as Service } from '../../../gen/keyturn/v1/device_token_service.ts';
import type { IntrospectTokenResponse, IssueTokenResponse, VerifyDeviceJwtResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { OperatorServiceService } from '../../../gen/keyturn/v1/operator_service.ts';
import { assertAnswer, assertNoInternals } from '../../wire/answer.ts';
import type { Answer, Wire } from '../../wire/answer.ts';
import { GrpcClient } from '../../wire/grpc.ts';
import type { GrpcMethod } from '../../wire/grpc.ts';
import { RestClient } from '../../wire/rest.ts';
import { Random } from '../random.ts';
import { drawBytes } from './bytes.ts';
import { TARGETS, drawCall } from './calls.ts';
import type { Expected, Refused, TokenCall, TokenMethod } from './calls.ts';
import { drawKeySetCall } from './key_sets.ts';
import type { KeySetCall } from './key_sets.ts';
import type { TokenMaterial } from './material.ts';

/** What stands behind a refusal, which gRPC tells. */
const REASONS: Readonly<Record<Refused, readonly string[]>> = {
  E400: ['DEVICE_REQUEST_MALFORMED'],
  E401: ['DEVICE_UNAUTHENTICATED', 'CLIENT_ID_MISMATCH'],
  E403: ['DEVICE_FROZEN', 'SCOPE_NOT_ALLOWED', 'RENEWAL_NOT_ALLOWED', 'RENEWALS_EXHAUSTED', 'DEVICE_CHECK_NOT_ALLOWED'],
};
/** Codes of gRPC by the status of a GET. */
const CODES: Readonly<Record<number, number>> = { 200: 0, 304: 0, 401: 16, 403: 7, 404: 5 };
const METHODS = Service as unknown as Readonly<Record<TokenMethod, GrpcMethod<object, object>>>;
const TOKEN = /^\{"access_token":"([\w-]{43}\.[\w-]{43})","expires_in":(\d+),"scope":"([^"]*)","token_type":"bearer"\}$/;

/** Makes hostile calls about tokens over both wires, whose answers are known. */
export class TokenWires implements Disposable {
  readonly #rest: RestClient;
  readonly #grpc: GrpcClient;
  readonly #material: TokenMaterial;

  constructor(ports: { readonly rest: number; readonly grpc: number }, material: TokenMaterial) {
    this.#rest = new RestClient(`http://127.0.0.1:${ports.rest}`);
    this.#grpc = new GrpcClient(`127.0.0.1:${ports.grpc}`);
    this.#material = material;
  }

  /** The case of a seed. Returns whether it was refused; throws an Error that says what is wrong. */
  async try(seed: number): Promise<boolean> {
    const random = new Random(seed);
    if (random.oneIn(5)) return this.#bytes(random);
    if (random.oneIn(5)) return this.#keySet(drawKeySetCall(random, this.#material));
    const call = drawCall(random, this.#material);
    const { method, message, rest, headers, expected } = call;
    if (rest !== undefined && method !== 'verifyDeviceJwt') {
      const type = rest.type === undefined ? [] : [['Content-Type', rest.type] as const];
      const sent = headers();
      const answer = await this.#rest.send({ target: TARGETS[method], headers: [...sent, ...type], body: rest.body });
      await this.#judge(answer, expected, () => `${describe(call, sent)} ${rest.type} ${rest.body.slice(0, 500)}`);
    }
    const sent = headers();
    // Node sends no header of this name twice over HTTP/2.
    if (message !== undefined && sent.filter(([name]) => name === 'authorization').length < 2) {
      const own = message();
      const answer = await this.#grpc.call(METHODS[method], { clientId: own['client_id'] ?? '', scope: own['scope'] ?? '', token: own['token'] ?? '', jwt: own['jwt'] ?? '' }, sent, SHOW[method] as (response: object) => object);
      await this.#judge(answer, expected, () => `${describe(call, sent)} ${JSON.stringify(own).slice(0, 3_000)}`);
    }
    return expected.kind === 'refused';
  }

  async #judge(answer: Answer, expected: Expected, describeCall: () => string): Promise<void> {
    try {
      if (expected.kind === 'refused') return assertRefused(answer, expected.want);
      assert.equal(answer.status, okOf(answer.wire), answer.body);
      if (expected.kind === 'introspected') assert.equal(answer.body, expected.body);
      else if (expected.kind === 'verified') assertVerified(answer, expected);
      else await this.#assertToken(answer, expected);
    } catch (error) {
      throw new Error(`over ${answer.wire}: ${error instanceof Error ? error.message : String(error)}\n  ${answer.status} ${answer.body}\n  wanted ${JSON.stringify(expected)}\n  ${describeCall()}`, { cause: error });
    }
  }

  /** No success is false: the token counts, for its device and with its scopes. */
  async #assertToken(answer: Answer, { deviceId, scope }: Expected & { kind: 'token' }): Promise<void> {
    const [, token = '', seconds, words] = TOKEN.exec(answer.body) ?? [];
    assert.equal(words, scope);
    assert.ok(Number(seconds) > 0);
    const { body } = await this.#rest.send({ target: TARGETS.introspectToken, headers: [['Content-Type', 'application/json']], body: JSON.stringify({ token }) });
    assert.ok(body.startsWith(`{"active":true,"sub":"${deviceId}","scope":"${scope}","iss":"`), `the new token is ${body}`);
  }

  async #keySet({ target, headers, status, body, message }: KeySetCall): Promise<boolean> {
    const answer = await this.#rest.send({ method: 'GET', target, headers });
    const say = `GET ${target} ${JSON.stringify(headers).slice(0, 500)}: ${answer.status} ${answer.body}`;
    assert.equal(answer.status, status, say);
    // Random texts, such as tokens and keys, may look like something inside.
    if (status >= 400) assertNoInternals(answer);
    if (body !== undefined) assert.equal(answer.body, body, say);
    if (status === 200 || status === 304) assert.deepEqual([answer.headers.get('cache-control'), answer.headers.get('etag')?.length], [['private, max-age=30'], 1], say);
    if (message === undefined) return status >= 400;
    const authorization = headers.filter(([name]) => name === 'Authorization').map(([, value]) => ['authorization', value] as const);
    const same = await this.#grpc.call(OperatorServiceService.getDeviceKeySet, message, authorization);
    assert.equal(same.status, CODES[status], `${say}; over gRPC ${same.status} ${same.body}`);
    return status >= 400;
  }

  async #bytes(random: Random): Promise<boolean> {
    const { method, headers, bytes, code } = drawBytes(random, this.#material);
    const answer = await this.#grpc.call(method, bytes, headers);
    if (answer.status !== 0) assertNoInternals(answer);
    assert.equal(answer.status, code, `${method.path} ${bytes.toString('hex')}: ${answer.body}`);
    return code !== 0;
  }

  [Symbol.dispose](): void {
    this.#rest[Symbol.dispose]();
    this.#grpc[Symbol.dispose]();
  }
}

/** Exactly the documented bytes. */
function assertRefused(answer: Answer, want: Refused): void {
  if (answer.wire === 'grpc') assert.ok(REASONS[want].includes(answer.reason ?? ''), answer.reason);
  assertAnswer(answer, want, { reason: answer.reason });
}

function assertVerified({ body }: Answer, { deviceId, active }: Expected & { kind: 'verified' }): void {
  const shown = JSON.parse(body) as VerifyDeviceJwtResponse;
  const nothing = { active: false, deviceId: '', projectId: '', state: 0, scopes: [], keyThumbprint: '' };
  if (deviceId === undefined) assert.deepEqual(shown, nothing);
  else assert.deepEqual([shown.active, shown.deviceId, shown.state, shown.keyThumbprint.length], [active, deviceId, active ? 1 : 2, 64]);
}

/** Answers over gRPC in the words of those over REST. */
const SHOW = {
  issueToken: asToken,
  renewToken: asToken,
  introspectToken: ({ active, sub, scope, iss, exp }: IntrospectTokenResponse) => ({ active, sub, scope, iss, exp }),
  verifyDeviceJwt: (response: VerifyDeviceJwtResponse) => response,
};

function asToken({ accessToken, expiresIn, scope, tokenType }: IssueTokenResponse): object {
  return { access_token: accessToken, expires_in: expiresIn, scope, token_type: tokenType };
}

function okOf(wire: Wire): number {
  return wire === 'rest' ? 200 : 0;
}

function describe({ method }: TokenCall, headers: readonly (readonly [string, string])[]): string {
  return `${method} ${JSON.stringify(headers).slice(0, 3_000)}`;
}
