import { generateKeyPairSync, randomBytes, randomInt, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { textMessage } from '../grpc_frame.ts';
import { OPERATOR_TOKEN } from '../server.ts';
import { ISSUER, SCOPES, STORED_TOKENS, tokenOf } from '../tokens/kinds.ts';
import { GrpcLink, grpcRequest } from './grpc_link.ts';
import type { GrpcRequest } from './grpc_link.ts';
import { HttpLanes } from './http_lanes.ts';
import { answerOrders } from './orders.ts';
import { sendFor } from './timed.ts';

/** The load process of the calls about tokens and JWTs of devices: its arguments are the part, the port and the number of requests in flight. */
const [part = '', port = '', inFlight = ''] = process.argv.slice(2);
const count = Number(inFlight);
const HOST = '127.0.0.1';
/** One introspected token in so many is unknown. */
const UNKNOWN = 10;
/** Requests for introspection that are made ready, in all; a run begins anew with them when they are used up. */
const INTROSPECTIONS = 32_768;

const SCOPE = SCOPES.join(' ');
const ISSUED = new RegExp(`^\\{"access_token":"[\\w-]{43}\\.[\\w-]{43}","expires_in":3599,"scope":"${SCOPE}","token_type":"bearer"\\}$`);
const LIVE = new RegExp(`^\\{"active":true,"sub":"bench-\\d{7}","scope":"${SCOPE}","iss":"${ISSUER}","exp":\\d{10}\\}$`);
const INACTIVE = '{"active":false}';

/** How the message of an active JWT begins: `active` is true, and an id of 13 characters follows. */
const ACTIVE_DEVICE = Buffer.of(8, 1, 18, 13);

interface Device {
  readonly deviceId: string;
  readonly privateKey: KeyObject;
}

/** What is sent, in turn, by one lane. */
interface Lane<Request> {
  readonly devices: Device[];
  requests: readonly Request[];
  turn: number;
}

/** One part: how its requests are made, and sent. */
interface Load<Request> {
  readonly client: { open(): Promise<void>; close(): void; send(lane: number, request: Request): Promise<void> };
  /** The request of a device that comes next. */
  readonly make: (device: Device) => Request;
  /** Whether requests may be sent again: there are only so many then. */
  readonly isRepeatable: boolean;
  /** Looks at a run as a whole. Throws if an answer was not the right one. */
  readonly judge?: () => void;
}

function issuing(): Load<Buffer> {
  const client = new HttpLanes(HOST, Number(port), count, (_answer, body) => ISSUED.test(body));
  const make = (device: Device): Buffer => client.encode('/as/token', JSON.stringify({ client_id: device.deviceId }), [`Authorization: ${jwtOf(device)}`]);
  return { client, make, isRepeatable: false };
}

function verifying(): Load<GrpcRequest> {
  const client = new GrpcLink(HOST, Number(port), ({ body }) => body.subarray(5, 9).equals(ACTIVE_DEVICE));
  return { client, make: verification, isRepeatable: false };
}

function verification(device: Device): GrpcRequest {
  return grpcRequest('/keyturn.v1.DeviceTokenService/VerifyDeviceJwt', `Bearer ${OPERATOR_TOKEN}`, textMessage(jwtOf(device)));
}

/** Tokens at random; those over the number of stored ones are unknown. Which of them an answer is to is not asked, but how many are inactive. */
function introspecting(): Load<{ bytes: Buffer; isUnknown: boolean }> {
  const seen = { inactive: 0, unknown: 0 };
  const lanes = new HttpLanes(HOST, Number(port), count, (_answer, body) => {
    if (body === INACTIVE) seen.inactive += 1;
    return body === INACTIVE || LIVE.test(body);
  });
  const client = {
    open: () => lanes.open(),
    close: () => lanes.close(),
    send: (lane: number, { bytes, isUnknown }: { bytes: Buffer; isUnknown: boolean }) => {
      if (isUnknown) seen.unknown += 1;
      return lanes.send(lane, bytes);
    },
  };
  const make = (): { bytes: Buffer; isUnknown: boolean } => {
    const isUnknown = randomInt(UNKNOWN) === 0;
    const token = tokenOf(1 + randomInt(STORED_TOKENS) + (isUnknown ? STORED_TOKENS : 0));
    return { bytes: lanes.encode('/idp/introspect', JSON.stringify({ token })), isUnknown };
  };
  const judge = (): void => {
    if (seen.inactive !== seen.unknown) throw new Error(`${seen.unknown} tokens were unknown, and ${seen.inactive} inactive`);
  };
  return { client, make, isRepeatable: true, judge };
}

function main<Request>({ client, make, isRepeatable, judge }: Load<Request>): void {
  const lanes: Lane<Request>[] = Array.from({ length: count }, () => ({ devices: [], requests: [], turn: 0 }));
  const next = (index: number): Request | undefined => {
    const lane = lanes[index];
    if (lane === undefined) return undefined;
    lane.turn += 1;
    return lane.requests[isRepeatable ? lane.turn % lane.requests.length : lane.turn - 1];
  };
  answerOrders(async (command) => {
    switch (command.kind) {
      case 'devices':
        return { kind: 'devices', keys: command.deviceIds.map((deviceId, index) => addDevice(lanes[index % count], deviceId)) };
      case 'prepare':
        for (const lane of lanes) prepare(lane, make, isRepeatable ? INTROSPECTIONS : command.count);
        return { kind: 'prepared' };
      default: {
        const result = await sendFor(command.seconds, count, client, next);
        judge?.();
        return { kind: 'ran', ...result };
      }
    }
  });
}

/** Makes the key of a device. Returns its public half, SubjectPublicKeyInfo in hex. */
function addDevice(lane: Lane<unknown> | undefined, deviceId: string): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  lane?.devices.push({ deviceId, privateKey });
  return publicKey.export({ type: 'spki', format: 'der' }).toString('hex');
}

function prepare<Request>(lane: Lane<Request>, make: (device: Device) => Request, most: number): void {
  lane.turn = 0;
  lane.requests = Array.from({ length: Math.ceil(most / count) }, (_, turn) => {
    const device = lane.devices[turn % lane.devices.length];
    if (device === undefined) throw new Error('there are more lanes than devices');
    return make(device);
  });
}

/** A fresh authentication JWT. */
function jwtOf({ deviceId, privateKey }: Device): string {
  const parts = [{ alg: 'ES256', typ: 'JWT', kid: deviceId }, { sub: deviceId, jti: randomBytes(16).toString('hex').toUpperCase() }];
  const input = parts.map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')).join('.');
  return `${input}.${sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

if (part === 'token') main(issuing());
else if (part === 'verify') main(verifying());
else main(introspecting());
