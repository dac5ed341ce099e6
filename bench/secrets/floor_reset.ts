import { createHash, createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Pool } from 'pg';
import { open, seal } from './floor_box.ts';
import type { Floor, FloorAnswer } from './floor.ts';

const PATH = /^\/v5\/iot\/([^/]+)\/devices\/([^/]+)\/action\?action_id=resetSecret$/;
const SIGNATURE = /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/;

const READ_TOKEN = `select user_id as who, project_id, expires_at from iam_token join iam_user using (user_id)
  where token_sha256 = $1 and generation = token_generation and not disabled`;
const READ_KEY = 'select project_id, box from access_key where access_key = $1';

const WRITE = `with
  dev as (select device_id, project_id from device where device_id = $1 and project_id = $2 for update),
  secret as (
    insert into device_secret (device_id, slot, key_id, box, set_at) select device_id, 'PRIMARY', $3, $4, $5 from dev
    on conflict (device_id, slot) do update set key_id = excluded.key_id, box = excluded.box, set_at = excluded.set_at, last_used_at = null),
  au as (
    insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    select $5, project_id, device_id, 'device_secret.reset', $6, $7, $8, $9::json from dev),
  ob as (
    insert into outbox (occurred_at, project_id, device_id, type, payload) select $5, project_id, device_id, 'device_secret.reset', $9::json from dev)
  select count(*)::int as changed from dev`;

interface Caller {
  who: string;
  project_id: string;
}

/** The least program that still resets a secret: who asks is looked up and proved, and the same durable rows are written. */
export async function reset({ pool, master, requestId }: Floor, request: IncomingMessage, body: Buffer): Promise<FloorAnswer | undefined> {
  const [, project = '', deviceId = ''] = PATH.exec(request.url ?? '') ?? [];
  const token = request.headers['x-auth-token'];
  const caller = typeof token === 'string' ? await ofToken(pool, token) : await ofSignature(pool, master.key, request, body);
  if (caller?.project_id !== project) return undefined;
  const { secret = randomBytes(16).toString('hex') } = JSON.parse(body.toString()) as { secret?: string };
  const box = seal(master.key, ['device_secret', deviceId, 'PRIMARY'], secret);
  const values = [deviceId, project, master.id, box, new Date(), caller.who, requestId, request.socket.remoteAddress ?? '', '{"slot":"PRIMARY"}'];
  const { rows: [row] } = await pool.query<{ changed: number }>({ name: 'write', text: WRITE, values });
  return row?.changed === 1 ? { body: JSON.stringify({ device_id: deviceId, secret, secret_type: 'PRIMARY' }) } : undefined;
}

async function ofToken(pool: Pool, token: string): Promise<Caller | undefined> {
  const { rows: [row] } = await pool.query<Caller & { expires_at: Date }>({ name: 'token', text: READ_TOKEN, values: [hash('sha256', token, 'buffer')] });
  return row !== undefined && row.expires_at.getTime() > Date.now() ? row : undefined;
}

/** By the rules of the signature, for requests that need no decoding. */
async function ofSignature(pool: Pool, master: KeyObject, request: IncomingMessage, body: Buffer): Promise<Caller | undefined> {
  const [, accessKey = '', list = '', signature = ''] = SIGNATURE.exec(request.headers.authorization ?? '') ?? [];
  const { rows: [row] } = await pool.query<{ project_id: string; box: Buffer }>({ name: 'key', text: READ_KEY, values: [accessKey] });
  if (row === undefined) return undefined;
  const secretKey = open(master, ['access_key', accessKey], row.box);
  const [path = '', query = ''] = (request.url ?? '').split('?');
  const lines = list.split(';').map((name) => `${name}:${String(request.headers[name])}\n`).join('');
  const canonical = [request.method, `${path}/`, query, lines, list, hash('sha256', body, 'hex')].join('\n');
  const text = ['SDK-HMAC-SHA256', String(request.headers['x-sdk-date']), createHash('sha256').update(canonical).digest('hex')].join('\n');
  const made = createHmac('sha256', secretKey.toString()).update(text).digest();
  return timingSafeEqual(made, Buffer.from(signature, 'hex')) ? { who: accessKey, project_id: row.project_id } : undefined;
}
