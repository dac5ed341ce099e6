import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { open } from './floor_box.ts';
import type { Floor, FloorAnswer } from './floor.ts';

const READ = `select d.project_id, d.state, d.auth_type, p.box as primary_box, s.box as secondary_box
  from device d
  left join device_secret p on p.device_id = d.device_id and p.slot = 'PRIMARY'
  left join device_secret s on s.device_id = d.device_id and s.slot = 'SECONDARY'
  where d.device_id = $1`;

const WRITE = `with
  dev as (update device set active_at = coalesce(active_at, $3) where device_id = $1 and state = 'ACTIVE' returning device_id, project_id),
  sec as (update device_secret set last_used_at = $3 from dev where device_secret.device_id = dev.device_id and slot = 'PRIMARY' and box = $2),
  old as (update device_token set expires_at = $6 from dev where device_token.device_id = dev.device_id and expires_at > $6),
  neu as (insert into device_token (token_sha256, device_id, issued_at, expires_at) select $4, device_id, $3, $5 from dev),
  au as (
    insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    select $3, project_id, device_id, 'device_token.issued', 'device', $7, $8, '{"slot":"PRIMARY"}' from dev)
  select count(*)::int as changed from dev`;

interface Row {
  state: string;
  auth_type: string;
  primary_box: Buffer | null;
  secondary_box: Buffer | null;
}

/** The least program that still gives a device its token: one read, the passwords of two secrets, one write of the same durable rows. */
export async function authenticate({ pool, master, requestId }: Floor, request: IncomingMessage, body: Buffer): Promise<FloorAnswer | undefined> {
  const { device_id: deviceId, timestamp, password } = JSON.parse(body.toString()) as Record<string, string>;
  const { rows: [row] } = await pool.query<Row>({ name: 'read', text: READ, values: [deviceId] });
  if (deviceId === undefined || timestamp === undefined || password === undefined || row?.state !== 'ACTIVE' || row.auth_type !== 'SECRET' || row.primary_box === null) return undefined;
  const given = Buffer.from(password, 'hex');
  const isRight = [row.primary_box, row.secondary_box].map((box, index) => {
    // Whether there is a second secret is not to be seen from outside.
    const secret = box === null ? 'x'.repeat(32) : open(master.key, ['device_secret', deviceId, index === 0 ? 'PRIMARY' : 'SECONDARY'], box);
    return timingSafeEqual(createHmac('sha256', timestamp).update(secret).digest(), given) && box !== null;
  });
  if (!isRight.includes(true)) return undefined;
  const token = randomBytes(32).toString('base64url');
  const now = Date.now();
  const values = [deviceId, row.primary_box, new Date(now), hash('sha256', token, 'buffer'), new Date(now + 86_399_000), new Date(now + 30_000), requestId, request.socket.remoteAddress ?? ''];
  const { rows: [written] } = await pool.query<{ changed: number }>({ name: 'write', text: WRITE, values });
  return written?.changed === 1 ? { body: JSON.stringify({ access_token: token, expires_in: 86_399 }) } : undefined;
}
