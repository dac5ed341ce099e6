import { randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request as requestHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { makeKeyPair } from '../../examples/demo/device.ts';
import type { DeviceKeyPair } from '../../examples/demo/device.ts';
import type { Course, Rotator } from './lanes.ts';
import type { DevicesOptions, TokenLane } from './protocol.ts';

/** A resource server of the run: what the service knows of it as a hash, and what it sends. */
export const RESOURCE_SERVER = { name: 'resource-server', password: 'the password of the resource server' };
const BASIC = `Basic ${Buffer.from(`${RESOURCE_SERVER.name}:${RESOURCE_SERVER.password}`).toString('base64')}`;
const AFAR = '127.0.0.3';
const TRIES = 4;
const REQUEST_TIMEOUT = 5_000;

interface Sent {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: object;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

type Send = (sent: Sent) => Promise<Answer>;

/** A device that gets tokens, or the resource server that asks about its token, again and again. */
export function tokenRotator(options: DevicesOptions, lane: TokenLane, deviceId: string): Rotator {
  const key = makeKeyPair();
  const send = sender(options, lane);
  const issue = (course: Course): Promise<string> => insist(course, () => send({ path: '/as/token', authorization: jwtOf(deviceId, key), body: { client_id: deviceId } }), tokenIn);
  let token: string | undefined;
  const work = async (course: Course): Promise<void> => {
    if (lane.startsWith('token')) return void (await issue(course));
    token ??= await issue(course);
    const held = token;
    if (lane === 'renewal kept') return void (await insist(course, () => send({ path: '/as/renew/token', authorization: held, body: { client_id: deviceId } }), tokenIn));
    const authorization = lane.includes('basic') ? BASIC : undefined;
    await insist(course, () => send({ path: '/idp/introspect', authorization, body: { token: held } }), (text) => (text.startsWith(`{"active":true,"sub":"${deviceId}"`) ? text : undefined));
  };
  return { firstKey: Buffer.from(key.pem.split('-----')[2] ?? '', 'base64').toString('hex'), rotate: work };
}

/** A connection that is kept, or a new one for each request. */
function sender({ http }: DevicesOptions, lane: TokenLane): Send {
  const isFresh = lane.endsWith('fresh');
  const agent = new Agent(isFresh ? { keepAlive: false } : { keepAlive: true, maxSockets: 1 });
  const source = lane.endsWith('afar') ? { localAddress: AFAR } : {};
  return async ({ path, authorization, body }) => {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': text.length, ...(authorization === undefined ? {} : { authorization }) };
    const request = requestHttp(new URL(path, http), { method: 'POST', agent, headers, ...source, signal: AbortSignal.timeout(REQUEST_TIMEOUT) });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.end(text);
    const [response] = await answered;
    return { status: response.statusCode ?? 0, text: (await response.toArray()).join('') };
  };
}

/** Sends until there is an answer; every answer but the right one is a refusal. Throws if there is none in the end. */
async function insist(course: Course, send: () => Promise<Answer>, right: (text: string) => string | undefined): Promise<string> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const answer = await send().catch(() => undefined);
    const found = answer?.status === 200 ? right(answer.text) : undefined;
    if (found !== undefined) return found;
    if (answer === undefined) course.broken += 1;
    else course.refusals.push(`${answer.status}: ${answer.text}`);
  }
  throw new Error(`no success in ${TRIES} tries`);
}

function tokenIn(text: string): string | undefined {
  return /^\{"access_token":"([\w-]{43}\.[\w-]{43})"/.exec(text)?.[1];
}

/** A fresh authentication JWT. */
export function jwtOf(deviceId: string, { privateKey }: Pick<DeviceKeyPair, 'privateKey'>): string {
  const parts = [{ alg: 'ES256', typ: 'JWT', kid: deviceId }, { sub: deviceId, jti: randomBytes(16).toString('hex') }];
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}
