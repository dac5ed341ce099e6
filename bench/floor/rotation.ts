import { hash, randomUUID, verify } from 'node:crypto';
import { Pool } from 'pg';

/** As many connections as Keyturn has. */
const POOL_SIZE = 16;

const BEGIN = '-----BEGIN PUBLIC KEY-----';
const END = '-----END PUBLIC KEY-----';

const READ = `select d.state, d.updates_allowed, d.current_key, k.spki, j.jti as used_jti, r.rotation_id, o.spki as replaced_spki
  from device d
  left join public_key k on k.thumbprint = d.current_key
  left join rotation r on r.device_id = d.device_id and r.jwt_sha256 = $2
  left join public_key o on o.thumbprint = r.old_thumbprint
  left join used_jti j on j.device_id = d.device_id and j.jti = $3
  where d.device_id = $1`;

const WRITE = `with
  dev as (
    update device set current_key = $3, updated_at = $8
    where device_id = $1 and current_key = $2 and state = 'ACTIVE' and updates_allowed
    returning device_id, project_id),
  old as (update public_key set state = 'RETIRED', retired_at = $8 from dev where thumbprint = $2),
  neu as (
    insert into public_key (thumbprint, device_id, state, kind, spki, activated_at, rotation_id)
    select $3, device_id, 'CURRENT', 'P-256', $4, $8, $7 from dev),
  jt as (insert into used_jti (device_id, jti, thumbprint, used_at) select device_id, $6, $2, $8 from dev),
  ro as (
    insert into rotation (device_id, jwt_sha256, rotation_id, jti, old_thumbprint, new_thumbprint, rotated_at)
    select device_id, $5, $7, $6, $2, $3, $8 from dev),
  au as (
    insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    select $8, project_id, device_id, 'device_key.rotated', 'device', $9, $10, $11::jsonb from dev),
  ob as (
    insert into outbox (occurred_at, project_id, device_id, type, payload)
    select $8, project_id, device_id, 'device_key.rotated', $11::jsonb from dev)
  select count(*)::int as changed from dev`;

interface DeviceRow {
  state: string;
  updates_allowed: boolean;
  current_key: string;
  spki: Buffer;
  used_jti: string | null;
  rotation_id: string | null;
}

/** A request for a rotation as a wire hands it in. */
export interface FloorRequest {
  readonly jwt: string;
  readonly pop: string;
  readonly requestId: string;
  readonly peer: string;
}

export function openPool(url: string): Pool {
  return new Pool({ connectionString: url, max: POOL_SIZE, keepAlive: true });
}

/**
 * The least program that still makes a rotation: both signatures are verified
 * and the same durable rows written, with one read and one write. It checks
 * nothing of the form of its input, repeats no lost answer, logs and counts
 * nothing. Whether the rotation was made; throws for input that it cannot read.
 */
export async function rotate(pool: Pool, { jwt, pop, requestId, peer }: FloorRequest): Promise<boolean> {
  const dot = jwt.indexOf('.');
  const lastDot = jwt.lastIndexOf('.');
  const { kid } = readPart(jwt.slice(0, dot)) as { kid: string };
  const { jti: anyCaseJti, public_key: pem } = readPart(jwt.slice(dot + 1, lastDot)) as { jti: string; public_key: string };
  const jti = anyCaseJti.toLowerCase();
  const jwtSha256 = hash('sha256', jwt, 'buffer');

  const read = await pool.query<DeviceRow>({ name: 'read', text: READ, values: [kid, jwtSha256, jti] });
  const device = read.rows[0];
  if (device?.state !== 'ACTIVE' || !device.updates_allowed || device.used_jti !== null || device.rotation_id !== null) return false;

  const signed = Buffer.from(jwt.slice(0, lastDot), 'latin1');
  const signature = Buffer.from(jwt.slice(lastDot + 1), 'base64url');
  if (!(await isSigned(signed, device.spki, signature, 'ieee-p1363'))) return false;
  const newSpki = Buffer.from(pem.slice(BEGIN.length, -END.length), 'base64');
  if (!(await isSigned(Buffer.from(jwt, 'latin1'), newSpki, Buffer.from(pop, 'base64'), 'der'))) return false;

  const old = device.current_key;
  const thumbprint = hash('sha256', newSpki, 'hex');
  const details = JSON.stringify({ jti, old_thumbprint: old, new_thumbprint: thumbprint });
  const values = [kid, old, thumbprint, newSpki, jwtSha256, jti, randomUUID(), new Date(), requestId, peer, details];
  const written = await pool.query<{ changed: number }>({ name: 'write', text: WRITE, values });
  return written.rows[0]?.changed === 1;
}

function readPart(part: string): unknown {
  return JSON.parse(Buffer.from(part, 'base64url').toString());
}

/**
 * In the thread pool: on this thread it costs less CPU, but a tenth of the rate, because rotations then wait for each
 * other. The key goes in as it is: Node takes longer over a key object.
 */
function isSigned(message: Buffer, spki: Buffer, signature: Buffer, dsaEncoding: 'der' | 'ieee-p1363'): Promise<boolean> {
  const key = { key: spki, format: 'der', type: 'spki', dsaEncoding } as const;
  return new Promise((resolve, reject) => {
    verify('sha256', message, key, signature, (error, valid) => (error === null ? resolve(valid) : reject(error)));
  });
}
