import { hash, verify } from 'node:crypto';
import type { Pool } from 'pg';

const READ = `select d.project_id, d.state, d.scopes, k.spki as current_spki, j.jti is not null as jti_used
  from device d
  left join public_key k on k.thumbprint = d.current_key
  left join used_jti j on j.device_id = d.device_id and j.jti = $2
  where d.device_id = $1`;

/** A device that has signed a JWT which was not used before. */
export interface Signer {
  readonly deviceId: string;
  readonly jti: string;
  readonly projectId: string;
  readonly scopes: readonly string[];
  /** Of its key. */
  readonly thumbprint: string;
}

interface Row {
  project_id: string;
  state: string;
  scopes: string[];
  current_spki: Buffer;
  jti_used: boolean;
}

/** One read and one signature check. Undefined for a JWT that does not count; throws for one that it cannot read. */
export async function signerOf(pool: Pool, jwt: string): Promise<Signer | undefined> {
  const lastDot = jwt.lastIndexOf('.');
  const { sub, jti: anyCaseJti } = JSON.parse(Buffer.from(jwt.slice(jwt.indexOf('.') + 1, lastDot), 'base64url').toString()) as { sub: string; jti: string };
  const jti = anyCaseJti.toLowerCase();
  const { rows: [row] } = await pool.query<Row>({ name: 'read', text: READ, values: [sub, jti] });
  if (row?.state !== 'ACTIVE' || row.jti_used) return undefined;
  const { project_id: projectId, scopes, current_spki: spki } = row;
  if (!(await isSigned(Buffer.from(jwt.slice(0, lastDot), 'latin1'), spki, Buffer.from(jwt.slice(lastDot + 1), 'base64url')))) return undefined;
  return { deviceId: sub, jti, projectId, scopes, thumbprint: hash('sha256', spki, 'hex') };
}

/** In the thread pool, as the floor of rotations does it. */
function isSigned(message: Buffer, spki: Buffer, signature: Buffer): Promise<boolean> {
  const key = { key: spki, format: 'der', type: 'spki', dsaEncoding: 'ieee-p1363' } as const;
  return new Promise((resolve, reject) => {
    verify('sha256', message, key, signature, (error, valid) => (error === null ? resolve(valid) : reject(error)));
  });
}
