import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { PATIENCE, dial } from './dial.ts';
import type { Place } from './dial.ts';

/** What whoever listens on an address has answered. */
export interface Answer {
  readonly isKeyturn: boolean;
  readonly isReady: boolean;
  readonly hasTls: boolean;
  /** SHA-256 of the listener's certificate, also if nothing else was answered; undefined without TLS. */
  readonly fingerprint: string | undefined;
}

/** How to ask whoever listens on an address. Never rejects: what does not answer is no Keyturn. */
export type Ask = (place: Place, hasTls: boolean) => Promise<Answer>;

/** Asks over HTTP/1.1, by the pages that every Keyturn has. */
export const askHttp: Ask = (place, hasTls) =>
  ask(place, hasTls, 'http/1.1', async (socket) => {
    const live = await get(socket, '/livez');
    if (live !== '200 ok') return { isKeyturn: false, isReady: false };
    const { socket: second } = await dial(place, hasTls ? ['http/1.1'] : undefined);
    const ready = await get(second, '/readyz');
    return { isKeyturn: /^(?:200 ok$|503 not ready)/.test(ready), isReady: ready === '200 ok' };
  });

/** Asks over gRPC, by the health of a service that only Keyturn has. */
export const askGrpc: Ask = (place, hasTls) =>
  ask(place, hasTls, 'h2', async (socket) => {
    const status = await healthOf(socket, 'keyturn.v1.DeviceKeyService');
    return { isKeyturn: status !== undefined, isReady: status === SERVING };
  });

async function ask(
  place: Place,
  hasTls: boolean,
  protocol: string,
  question: (socket: Socket) => Promise<Pick<Answer, 'isKeyturn' | 'isReady'>>,
): Promise<Answer> {
  let fingerprint: string | undefined;
  let socket: Socket | undefined;
  // One who answers bit by bit shall not keep the doctor either.
  const limit = setTimeout(() => socket?.destroy(), 2 * PATIENCE);
  try {
    ({ socket, fingerprint } = await dial(place, hasTls ? [protocol] : undefined));
    return { ...(await question(socket)), hasTls, fingerprint };
  } catch {
    return { isKeyturn: false, isReady: false, hasTls, fingerprint };
  } finally {
    clearTimeout(limit);
    socket?.destroy();
  }
}

/** The status and the text of a page: `200 ok`. */
function get(socket: Socket, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { path, headers: { host: 'localhost', connection: 'close' }, signal: AbortSignal.timeout(PATIENCE) };
    const asked = request({ ...options, createConnection: () => socket }, (response) => {
      text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}

const SERVING = 1;
/** A gRPC message without compression begins with five bytes (one zero, then its length); each field with one (its number and type). */
const FRAME = 5;
const NAME_FIELD = 0x0a;
const STATUS_FIELD = 0x08;

/** The status of a service by grpc.health.v1; undefined if the listener does not know the service. */
async function healthOf(socket: Socket, service: string): Promise<number | undefined> {
  const session = connectHttp2('http://localhost', { createConnection: () => socket });
  try {
    return await new Promise((resolve, reject) => {
      session.once('error', reject);
      session.once('close', () => reject(new Error('the connection was closed')));
      const stream = session.request({
        ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers',
      });
      stream.setTimeout(PATIENCE, () => reject(new Error('no answer in time')));
      stream.once('error', reject);
      const message = Buffer.from([NAME_FIELD, service.length, ...Buffer.from(service)]);
      stream.end(Buffer.from([0, 0, 0, 0, message.length, ...message]));
      buffer(stream).then((reply) => resolve(reply[FRAME] === STATUS_FIELD ? reply[FRAME + 1] : undefined), reject);
    });
  } finally {
    session.destroy();
  }
}
