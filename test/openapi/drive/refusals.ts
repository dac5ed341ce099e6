import { randomBytes } from 'node:crypto';
import type { RestClient, RestRequest } from '../../wire/rest.ts';
import { KEYTURN, operationsOf } from '../document.ts';
import type { Placed } from '../document.ts';
import { APPLICATION, OPERATOR } from './calls.ts';

type Header = readonly [string, string];

const SIGNATURE = `SDK-HMAC-SHA256 Access=NOBODY, SignedHeaders=host;x-sdk-date, Signature=${'0'.repeat(64)}`;

/** Sends requests to every operation with which something is wrong, the whole or a part of it. */
export async function driveRefusals(rest: RestClient): Promise<void> {
  for (const placed of operationsOf(KEYTURN)) for (const request of wrongRequests(placed)) await rest.send(request);
}

/** Asks without credentials, over and over, as a peer that has failed too often. */
export async function driveFailures(rest: RestClient): Promise<void> {
  for (const { verb: method, path } of operationsOf(KEYTURN)) await rest.send({ method, target: path.replaceAll(/\{[^}]*\}/g, 'none') });
}

/** Nobody and nothing of these names is there, and no proof is one. */
function* wrongRequests({ verb: method, path, operation }: Placed): Iterable<RestRequest> {
  const target = path.replaceAll(/\{[^}]*\}/g, (name) => (name === '{project_id}' ? 'default' : `none-${randomBytes(4).toString('hex')}`));
  const [proofs = {}] = operation.security;
  const [proof] = Object.keys(proofs);
  const types = Object.keys(operation.requestBody?.content ?? {});
  const proven = proof === 'operatorToken' ? OPERATOR : proof === 'userToken' ? APPLICATION : [];
  // A stream that begins would not end.
  const credentials: readonly Header[] = operation.operationId === 'OperatorService_WatchEvents' ? [...proven, ['grpc-timeout', '50m']] : proven;
  const typed: readonly Header[] = types[0] === undefined ? credentials : [...credentials, ['Content-Type', types[0]]];
  const query = operation.parameters?.some((parameter) => 'in' in parameter && parameter.in === 'query' && parameter.name === 'action_id') === true ? '?action_id=resetSecret' : '';
  const body = types.length > 0 ? { body: '{}' } : {};
  yield { method, target: target + query, headers: typed, ...body };
  yield { method, target: target + query, headers: [...typed, ['X-Request-ID', 'a-good/id']], ...body };
  if (proof !== undefined) yield { method, target, ...body, headers: [['Authorization', 'Bearer wrong'], ['X-Auth-Token', 'wrong'], ['Content-Type', types[0] ?? 'text/plain']] };
  if (proof === 'userToken') yield { method, target, ...body, headers: [['Authorization', SIGNATURE], ['X-Sdk-Date', '20260101T000000Z'], ...typed.slice(1)] };
  yield { method, target: `${target}?unknown=1&unknown=2`, headers: typed, ...body };
  yield { method, target: `${target}?${'x'.repeat(8_200)}`, headers: typed, ...body };
  yield { method, target: target + query, headers: [...typed, ...Array.from({ length: 100 }, (_, index): Header => [`X-${index}`, 'x'])], ...body };
  yield { method, target: target + query, headers: [...typed, ['grpc-timeout', 'soon']], ...body };
  yield { method, target: target + query, headers: [...typed, ['grpc-timeout', '1n']], ...body };
  if (types.length === 0) return;
  yield { method, target: target + query, headers: [...credentials, ['Content-Type', 'text/csv']], body: 'a,b' };
  yield { method, target: target + query, headers: [...typed, ['Content-Encoding', 'zstd']], body: 'x' };
  yield { method, target: target + query, headers: typed, body: '{' };
  yield { method, target: target + query, headers: typed, body: '{"unknown":[1]}' };
  yield { method, target: target + query, headers: [...typed], body: 'x'.repeat((1 << 20) + 1) };
}
