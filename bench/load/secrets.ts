import { createHmac } from 'node:crypto';
import { sign } from '../../test/support/signer.ts';
import { HOUR, PROJECT } from '../secrets/kinds.ts';
import type { SecretMaterial, SecretPart } from '../secrets/kinds.ts';
import { HttpLanes } from './http_lanes.ts';
import { answerOrders } from './orders.ts';
import { sendFor } from './timed.ts';

/** The load process of the calls about device secrets: its arguments are the part, the port, the number of requests in flight and the material. */
const [part = '', port = '', inFlight = '', material = ''] = process.argv.slice(2);
const count = Number(inFlight);
const given = JSON.parse(material) as SecretMaterial;

const RESET_BODY = '{"secret_type":"PRIMARY"}';
const RIGHT: Readonly<Record<SecretPart, RegExp>> = {
  'reset-token': /^\{"device_id":"[\w-]+","secret":"[0-9a-f]{32}","secret_type":"PRIMARY"\}$/,
  'reset-signature': /^\{"device_id":"[\w-]+","secret":"[0-9a-f]{32}","secret_type":"PRIMARY"\}$/,
  'device-auth': /^\{"access_token":"[\w-]{43}","expires_in":86399\}$/,
};

const right = RIGHT[part as SecretPart];
const client = new HttpLanes('127.0.0.1', Number(port), count, (_answer, body) => right.test(body));
/** Of each lane, whose devices are its own, so that no two requests wait for one device. */
let lanes: { devices: string[]; requests: Buffer[]; turn: number }[] = [];

answerOrders(async (command) => {
  switch (command.kind) {
    case 'devices':
      lanes = Array.from({ length: count }, (_, lane) => ({ devices: command.deviceIds.filter((_id, index) => index % count === lane), requests: [], turn: 0 }));
      return { kind: 'devices', keys: [] };
    case 'prepare':
      // A signature counts for a quarter of an hour, and may be sent more than once.
      for (const lane of lanes) lane.requests = lane.devices.map(requestFor);
      return { kind: 'prepared' };
    default:
      return { kind: 'ran', ...(await sendFor(command.seconds, count, client, next)) };
  }
});

function next(lane: number): Buffer | undefined {
  const own = lanes[lane];
  if (own === undefined) return undefined;
  own.turn += 1;
  return own.requests[own.turn % own.requests.length];
}

function requestFor(deviceId: string): Buffer {
  if (part === 'device-auth') {
    const password = createHmac('sha256', HOUR).update(given.deviceSecret).digest('hex');
    return client.encode('/v5/device-auth', JSON.stringify({ device_id: deviceId, sign_type: 0, timestamp: HOUR, password }));
  }
  const path = `/v5/iot/${PROJECT}/devices/${deviceId}/action`;
  const target = `${path}?action_id=resetSecret`;
  if (part === 'reset-token') return client.encode(target, RESET_BODY, [`X-Auth-Token: ${given.token}`]);
  // As the vendor's client does: these headers and no others.
  const headers = [['content-type', 'application/json'], ['host', `127.0.0.1:${port}`], ['x-project-id', PROJECT]] as const;
  const signed = sign(given, { method: 'POST', path, query: [['action_id', 'resetSecret']], headers, body: RESET_BODY, date: new Date() });
  return client.encode(target, RESET_BODY, [`X-Project-Id: ${PROJECT}`, ...Object.entries(signed).map(([name, value]) => `${name}: ${value}`)]);
}
