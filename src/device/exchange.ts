import { once } from 'node:events';
import { request as requestHttp } from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Checkpoint } from './checkpoint.ts';
import type { DeviceRequest } from './device_jwt.ts';

/** Where the service is. */
export interface Target {
  /** http or https; the path of the call is put behind its path. */
  readonly url: URL;
  /** The only certificate authorities to trust, PEM; unset: those that Node knows. */
  readonly ca?: string | undefined;
  /** What this side shows of itself where the service asks for it (mutual TLS), PEM. */
  readonly own?: { readonly cert: string; readonly key: string } | undefined;
}

/** What came back, from the service or from something in between. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** How long the sender asks to wait, milliseconds. */
  readonly retryAfter: number | undefined;
  /** The sender's clock, milliseconds since 1970. */
  readonly date: number | undefined;
  readonly requestId: string | undefined;
}

/** Answers of the service have a few hundred bytes. */
const MOST_BYTES = 16_384;

/**
 * Sends one request on a connection of its own and reads the answer, whatever it is; redirects are not followed.
 * Throws an Error if no complete answer comes within the time, in milliseconds, or if it is over 16 KiB: whether the
 * service has had the request is unknown then.
 */
export async function exchange(target: Target, { path, jwt, body }: DeviceRequest, timeout: number, checkpoint: Checkpoint): Promise<Answer> {
  checkpoint('before request');
  const text = JSON.stringify(body);
  const request = open(target, path, jwt, Buffer.byteLength(text), AbortSignal.timeout(timeout));
  // Also heard of while the answer is read, where it fails the reading.
  request.on('error', () => {});
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  const sent = once(request, 'finish');
  request.end(text);
  await Promise.race([sent, answered]);
  checkpoint('after request: sent');
  const [response] = await answered;
  const answer = await read(response);
  checkpoint('after request: answered');
  return answer;
}

function open({ url, ca, own }: Target, path: string, jwt: string, length: number, signal: AbortSignal): ClientRequest {
  const options = {
    method: 'POST',
    agent: false,
    signal,
    headers: { authorization: jwt, 'content-type': 'application/json', 'content-length': length },
  };
  const address = new URL(url);
  address.pathname = url.pathname.replace(/\/*$/, path);
  if (url.protocol === 'http:') return requestHttp(address, options);
  // Said here, so that no variable of the environment can switch it off.
  return requestHttps(address, { ...options, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }), ...own });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error('an answer that is too long');
    chunks.push(chunk);
  }
  const { date, 'retry-after': retryAfter, 'x-request-id': requestId } = response.headers;
  const now = date === undefined ? Number.NaN : Date.parse(date);
  return {
    status: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString(),
    retryAfter: readDelay(retryAfter, Number.isNaN(now) ? Date.now() : now),
    date: Number.isNaN(now) ? undefined : now,
    requestId: typeof requestId === 'string' && /^[A-Za-z0-9._~:+/=-]{1,128}$/.test(requestId) ? requestId : undefined,
  };
}

/** RFC 9110 section 10.2.3: seconds or a date. */
function readDelay(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const until = Date.parse(value);
  return Number.isNaN(until) ? undefined : Math.max(0, until - now);
}
