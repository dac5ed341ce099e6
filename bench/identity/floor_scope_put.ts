import { createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { open, seal } from '../secrets/floor_box.ts';
import type { IdentityFloor, IdentityRequest } from './floor.ts';

const READ = `select job.pk, job.state, job.box, issuer_key.public_key, issuer_key.box as key_box
  from identity_job job join identity using (pk) join issuer on issuer.name = 'main' join issuer_key on issuer_key.public_key = issuer.current_key
  where job_id = $1 and job.expires_at > $2 and identity.state = 'REGISTERED'`;

const WRITE = `with
  job as (
    update identity_job set state = 'READY', key_id = $2, box = $3 from identity
    where job_id = $1 and identity_job.state = 'CONFIRMED' and identity.pk = identity_job.pk and identity.state = 'REGISTERED'
      and exists (select from issuer where name = 'main' and current_key = $4)
    returning identity_job.pk),
  au as (
    insert into audit_event (occurred_at, project_id, device_id, identity, action, actor, request_id, peer, details)
    select $5, '', '', pk, 'identity.job_signed', 'identity', $6, $7, '{"field":"email"}' from job)
  select count(*)::int as changed from job`;

const YEAR = 31_536_000;
/** By public key. */
const opened = new Map<string, KeyObject>();

interface Row {
  pk: string;
  state: string;
  box: Buffer;
  public_key: string;
  key_box: Buffer;
}

/** The least program that still countersigns a job once, and answers with the same JWT from then on. */
export async function putScope({ pool, master, issuer }: IdentityFloor, { name, requestId, peer }: IdentityRequest): Promise<string | undefined> {
  const now = new Date();
  const { rows: [row] } = await pool.query<Row>({ name: 'read', text: READ, values: [name, now] });
  if (row === undefined || row.state === 'WAITING') return undefined;
  const place = ['identity_job', name];
  const { address, jwt: stored } = JSON.parse(open(master.key, place, row.box).toString()) as { address: string; jwt?: string };
  if (stored !== undefined) return answerOf(stored);
  const iat = Math.floor(now.getTime() / 1000);
  const jwt = signed(privateKeyOf(master.key, row), row.public_key, { iss: issuer, sub: row.pk, scope: 'email', email: address, iat, exp: iat + YEAR });
  const box = seal(master.key, place, JSON.stringify({ address, jwt }));
  const { rows: [written] } = await pool.query<{ changed: number }>({ name: 'write', text: WRITE, values: [name, master.id, box, row.public_key, now, requestId, peer] });
  return written?.changed === 1 ? answerOf(jwt) : undefined;
}

function answerOf(jwt: string): string {
  return JSON.stringify({ status: 'ready', jwt });
}

function privateKeyOf(master: KeyObject, { public_key: name, key_box: box }: Row): KeyObject {
  const known = opened.get(name) ?? createPrivateKey({ key: open(master, ['issuer_key', name], box), type: 'pkcs8', format: 'der' });
  opened.set(name, known);
  return known;
}

function signed(key: KeyObject, kid: string, payload: object): string {
  const input = [{ typ: 'JWT', alg: 'Ed25519', kid }, payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`;
}
