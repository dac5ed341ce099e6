import assert from 'node:assert/strict';
import type { Pool } from 'pg';
import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { placeOf } from '../../../src/crypto/key_ring.ts';
import type { Answer, Wire } from '../answer.ts';
import type { Clients } from '../harness.ts';
import { testKeyRing } from '../resets.ts';
import { newEmail } from './bench.ts';
import type { IdentityBench } from './bench.ts';
import { selfSigned } from './signer.ts';
import type { IdentityKey } from './signer.ts';

type Header = readonly [string, string];

/** Settings with which tests may open many jobs at once; the tests of the budgets have their own. */
export const WIDE = { KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE: '100000', KEYTURN_AUTHENTIQ_JOBS_PER_PREFIX_PER_MINUTE: '100000', KEYTURN_AUTHENTIQ_JOBS_PER_MINUTE: '100000' };

/** A message as it is stored, opened. */
export interface StoredMessage {
  readonly channel: string;
  readonly jobId: string | null;
  readonly recipient: string;
  readonly body: string;
}

/** POST /scope. */
export function requestJob({ rest, grpc }: Clients, wire: Wire, jwt: string, { test, headers = [] }: { test?: number | undefined; headers?: readonly Header[] } = {}): Promise<Answer> {
  if (wire === 'grpc') return grpc.call(Service.signRequest, { jwt, test }, headers);
  const target = test === undefined ? '/scope' : `/scope?test=${test}`;
  return rest.send({ method: 'POST', target, headers: [['Content-Type', 'application/jwt'], ...headers], body: jwt });
}

/** GET /scope/{job}. */
export function retrieveJob({ rest, grpc }: Clients, wire: Wire, job: string, accept?: string): Promise<Answer> {
  if (wire === 'grpc') return grpc.call(Service.signRetrieve, { job }, accept === undefined ? [] : [['accept', accept]]);
  return rest.send({ method: 'GET', target: `/scope/${encodeURIComponent(job)}`, headers: accept === undefined ? [] : [['Accept', accept]] });
}

/** POST /scope/{job}. */
export function confirmJob({ rest, grpc }: Clients, wire: Wire, job: string, code: string): Promise<Answer> {
  if (wire === 'grpc') return grpc.call(Service.signConfirm, { job, code });
  return rest.send({ method: 'POST', target: `/scope/${encodeURIComponent(job)}`, headers: [['Content-Type', 'application/json']], body: JSON.stringify({ code }) });
}

/** PUT /scope/{job}, with an empty body unless there is a JWT. */
export function updateJob({ rest, grpc }: Clients, wire: Wire, job: string, jwt = ''): Promise<Answer> {
  if (wire === 'grpc') return grpc.call(Service.signUpdate, { job, jwt });
  const sent = jwt === '' ? {} : { headers: [['Content-Type', 'application/jwt']] as const, body: jwt };
  return rest.send({ method: 'PUT', target: `/scope/${encodeURIComponent(job)}`, ...sent });
}

/** DELETE /scope/{job}. */
export function deleteJob({ rest, grpc }: Clients, wire: Wire, job: string): Promise<Answer> {
  return wire === 'grpc' ? grpc.call(Service.signDelete, { job }) : rest.send({ method: 'DELETE', target: `/scope/${encodeURIComponent(job)}` });
}

/** The messages for a key, oldest first. */
export async function messagesOf(sql: Pool, pk: string, ring = testKeyRing()): Promise<StoredMessage[]> {
  const { rows } = await sql.query<{ id: string; channel: string; job_id: string | null; key_id: string; box: Buffer }>(
    'select message_id as id, channel, job_id, key_id, box from message where pk = $1 order by created_at', [pk]);
  return rows.map(({ id, channel, job_id: jobId, key_id: keyId, box }) => {
    const { recipient, body } = JSON.parse(ring.open(placeOf.message(id), { keyId, box }).toString()) as { recipient: string; body: string };
    return { channel, jobId, recipient, body };
  });
}

/** The code in a message. */
export function codeIn({ body }: StoredMessage): string {
  return /\b[0-9]{6}\b/.exec(body)?.[0] ?? assert.fail('a message has no code');
}

/** Another code than the right one. */
export function wrongCode(code: string, distance = 1): string {
  return String((Number(code) + distance) % 1_000_000).padStart(6, '0');
}

/** An open job: its key, its code, and what it is about. */
export interface OpenJob {
  readonly key: IdentityKey;
  readonly job: string;
  readonly code: string;
  readonly field: 'email' | 'phone';
  readonly value: string;
}

export interface JobOptions {
  readonly wire?: Wire;
  readonly key?: IdentityKey;
  readonly field?: 'email' | 'phone';
  readonly value?: string;
  readonly test?: number;
}

/** Claims of a job. */
export function claimsOf(field: 'email' | 'phone', value: string): object {
  return { scope: field, [field]: value };
}

/** A job that waits for its code. */
export async function waitingJob(bench: IdentityBench, { wire = 'rest', key: given, field = 'email', value = newEmail(), test }: JobOptions = {}): Promise<OpenJob> {
  const key = given ?? (await bench.register());
  const answer = await requestJob(bench, wire, selfSigned(key, claimsOf(field, value)), { test });
  const { job } = JSON.parse(answer.body) as { job: string };
  const message = (await messagesOf(bench.sql, key.pk)).find(({ jobId }) => jobId === job);
  assert.ok(message, answer.body);
  return { key, job, code: codeIn(message), field, value };
}

export async function confirmedJob(bench: IdentityBench, options: JobOptions = {}): Promise<OpenJob> {
  const open = await waitingJob(bench, options);
  const { body } = await confirmJob(bench, options.wire ?? 'rest', open.job, open.code);
  assert.equal(body, '{"status":"confirmed"}');
  return open;
}

/** A job with its JWT. */
export async function readyJob(bench: IdentityBench, options: JobOptions = {}): Promise<OpenJob & { readonly jwt: string }> {
  const open = await confirmedJob(bench, options);
  return { ...open, jwt: jwtIn(await updateJob(bench, 'grpc', open.job)) };
}

/** The JWT in an answer to PUT /scope/{job}. */
export function jwtIn({ body }: Answer): string {
  const { jwt } = JSON.parse(body) as { jwt?: string };
  return jwt ?? assert.fail(body);
}

/** The payload of a JWT, as it was signed. */
export function payloadOf(jwt: string): string {
  return Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString();
}

/** What the tables have of the jobs of a key. */
export interface StoredJobs {
  readonly jobs: number;
  readonly messages: number;
  /** What is recorded of them, oldest first. */
  readonly actions: readonly string[];
}

export async function storedJobsOf(sql: Pool, { pk }: IdentityKey): Promise<StoredJobs> {
  const { rows } = await sql.query<StoredJobs>(
    `select (select count(*)::int from identity_job where pk = $1) as jobs, (select count(*)::int from message where pk = $1) as messages,
      (select coalesce(json_agg(action order by event_id), '[]') from audit_event where identity = $1 and action like 'identity.job_%') as actions`, [pk]);
  return rows[0] ?? assert.fail();
}

/** A success over either wire, with its exact body; over REST with its status and media type. */
export function assertJobAnswer(answer: Answer, status: number, body: string, contentType = 'application/json'): void {
  assert.deepEqual([answer.status, answer.body], [answer.wire === 'rest' ? status : 0, body], answer.reason);
  if (answer.wire === 'rest') assert.deepEqual(answer.headers.get('content-type'), body === '' ? undefined : [contentType]);
}

/** What GET shows of a signed job as JSON. */
export function shownOf({ key, field, value }: OpenJob, jwt: string): string {
  const { exp } = JSON.parse(payloadOf(jwt)) as { exp: number };
  return `{"sub":"${key.pk}","field":"${field}","${field}":"${value}","exp":${exp}}`;
}
