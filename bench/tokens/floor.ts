import { hash, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { openPool } from '../floor/rotation.ts';
import { serveBodies } from '../floor/serve.ts';
import { signerOf } from './floor_jwt.ts';
import { ISSUER } from './kinds.ts';

/**
 * The floor of POST /as/token and of POST /idp/introspect: one route, no matter which path. It checks nothing of the form
 * of its input, has no contract, limits nobody, and neither logs nor counts. Its arguments are the URL of its database
 * and the part.
 */
const [url = '', part] = process.argv.slice(2);
const pool = openPool(url);
const run = part === 'introspect' ? introspect : issue;
const SECONDS = 3599;

const ISSUE = `with
  dev as (select device_id, project_id from device where device_id = $5 and current_key = $7 and state = 'ACTIVE' for no key update),
  jt as (insert into used_jti (device_id, jti, thumbprint, used_at) select device_id, $6, $7, $1 from dev),
  ch as (insert into device_token_chain (chain_id, device_id, scopes, renewals, expires_at) select $8, device_id, $9, 0, $11 from dev),
  neu as (
    insert into device_token (token_sha256, device_id, issued_at, expires_at, scopes, chain_id) select $10, device_id, $1, $11, $9, $8 from dev),
  au as (
    insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    select $1, project_id, device_id, 'device_token.issued', $2, $3, $4, $12::json from dev)
  select count(*)::int as changed from dev`;

const FIND = 'select device_id, scopes, expires_at from device_token where token_sha256 = $1 and expires_at > $2';

serveBodies(answer);

async function answer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  const requestId = randomUUID();
  const answered = await run(JSON.parse(body.toString()) as Record<string, string>, request, requestId);
  if (answered === undefined) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, { 'X-Request-ID': requestId, 'Cache-Control': 'no-store', 'Content-Type': 'application/json', 'Content-Length': answered.length }).end(answered);
}

/** The least program that still gives a device a token: one read, its signature, one write of the same durable rows. */
async function issue(asked: Record<string, string>, { headers, socket }: IncomingMessage, requestId: string): Promise<string | undefined> {
  const signer = await signerOf(pool, headers.authorization ?? '');
  if (signer === undefined || asked['client_id'] !== signer.deviceId) return undefined;
  const { deviceId, jti, thumbprint, scopes } = signer;
  const token = `${randomBytes(32).toString('base64url')}.${randomBytes(32).toString('base64url')}`;
  const now = Date.now();
  const scope = scopes.join(' ');
  const origin = [new Date(now), `device:${deviceId}`, requestId, socket.remoteAddress ?? ''];
  const values = [...origin, deviceId, jti, thumbprint, randomUUID(), scopes, hash('sha256', token, 'buffer'), new Date(now + SECONDS * 1000), JSON.stringify({ jti, scope })];
  const { rows: [written] } = await pool.query<{ changed: number }>({ name: 'write', text: ISSUE, values });
  return written?.changed === 1 ? JSON.stringify({ access_token: token, expires_in: SECONDS, scope, token_type: 'bearer' }) : undefined;
}

/** The least program that still tells whether a token counts: its hash and one indexed look-up. */
async function introspect({ token = '' }: Record<string, string>): Promise<string> {
  const { rows: [row] } = await pool.query<{ device_id: string; scopes: string[]; expires_at: Date }>({ name: 'find', text: FIND, values: [hash('sha256', token, 'buffer'), new Date()] });
  if (row === undefined) return '{"active":false}';
  return JSON.stringify({ active: true, sub: row.device_id, scope: row.scopes.join(' '), iss: ISSUER, exp: Math.floor(row.expires_at.getTime() / 1000) });
}
