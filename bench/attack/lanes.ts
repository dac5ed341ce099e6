import { once } from 'node:events';
import { Agent, request as requestHttp } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { Agent as TlsAgent, request as requestHttps } from 'node:https';
import { join } from 'node:path';
import { mkdirSync, writeFileSync } from 'node:fs';
import { makeKeyPair, makeKeyUpdate } from '../../examples/demo/device.ts';
import type { DeviceKeyPair, KeyUpdate } from '../../examples/demo/device.ts';
import { rotate } from '../../src/device/rotate.ts';
import { frame, textMessage } from '../grpc_frame.ts';
import type { DevicesOptions } from './protocol.ts';

/** What one rotation met with. */
export interface Course {
  /** Connections that broke before the answer. */
  broken: number;
  /** Answers other than success. */
  readonly refusals: string[];
}

/** Rotates the key of its device once. Throws if it does not succeed in the end. */
export interface Rotator {
  rotate(course: Course): Promise<void>;
  /** SubjectPublicKeyInfo of the first key, hex. */
  readonly firstKey: string;
}

/** The answer to one request, as far as it matters. */
type Send = (update: KeyUpdate) => Promise<'success' | { readonly refusal: string }>;

const TRIES = 4;
const REQUEST_TIMEOUT = 5_000;
/** For all tries of one rotation, milliseconds. */
const ROTATION_TIMEOUT = 20_000;

/** The device side of `keyturn rotate`: state on the disk before each step, a fresh connection each time. */
export function freshRest({ http, ca, folder }: DevicesOptions, deviceId: string): Rotator {
  const key = makeKeyPair();
  const keyFile = join(folder, `${deviceId}.pem`);
  const stateFolder = join(folder, deviceId);
  mkdirSync(folder, { recursive: true });
  writeFileSync(keyFile, key.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  const target = { url: new URL(http), ca };
  return {
    firstKey: spkiHex(key),
    async rotate(course) {
      const seen = { sent: 0, answered: 0 };
      const checkpoint = (name: string): void => {
        if (name === 'before request') seen.sent += 1;
        if (name === 'after request: answered') seen.answered += 1;
      };
      try {
        await rotate({ target, deviceId, keyFile, stateFolder, lifetime: 60, timeout: ROTATION_TIMEOUT, firstPause: 20, checkpoint });
        seen.answered -= 1;
      } finally {
        course.broken += Math.max(0, seen.sent - seen.answered - 1);
        for (let count = 0; count < seen.answered; count += 1) course.refusals.push('an answer after which the device asked again');
      }
    },
  };
}

/** A device with its keys in memory that sends one request again and again, the same bytes, until it is answered. */
function inMemory(deviceId: string, send: Send): Rotator {
  let key = makeKeyPair();
  return {
    firstKey: spkiHex(key),
    async rotate(course) {
      const next = makeKeyPair();
      const update = makeKeyUpdate(deviceId, key, next);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const answer = await send(update).catch(() => undefined);
        if (answer === 'success') {
          key = next;
          return;
        }
        if (answer === undefined) course.broken += 1;
        else course.refusals.push(answer.refusal);
      }
      throw new Error(`no success in ${TRIES} tries`);
    },
  };
}

export function keptRest({ http, ca }: DevicesOptions, deviceId: string): Rotator {
  const isTls = http.startsWith('https:');
  const agent = isTls ? new TlsAgent({ keepAlive: true, maxSockets: 1, ca }) : new Agent({ keepAlive: true, maxSockets: 1 });
  return inMemory(deviceId, async ({ jwt, pop }) => {
    const body = JSON.stringify({ pop });
    const headers = { authorization: jwt, 'content-type': 'application/json', 'content-length': body.length };
    const url = new URL('/device/update/pubkey', http);
    const request = (isTls ? requestHttps : requestHttp)(url, { method: 'POST', agent, headers, signal: AbortSignal.timeout(REQUEST_TIMEOUT) });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    request.end(body);
    const [response] = await answered;
    const text = (await response.toArray()).join('');
    return response.statusCode === 200 ? 'success' : { refusal: `${response.statusCode}: ${text}` };
  });
}

export function grpc({ grpc: url, ca }: DevicesOptions, deviceId: string, isKept: boolean): Rotator {
  let session: ClientHttp2Session | undefined;
  return inMemory(deviceId, async (update) => {
    if (!isKept || session === undefined || session.closed || session.destroyed) {
      session = connect(url, ca === undefined ? {} : { ca });
      session.on('error', () => {});
    }
    try {
      const answer = await callOver(session, update);
      if (!isKept) session.close();
      return answer;
    } catch (error) {
      session.destroy();
      throw error;
    }
  });
}

async function callOver(session: ClientHttp2Session, { jwt, pop }: KeyUpdate): Promise<'success' | { refusal: string }> {
  const headers = { ':method': 'POST', ':path': '/keyturn.v1.DeviceKeyService/UpdatePublicKey', 'content-type': 'application/grpc', te: 'trailers', authorization: jwt };
  const stream = session.request(headers, { endStream: false, signal: AbortSignal.timeout(REQUEST_TIMEOUT) });
  let status: IncomingHttpHeaders = {};
  stream.on('response', (received) => void (status = { ...status, ...received }));
  stream.on('trailers', (received) => void (status = { ...status, ...received }));
  stream.resume();
  stream.end(frame(textMessage(pop)));
  await once(stream, 'close');
  const code = status['grpc-status'];
  if (code === undefined) throw new Error('the stream broke');
  return code === '0' ? 'success' : { refusal: `${String(code)}: ${String(status['grpc-message'])}` };
}

function spkiHex({ pem }: DeviceKeyPair): string {
  return Buffer.from(pem.split('-----')[2] ?? '', 'base64').toString('hex');
}
