import assert from 'node:assert/strict';
import { DeviceTokenServiceService } from '../../../gen/keyturn/v1/device_token_service.ts';
import type { IntrospectTokenResponse, IssueTokenResponse, VerifyDeviceJwtResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import type { Answer, Wire } from '../answer.ts';
import type { Clients, Device } from '../harness.ts';
import { DEFAULT_ALG, compactOf, newJti } from '../jwt.ts';
import type { Draft } from '../jwt.ts';

export const ISSUE = '/as/token';
export const RENEW = '/as/renew/token';
export const INTROSPECT = '/idp/introspect';
export const TOKEN = /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/;

type Header = readonly [string, string];

/** A call of IssueToken or RenewToken. Members that are undefined are not sent. */
export interface TokenRequest {
  readonly authorization?: string | undefined;
  readonly clientId?: string | undefined;
  readonly scope?: string | undefined;
  readonly requestId?: string;
  /** More headers or metadata. */
  readonly headers?: readonly Header[];
  /** In place of the JSON: over REST the body, over gRPC (bytes only) the message. */
  readonly body?: string | Buffer;
  /** Over REST only; `null` sends none. */
  readonly type?: string | null;
}

/** What a token answer says. */
export interface TokenAnswer {
  readonly access_token: string;
  readonly expires_in: number;
  readonly scope: string;
  readonly token_type: string;
}

/** An authentication JWT of a device, but for what `edit` changes. */
export function authenticationJwt(device: Device, { jti = newJti(), edit }: { jti?: string; edit?: (draft: Draft) => void } = {}): string {
  const alg = DEFAULT_ALG[device.kind];
  const draft: Draft = { header: { alg, typ: 'JWT', kid: device.id }, payload: { sub: device.id, jti }, signer: device.pair.privateKey, signAs: alg };
  edit?.(draft);
  return compactOf(draft);
}

export function issue(clients: Clients, wire: Wire, request: TokenRequest): Promise<Answer> {
  return ask(clients, wire, ISSUE, DeviceTokenServiceService.issueToken, request);
}

export function renew(clients: Clients, wire: Wire, request: TokenRequest): Promise<Answer> {
  return ask(clients, wire, RENEW, DeviceTokenServiceService.renewToken, request);
}

function ask(
  { rest, grpc }: Clients,
  wire: Wire,
  target: string,
  method: typeof DeviceTokenServiceService.issueToken | typeof DeviceTokenServiceService.renewToken,
  { authorization, clientId, scope, requestId, headers = [], body, type = 'application/json' }: TokenRequest,
): Promise<Answer> {
  const all: Header[] = authorization === undefined ? [] : [['authorization', authorization]];
  if (requestId !== undefined) all.push(['x-request-id', requestId]);
  all.push(...headers);
  if (wire === 'grpc') {
    const message = Buffer.isBuffer(body) ? body : { clientId: clientId ?? '', scope: scope ?? '' };
    return grpc.call<object, IssueTokenResponse>(method as typeof DeviceTokenServiceService.issueToken as never, message, all, asDocumented);
  }
  if (type !== null) all.push(['Content-Type', type]);
  return rest.send({ target, headers: all, body: body ?? JSON.stringify({ client_id: clientId, scope }) });
}

/** Introspects a token over a wire. */
export function introspect({ rest, grpc }: Clients, wire: Wire, token: string | undefined, headers: readonly Header[] = []): Promise<Answer> {
  if (wire === 'grpc') return grpc.call(DeviceTokenServiceService.introspectToken, { token: token ?? '' }, headers, asIntrospected);
  return rest.send({ target: INTROSPECT, headers: [...headers, ['Content-Type', 'application/json']], body: JSON.stringify({ token }) });
}

/** VerifyDeviceJwt as the operator, or with other credentials. */
export function verifyJwt({ grpc }: Clients, jwt: string, authorization = `Bearer ${OPERATOR_TOKEN}`): Promise<Answer> {
  const headers: Header[] = authorization === '' ? [] : [['authorization', authorization]];
  return grpc.call(DeviceTokenServiceService.verifyDeviceJwt, { jwt }, headers, (response: VerifyDeviceJwtResponse) => response);
}

/** Asks for a token and takes it out of the answer. */
export async function newToken(clients: Clients, wire: Wire, device: Device, scope?: string): Promise<TokenAnswer> {
  return tokenIn(await issue(clients, wire, { authorization: authenticationJwt(device), clientId: device.id, scope }));
}

/** The token of an answer that is one, whole and with nothing else. */
export function tokenIn(answer: Answer): TokenAnswer {
  assert.equal(answer.status, answer.wire === 'rest' ? 200 : 0, answer.body);
  const token = JSON.parse(answer.body) as TokenAnswer;
  assert.deepEqual(Object.keys(token), ['access_token', 'expires_in', 'scope', 'token_type']);
  assert.match(token.access_token, TOKEN);
  return token;
}

function asDocumented({ accessToken, expiresIn, scope, tokenType }: IssueTokenResponse): TokenAnswer {
  return { access_token: accessToken, expires_in: expiresIn, scope, token_type: tokenType };
}

function asIntrospected({ active, sub, scope, iss, exp }: IntrospectTokenResponse): object {
  return { active, sub, scope, iss, exp };
}
