import type { Socket } from 'node:net';
import { makeKeyPair, makeKeyUpdate } from '../../../examples/demo/device.ts';
import type { Attack, Tally, Target } from '../protocol.ts';
import { Swarm, pour } from '../swarm.ts';

const BODY_BYTES = 65_536;
const UNSENT_BYTES = 512;
const PIPELINED = 400;
const DRIP_MS = 1_000;
const STATUS_AT = 'HTTP/1.1 '.length;

/** A request of a registered device that somebody else has signed. */
function wrongJwt({ deviceId }: Target): Buffer {
  const { jwt, pop } = makeKeyUpdate(deviceId, makeKeyPair(), makeKeyPair());
  const body = JSON.stringify({ pop });
  return text(['POST /device/update/pubkey HTTP/1.1', 'Host: a', `Authorization: ${jwt}`, 'Content-Type: application/json', `Content-Length: ${body.length}`], body);
}

function wrongToken(): Buffer {
  const head = ['POST /v1/devices HTTP/1.1', 'Host: a', 'Authorization: Bearer wrong', 'Content-Type: application/json', `Content-Length: ${BODY_BYTES}`];
  return text(head, 'a'.repeat(BODY_BYTES));
}

function get(path: string): Buffer {
  return text([`GET ${path} HTTP/1.1`, 'Host: a'], '');
}

function text(head: readonly string[], body: string): Buffer {
  return Buffer.from([...head, '', body].join('\r\n'), 'latin1');
}

/** Makes a request that is unlike those before. */
export type Supply = () => Buffer;

function supplied(request: Buffer | Supply): Supply {
  return typeof request === 'function' ? request : () => request;
}

/** The next request as soon as the last is answered. */
export function keptAlive(make: (target: Target) => Buffer | Supply): Attack {
  return (target, tally) => {
    const next = supplied(make(target));
    const send = (socket: Socket): void => {
      tally.requests += 1;
      socket.write(next());
    };
    new Swarm(target.http, target, tally, { open: send, data: (socket, chunk) => void (counts(tally, chunk) && send(socket)) }).start();
  };
}

/** A connection for each request, reset once the answer is there. */
export function fresh(make: (target: Target) => Buffer | Supply): Attack {
  return (target, tally) => {
    const next = supplied(make(target));
    const open = (socket: Socket): void => {
      tally.requests += 1;
      socket.write(next());
    };
    new Swarm(target.http, target, tally, { open, data: (socket, chunk) => void (counts(tally, chunk) && socket.resetAndDestroy()) }).start();
  };
}

function counts(tally: Tally, chunk: Buffer): boolean {
  if (chunk.toString('latin1', 0, STATUS_AT) !== 'HTTP/1.1 ') return false;
  tally.answers += 1;
  const status = chunk.toString('latin1', STATUS_AT, STATUS_AT + 3);
  tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
  return true;
}

/** Sends the start at once and then a byte a second, for ever. */
function drip(start: string): Attack {
  return (target, tally) => {
    const open = (socket: Socket): void => {
      tally.requests += 1;
      socket.write(start, 'latin1');
      const timer = setInterval(() => socket.write('a'), DRIP_MS);
      socket.once('close', () => clearInterval(timer));
    };
    new Swarm(target.http, target, tally, { open, data: (_, chunk) => void counts(tally, chunk) }).start();
  };
}

const POST = 'POST /device/update/pubkey HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

/** A body in chunks of one byte each: a lot of work and memory for little. */
const crumbs: Attack = (target, tally) => {
  const head = Buffer.from(`${POST}Transfer-Encoding: chunked\r\n\r\n`);
  const crumb = Buffer.from('1\r\na\r\n'.repeat(BODY_BYTES - 1));
  const open = (socket: Socket): void => {
    tally.requests += 1;
    socket.write(head);
    socket.write(crumb);
  };
  new Swarm(target.http, target, tally, { open, data: (_, chunk) => void counts(tally, chunk) }).start();
};

/** Hundreds of requests at once, again and again. */
function pipelined(make: (target: Target) => Buffer, isDeaf: boolean): Attack {
  return (target, tally) => {
    const request = make(target);
    const block = Buffer.concat(Array.from({ length: PIPELINED }, () => request));
    const open = (socket: Socket): void =>
      pour(socket, () => {
        tally.requests += PIPELINED;
        return block;
      });
    new Swarm(target.http, target, tally, { open, data: (_, chunk) => void counts(tally, chunk), isDeaf }).start();
  };
}

/** Asks for a large answer a few times and reads none. */
const unread: Attack = (target, tally) => {
  const request = get('/metrics');
  const open = (socket: Socket): void => {
    const timer = setInterval(() => {
      tally.requests += 1;
      socket.write(request);
    }, 20);
    socket.once('close', () => clearInterval(timer));
  };
  new Swarm(target.http, target, tally, { open, isDeaf: true }).start();
};

const idle = (port: 'http' | 'grpc'): Attack => (target, tally) => {
  new Swarm(target[port], target, tally, { open: () => void (tally.requests += 1) }).start();
};

export const REST_ATTACKS = {
  jwt: keptAlive(wrongJwt),
  jwtFresh: fresh(wrongJwt),
  token: keptAlive(wrongToken),
  path: keptAlive(() => get('/nothing/here')),
  pathFresh: fresh(() => get('/nothing/here')),
  metrics: keptAlive(() => get('/metrics')),
  readyz: keptAlive(() => get('/readyz')),
  slowHeaders: drip(`${POST}X-Slow: `),
  slowBodies: drip(`${POST}Content-Length: ${BODY_BYTES}\r\n\r\n${'a'.repeat(BODY_BYTES - UNSENT_BYTES)}`),
  crumbs,
  pipelined: pipelined(wrongJwt, false),
  pipelinedPages: pipelined(() => get('/metrics'), true),
  unread,
  idle: idle('http'),
  idleGrpc: idle('grpc'),
} satisfies Record<string, Attack>;
