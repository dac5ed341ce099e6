import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IdentityPart } from '../identity/kinds.ts';
import { HttpLanes } from './http_lanes.ts';
import { answerOrders } from './orders.ts';
import { sendFor } from './timed.ts';

/** The load process of the calls of identity binding: its arguments are the part, the port and the number of requests in flight. */
const [part = '', port = '', inFlight = ''] = process.argv.slice(2);
const count = Number(inFlight);

interface Key {
  readonly pk: string;
  readonly privateKey: KeyObject;
}

const RIGHT: Readonly<Record<IdentityPart, RegExp>> = {
  'key-bind': /^\{"status":"confirmed"\}$/,
  'scope-put': /^\{"status":"ready","jwt":"[\w-]+\.[\w-]+\.[\w-]{86}"\}$/,
  'scope-repeat': /^\{"status":"ready","jwt":"[\w-]+\.[\w-]+\.[\w-]{86}"\}$/,
};

const right = RIGHT[part as IdentityPart];
const client = new HttpLanes('127.0.0.1', Number(port), count, (_answer, body) => right.test(body));
let keys: Key[] = [];
/** Of each lane, whose keys and jobs are its own, so that no two requests wait for one of them. */
const lanes = Array.from({ length: count }, () => ({ requests: [] as Buffer[], turn: 0 }));
let serial = 0;

answerOrders(async (command) => {
  switch (command.kind) {
    case 'devices':
      keys = command.deviceIds.map(newKey);
      return { kind: 'devices', keys: keys.map(({ pk }) => pk) };
    case 'prepare':
      if (command.jobs !== undefined) takeJobs(command.jobs);
      else if (part === 'key-bind') makeBindings(command.count);
      return { kind: 'prepared' };
    default:
      return { kind: 'ran', ...(await sendFor(command.seconds, count, client, next)) };
  }
});

function next(lane: number): Buffer | undefined {
  const own = lanes[lane];
  if (own === undefined) return undefined;
  own.turn += 1;
  return own.requests[part === 'scope-repeat' ? own.turn % own.requests.length : own.turn - 1];
}

function takeJobs(jobs: readonly string[]): void {
  for (const [index, lane] of lanes.entries()) {
    lane.turn = 0;
    lane.requests = jobs.filter((_job, at) => at % count === index).map((job) => encode(`/scope/${job}`, ''));
  }
}

/** Every one binds an address and a number that nobody has had before. */
function makeBindings(most: number): void {
  const each = Math.ceil(most / count);
  for (const [index, lane] of lanes.entries()) {
    const own = keys.filter((_key, at) => at % count === index);
    lane.turn = 0;
    lane.requests = Array.from({ length: each }, (_, turn) => {
      const key = own[turn % own.length];
      if (key === undefined) throw new Error('a lane has no key');
      serial += 1;
      return encode(`/key/${key.pk}`, signed(key, { sub: key.pk, email: `user-${serial}@example.com`, phone: `+31${200_000_000 + serial}`, iat: Math.floor(Date.now() / 1000) }));
    });
  }
}

function newKey(): Key {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { pk: String(privateKey.export({ format: 'jwk' }).x), privateKey };
}

function signed({ pk, privateKey }: Key, payload: object): string {
  const input = [{ typ: 'JWT', alg: 'Ed25519', kid: pk }, payload].map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')).join('.');
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
}

function encode(path: string, jwt: string): Buffer {
  return client.encode(path, jwt, [], { method: 'PUT', type: jwt === '' ? undefined : 'application/jwt' });
}
