import { createHmac, verify } from 'node:crypto';
import type { IdentityFloor, IdentityRequest } from './floor.ts';

const READ = 'select state, last_iat::float8 as last_iat from identity where pk = $1';

const WRITE = `with
  changed as (update identity set last_iat = greatest(last_iat, $2) where pk = $1 and state = 'REGISTERED' and (last_iat is null or last_iat <= $2) returning pk),
  addresses as (
    insert into identity_address (pk, kind, address_mac, bound_at)
    select pk, kind, mac, $5 from changed cross join unnest($3::text[], $4::bytea[]) as given (kind, mac)
    on conflict (pk, kind) do update set address_mac = excluded.address_mac, bound_at = excluded.bound_at),
  au as (
    insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
    select $5, '', '', pk, 'identity.bound', 'identity', $6, $7, '{"changed":"email,phone"}' from changed)
  select count(*)::int as changed from changed`;

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const KINDS = ['email', 'phone'] as const;
const ANSWER = '{"status":"confirmed"}';

interface Claims {
  sub: string;
  email: string;
  phone: string;
  iat: number;
}

/** The least program that still binds an address and a number to a key: one read, its signature, two hashes, one write of the same durable rows. */
export async function bindKey({ pool, hashKey }: IdentityFloor, { name, jwt, requestId, peer }: IdentityRequest): Promise<string | undefined> {
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
  const { rows: [row] } = await pool.query<{ state: string; last_iat: number | null }>({ name: 'read', text: READ, values: [name] });
  if (row?.state !== 'REGISTERED' || claims.sub !== name || (row.last_iat ?? 0) > claims.iat) return undefined;
  if (!(await isSigned(Buffer.from(`${header}.${payload}`), name, Buffer.from(signature, 'base64url')))) return undefined;
  const macs = KINDS.map((kind) => createHmac('sha256', hashKey).update(`${kind}:${claims[kind]}`).digest());
  const { rows: [written] } = await pool.query<{ changed: number }>({ name: 'write', text: WRITE, values: [name, claims.iat, KINDS, macs, new Date(), requestId, peer] });
  return written?.changed === 1 ? ANSWER : undefined;
}

/** In the thread pool, as the floor of rotations does it. */
function isSigned(message: Buffer, pk: string, signature: Buffer): Promise<boolean> {
  const key = { key: Buffer.concat([SPKI, Buffer.from(pk, 'base64url')]), format: 'der', type: 'spki' } as const;
  return new Promise((resolve, reject) => {
    verify(null, message, key, signature, (error, valid) => (error === null ? resolve(valid) : reject(error)));
  });
}
