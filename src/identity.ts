import { randomBytes } from 'node:crypto';
import type { Binding } from './call/endpoints.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/index.ts';
import { placeOf } from './crypto/key_ring.ts';
import type { KeyRing } from './crypto/key_ring.ts';
import type { Database } from './db/database.ts';
import { IdentityStore } from './db/identity.ts';
import { JobStore } from './db/identity_job.ts';
import { JobOpenings } from './db/identity_job_open.ts';
import { RevocationStore } from './db/identity_revocation.ts';
import { IssuerStore } from './db/issuer.ts';
import { LoginStore } from './db/login.ts';
import { MessageList } from './db/message_list.ts';
import { MessageQueue } from './db/message_queue.ts';
import { ServiceKeyStore } from './db/service_key.ts';
import { TrustedIssuerStore } from './db/trusted_issuer.ts';
import type { AtFaultPoint, AtSendingPoint } from './fault_points.ts';
import { KEY_SET_PATH, keySetPage } from './pages/key_set.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { identityBindingService } from './services/identity_binding_service/index.ts';
import { KeyedHash } from './services/addresses/keyed_hash.ts';
import { Logins } from './services/identity_binding_service/logins.ts';
import type { IdentityParts } from './services/identity_binding_service/parts.ts';
import { Revocations } from './services/identity_binding_service/revocations.ts';
import { SendingBudgets } from './services/identity_binding_service/sending_budget.ts';
import { IssuerKeys } from './services/issuers/issuer_keys.ts';
import { PublishedKeys } from './services/issuers/published_keys.ts';
import { Trust } from './services/issuers/trust.ts';
import { Outgoing } from './services/messages/outgoing.ts';
import { PostOffice } from './services/messages/post_office.ts';
import { Identities } from './services/operator_service/identities.ts';
import type { OperatorParts } from './services/operator_service/index.ts';
import { Issuers } from './services/operator_service/issuers.ts';
import { Messages } from './services/operator_service/messages.ts';
import type { Page } from './transport/rest/handler.ts';

export interface IdentityComposition {
  readonly database: Database;
  readonly keyRing: KeyRing;
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly atSendingPoint: AtSendingPoint | undefined;
  /** The base of links to REST, without a slash at its end, once it is served. */
  readonly publicUrl: () => string;
  readonly atFaultPoint: AtFaultPoint | undefined;
}

/** What concerns identity keys: IdentityBindingService, its issuers and its messages. */
export interface IdentityBinding {
  readonly operatorParts: Pick<OperatorParts, 'identities' | 'issuers' | 'messages'>;
  readonly bindings: readonly Binding[];
  readonly pages: readonly (readonly [path: string, page: Page])[];
  /** Sends messages from its start until it is disposed of. */
  readonly postOffice: PostOffice;
}

const ADDRESS_HASH_KEY = 'address_hash';
const KEY_BYTES = 32;

/** Puts together what concerns identity keys; makes what is made at the first start. */
export async function composeIdentity({ database, keyRing, config, clock, log, metrics, publicUrl, atFaultPoint, atSendingPoint }: IdentityComposition): Promise<IdentityBinding> {
  const { run } = database;
  const { authentiq: settings } = config;
  const hash = new KeyedHash(await serviceKey(ADDRESS_HASH_KEY, new ServiceKeyStore(run), keyRing, clock));
  const issuers = new IssuerStore(run);
  const issuerKeys = new IssuerKeys(keyRing, issuers);
  await issuerKeys.ensure('main', clock.now());
  if (settings.testIssuer) await issuerKeys.ensure('test', clock.now());
  const issuer = (): string => settings.issuer ?? publicUrl();
  const identities = new IdentityStore(database, atFaultPoint);
  const trusted = new TrustedIssuerStore(run);
  const trust = new Trust(trusted, issuer, settings.trustedIssuers);
  const postOffice = new PostOffice({
    settings: config.messages,
    queue: new MessageQueue(run),
    keyRing,
    clock,
    log,
    count: (channel, outcome) => metrics.messages.inc({ channel, outcome }),
    atSendingPoint,
  });
  const parts: IdentityParts = {
    identities,
    keyRing,
    hash,
    issuerKeys,
    issuer,
    trust,
    outgoing: new Outgoing(keyRing, hash),
    wake: () => postOffice.wake(),
    settings,
    clock,
  };
  const budgets = new SendingBudgets(settings);
  const jobs = { ...parts, budgets, jobs: new JobStore(run, atFaultPoint), openings: new JobOpenings(run, atFaultPoint) };
  const revocations = new Revocations({ ...parts, budgets, codes: new RevocationStore(database, atFaultPoint) });
  const published = new PublishedKeys(issuers);
  log.info({ scope_put_response: settings.scopePutResponse }, 'the form in which PUT /scope answers');
  const messages = new Messages({ list: new MessageList(run), keyRing, hash, hasSender: (channel) => postOffice.hasSender(channel), clock });
  return {
    operatorParts: {
      identities: new Identities(identities, clock),
      issuers: new Issuers({ store: issuers, trusted, keys: issuerKeys, trust, settings, clock }),
      messages,
    },
    postOffice,
    bindings: identityBindingService({ keys: parts, revocations, jobs, logins: new Logins(parts, new LoginStore(run)) }),
    pages: [[KEY_SET_PATH, keySetPage(() => published.read(), log)]],
  };
}

/** A key that all nodes share, made at the first start. */
async function serviceKey(name: string, store: ServiceKeyStore, keyRing: KeyRing, clock: Clock): Promise<Buffer> {
  const place = placeOf.serviceKey(name);
  const known = await store.read(name);
  if (known === undefined) await store.create(name, keyRing.seal(place, randomBytes(KEY_BYTES)), clock.now());
  const sealed = known ?? (await store.read(name));
  if (sealed === undefined) throw new Error(`the database keeps no key ${name}`);
  return keyRing.open(place, sealed);
}
