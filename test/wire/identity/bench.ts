import assert from 'node:assert/strict';
import { after, before } from 'mocha';
import { Pool } from 'pg';
import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import { placeOf } from '../../../src/crypto/key_ring.ts';
import type { Environment } from '../../../src/config/index.ts';
import { OPERATOR_TOKEN, startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import type { Answer, Wire } from '../answer.ts';
import { GrpcClient } from '../grpc.ts';
import type { GrpcMethod } from '../grpc.ts';
import type { Clients } from '../harness.ts';
import { testKeyRing } from '../resets.ts';
import { RestClient } from '../rest.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import type { IdentityKey } from './signer.ts';

/** The calls on keys: how each goes over REST, members in braces are the path's. */
const ROUTES = {
  keyRegister: 'POST /key',
  keyRetrieve: 'GET /key/{pk}',
  keyUpdate: 'POST /key/{pk}',
  keyBind: 'PUT /key/{pk}',
  keyRevoke: 'DELETE /key/{pk}',
} as const;

export type KeyMethod = keyof typeof ROUTES;

/** The members of a request; over REST `jwt` is the body and what is not in the path goes to the query. */
export interface KeyRequest {
  readonly pk?: string;
  readonly jwt?: string;
  readonly secret?: string;
}

/** What is stored of a key, its device token opened, and its addresses as kinds. */
export interface StoredKey {
  readonly state: string;
  readonly claimedPk: string | null;
  readonly devtoken: string | null;
  readonly lastIat: number | null;
  readonly addresses: readonly string[];
  /** `action changed` of its audit events, oldest first. */
  readonly audits: readonly string[];
}

const STORED = `select state, claimed_pk as "claimedPk", key_id as "keyId", box, last_iat::float8 as "lastIat",
  (select coalesce(json_agg(kind order by kind), '[]') from identity_address a where a.pk = i.pk) as addresses,
  (select coalesce(json_agg(concat_ws(' ', action, nullif(details ->> 'changed', ''), details ->> 'cause') order by event_id), '[]') from audit_event e where e.identity = i.pk) as audits
  from identity i where pk = $1`;

export const CONFIRMED = '{"status":"confirmed"}';
export const DONE = '{"status":"done"}';

/** Makes a call on keys over a wire. */
export function sendKey(clients: Clients, wire: Wire, method: KeyMethod, request: KeyRequest): Promise<Answer> {
  const { pk = '', jwt, secret } = request;
  if (wire === 'grpc') {
    const definition = Service[method] as unknown as GrpcMethod<object, object>;
    return clients.grpc.call(definition, { pk, jwt: jwt ?? '', secret: secret ?? '' });
  }
  const [verb = '', template = ''] = ROUTES[method].split(' ');
  const target = template.replace('{pk}', encodeURIComponent(pk)) + (secret === undefined ? '' : `?secret=${encodeURIComponent(secret)}`);
  return clients.rest.send({ method: verb, target, headers: jwt === undefined ? [] : [['Content-Type', 'application/jwt']], body: jwt });
}

export async function storedKeyOf(sql: Pool, pk: string): Promise<StoredKey | undefined> {
  const { rows } = await sql.query<StoredKey & { keyId: string | null; box: Buffer | null }>(STORED, [pk]);
  if (rows[0] === undefined) return undefined;
  const { keyId, box, ...row } = rows[0];
  return { ...row, devtoken: keyId === null || box === null ? null : testKeyRing().open(placeOf.identity(pk), { keyId, box }).toString() };
}

let serial = 0;

/** An e-mail address that no other test has. */
export function newEmail(): string {
  serial += 1;
  return `user-${serial}@example.com`;
}

/** A phone number that no other test has. */
export function newPhone(): string {
  serial += 1;
  return `+3120${1_000_000 + serial}`;
}

/** A key that is registered, and the secret that revokes it. */
export interface RegisteredKey extends IdentityKey {
  readonly secret: string;
}

/** A service with clients on both wires and a connection to its tables. */
export class IdentityBench implements Clients, AsyncDisposable {
  readonly service: TestService;
  readonly rest: RestClient;
  readonly grpc: GrpcClient;
  readonly sql: Pool;

  private constructor(service: TestService) {
    this.service = service;
    this.rest = new RestClient(service.url);
    this.grpc = new GrpcClient(service.grpc);
    this.sql = new Pool({ connectionString: service.databaseUrl, max: 4 });
  }

  static async start(settings: Environment = {}): Promise<IdentityBench> {
    return new IdentityBench(await startService({ settings: { KEYTURN_PEER_FAILURES_PER_MINUTE: '100000', ...settings } }));
  }

  send(wire: Wire, method: KeyMethod, request: KeyRequest): Promise<Answer> {
    return sendKey(this, wire, method, request);
  }

  /** Binds, or calls what takes the same, with a JWT of these claims. */
  bind(wire: Wire, key: IdentityKey, claims: object = {}, method: KeyMethod = 'keyBind'): Promise<Answer> {
    return this.send(wire, method, { pk: key.pk, jwt: selfSigned(key, claims) });
  }

  /** Registers a key. */
  async register(claims: object = {}, key = newIdentityKey()): Promise<RegisteredKey> {
    return { ...key, secret: secretIn(await this.send('rest', 'keyRegister', { jwt: selfSigned(key, claims) })) };
  }

  /** Registers a key and revokes it. */
  async revoked(key = newIdentityKey()): Promise<RegisteredKey> {
    const registered = await this.register({}, key);
    const answer = await this.send('rest', 'keyRevoke', registered);
    assert.equal(answer.body, DONE);
    return registered;
  }

  async stored({ pk }: { readonly pk: string }): Promise<StoredKey> {
    return (await storedKeyOf(this.sql, pk)) ?? assert.fail('the key is not stored');
  }

  /** Calls the operator API over REST, with success. */
  async operator(method: string, target: string, body?: object): Promise<unknown> {
    const headers: [string, string][] = [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ['Content-Type', 'application/json']];
    const answer = await this.rest.send({ method, target, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    assert.equal(answer.status, 200, answer.body);
    return JSON.parse(answer.body);
  }

  /** Seconds since 1970, by the clock of the service. */
  now(): number {
    return Math.floor(this.service.clock.now().getTime() / 1000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.rest[Symbol.dispose]();
    this.grpc[Symbol.dispose]();
    await this.sql.end();
    await this.service[Symbol.asyncDispose]();
  }
}

/** The secret that a registration has answered, which must have succeeded. */
export function secretIn({ status, body }: Answer): string {
  assert.ok(status === 201 || status === 0, body);
  return (JSON.parse(body) as { secret: string }).secret;
}

/** One service for the whole of a describe block. */
export function withIdentities(settings: Environment = {}): () => IdentityBench {
  let bench: IdentityBench | undefined;
  before(async () => {
    bench = await IdentityBench.start(settings);
  });
  after(() => bench?.[Symbol.asyncDispose]());
  return () => bench ?? assert.fail('the service is not there yet');
}
