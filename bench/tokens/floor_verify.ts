import { hash, randomUUID, timingSafeEqual } from 'node:crypto';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { openPool } from '../floor/rotation.ts';
import { serveMessages } from '../floor/serve_messages.ts';
import { frame, readTextMessage } from '../grpc_frame.ts';
import { OPERATOR_TOKEN } from '../server.ts';
import { signerOf } from './floor_jwt.ts';

/** The floor of VerifyDeviceJwt over gRPC: one method, no matter which path. Its argument is the URL of its database. */
const pool = openPool(process.argv[2] ?? '');
const OPERATOR = digest(`Bearer ${OPERATOR_TOKEN}`);
const ACTIVE = 1;

const SPEND = `with
  dev as (select device_id, project_id from device where device_id = $5 and current_key = $7 and state = 'ACTIVE' for no key update),
  jt as (insert into used_jti (device_id, jti, thumbprint, used_at) select device_id, $6, $7, $1 from dev),
  au as (
    insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    select $1, project_id, device_id, 'device_jwt.verified', $2, $3, $4, json_build_object('jti', $6::text) from dev)
  select count(*)::int as changed from dev`;

serveMessages(async ({ authorization, message, peer }) => {
  const requestId = randomUUID();
  const isOperator = timingSafeEqual(digest(authorization), OPERATOR);
  return { requestId, framed: isOperator ? await verifyJwt(readTextMessage(message), requestId, peer) : undefined };
});

/** The least program that still verifies a JWT and spends it: one read, its signature, one write of the same durable rows. */
async function verifyJwt(jwt: string, requestId: string, peer: string): Promise<Buffer | undefined> {
  const signer = await signerOf(pool, jwt);
  if (signer === undefined) return undefined;
  const { deviceId, jti, projectId, scopes, thumbprint } = signer;
  const { rows: [written] } = await pool.query<{ changed: number }>({ name: 'spend', text: SPEND, values: [new Date(), 'operator', requestId, peer, deviceId, jti, thumbprint] });
  if (written?.changed !== 1) return undefined;
  const answer = new BinaryWriter().uint32(8).bool(true).uint32(18).string(deviceId).uint32(26).string(projectId).uint32(32).int32(ACTIVE);
  for (const scope of scopes) answer.uint32(42).string(scope);
  return frame(Buffer.from(answer.uint32(50).string(thumbprint).finish()));
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
