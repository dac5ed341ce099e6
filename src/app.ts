import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from '../gen/keyturn/options/v1/options.ts';
import { composeApplications } from './applications.ts';
import { AnyoneAuthenticator } from './call/authenticate/anyone.ts';
import type { Authenticator } from './call/authenticate/authenticator.ts';
import { DeviceUpdateJwtAuthenticator } from './call/authenticate/device_update_jwt.ts';
import { OperatorAuthenticator } from './call/authenticate/operator.ts';
import { OperatorToken } from './call/authenticate/operator_token.ts';
import { joinEndpoints } from './call/endpoints.ts';
import { withFaultPoints } from './call/fault_observer.ts';
import { Pipeline } from './call/pipeline.ts';
import type { Authenticators } from './call/pipeline.ts';
import { Telemetry } from './call/telemetry.ts';
import { Turnstile } from './call/turnstile.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { ConfigError } from './config/index.ts';
import type { Config } from './config/index.ts';
import { compileContract } from './contract/contract.ts';
import { loadImage } from './contract/image.ts';
import { AuditEventStore } from './db/audit_event.ts';
import type { Database } from './db/database.ts';
import { DeviceStore } from './db/device.ts';
import { DeviceExpiryStore } from './db/device_expiry.ts';
import { DeviceKeySetStore } from './db/device_key_set.ts';
import type { EmbeddedPostgres } from './db/embedded/index.ts';
import { EventStore } from './db/event.ts';
import { expiryJobs } from './db/expiry.ts';
import { jtiClearing } from './db/jti_clearing.ts';
import { ProjectStore } from './db/project.ts';
import { RotationStore } from './db/rotation.ts';
import { composeDeviceSecrets } from './device_secrets.ts';
import { composeDeviceTokens } from './device_tokens.ts';
import { docsPages } from './pages/docs.ts';
import { SealedStore } from './db/sealed.ts';
import type { AtFaultPoint, AtSendingPoint } from './fault_points.ts';
import { readOperatorToken } from './folder_secrets.ts';
import { composeIdentity } from './identity.ts';
import { Listeners } from './listeners.ts';
import { createLog } from './log.ts';
import type { Log } from './log.ts';
import { isLoopback } from './loopback.ts';
import { createMetrics } from './metrics.ts';
import { openKeyRing } from './open_key_ring.ts';
import { Readiness } from './readiness.ts';
import { DeviceKeyService } from './services/device_key_service.ts';
import { AuditEvents } from './services/operator_service/audit_events.ts';
import { DeviceKeySets } from './services/operator_service/device_key_sets.ts';
import { Devices } from './services/operator_service/devices.ts';
import { Events } from './services/operator_service/events.ts';
import { operatorService } from './services/operator_service/index.ts';
import { MasterKeys } from './services/operator_service/master_keys.ts';
import { Projects } from './services/operator_service/projects.ts';
import { Reencryption } from './services/operator_service/reencryption.ts';
import { Passwords } from './services/passwords.ts';
import { openStore } from './store.ts';
import { Sweeper } from './sweeper.ts';
import { systemPages } from './pages/system.ts';
import { TlsError } from './tls_files.ts';
import type { TlsMaterial, TlsPaths } from './tls_files.ts';
import { TlsWatch } from './tls_watch.ts';
import type { Address } from './transport/listener.ts';

/** A running service. Disposing of it drains: calls in flight finish first. */
export interface App extends AsyncDisposable {
  /** Where it listens. */
  readonly http: Address;
  readonly grpc: Address;
  readonly operator: Address | undefined;
  /** Whether the listeners speak TLS. */
  readonly hasTls: boolean;
  readonly store: 'embedded' | 'postgres';
  readonly operatorToken: string;
  readonly database: Database;
  readonly sweeper: Sweeper;
  readonly embedded: EmbeddedPostgres | undefined;
}

/** Parts that a test puts in place of the usual ones. */
export interface Overrides {
  readonly clock?: Clock;
  readonly log?: Log;
  /** Settings of the embedded server. */
  readonly postgresSettings?: Record<string, string>;
  readonly atFaultPoint?: AtFaultPoint;
  readonly atSendingPoint?: AtSendingPoint;
}

/** How long calls in flight may take to finish at the end, milliseconds. */
const DRAIN_GRACE = 10_000;
/** How long what is due to be cleared away may lie, milliseconds. */
const SWEEP_INTERVAL = 30_000;

/** Builds and starts a service. What it has started is stopped again if a later part fails. */
export async function build(config: Config, overrides: Overrides = {}): Promise<App> {
  await using started = new AsyncDisposableStack();
  const { clock = systemClock, atFaultPoint, atSendingPoint } = overrides;
  const log = overrides.log ?? createLog(config.logLevel);
  // The contract is checked before anything is started: a hole in it stops the start.
  const image = loadImage();
  const contract = compileContract(image, 'keyturn.v1');

  const metrics = createMetrics();
  let listeners: Listeners | undefined;
  const tls = config.tls && started.use(openTls(config.tls, log, (material) => listeners?.setTls(material)));
  const store = started.use(
    await openStore(config, log, {
      postgresSettings: overrides.postgresSettings,
      observe: (statement, seconds) => metrics.statements.observe({ statement }, seconds),
    }),
  );
  const { database } = store;
  const operatorToken = config.operatorToken ?? readOperatorToken(store.folder);
  const theOperator = new OperatorToken(operatorToken, config.limits.operatorCallsPerMinute);
  const { ring: keyRing, keep } = await openKeyRing(config, store);
  const sealed = new SealedStore(database.run);

  const publicUrl = (): string => config.publicUrl ?? listeners?.httpUrl ?? '';
  const passwords = new Passwords();
  const applications = composeApplications({ database, keyRing, config, clock, operator: theOperator, passwords, publicUrl });
  const deviceTokens = composeDeviceTokens({ database, settings: config.iothentix, clock, log, metrics, passwords, publicUrl, atFaultPoint });
  const identity = await composeIdentity({ database, keyRing, config, clock, log, metrics, publicUrl, atFaultPoint, atSendingPoint });
  started.use(identity.postOffice);
  const rotations = new RotationStore(database.run, atFaultPoint);
  const devices = new DeviceStore(database);
  const endpoints = joinEndpoints(contract, [
    ...new DeviceKeyService(rotations, config.iothentix, clock, (outcome) => metrics.rotations.inc({ outcome })).bindings(),
    ...operatorService({
      ...applications.operatorParts,
      ...identity.operatorParts,
      devices: new Devices({ store: devices, keyRing, algorithms: config.iothentix.algorithms, clock }),
      deviceKeySets: new DeviceKeySets(new DeviceKeySetStore(database.run)),
      projects: new Projects(new ProjectStore(database), clock),
      auditEvents: new AuditEvents(new AuditEventStore(database.run)),
      events: new Events(new EventStore(database.run)),
      masterKeys: new MasterKeys({ ring: keyRing, keep, store: sealed, clock }),
      reencryption: new Reencryption(keyRing, sealed, clock),
    }),
    ...composeDeviceSecrets({ database, devices, keyRing, settings: config.iotda, clock, metrics, log, atFaultPoint }),
    ...applications.bindings,
    ...deviceTokens.bindings,
    ...identity.bindings,
  ]);
  const authenticators: Authenticators = new Map<Caller, Authenticator>([
    [Caller.CALLER_OPERATOR, new OperatorAuthenticator(theOperator, clock)],
    [Caller.CALLER_ANYONE, new AnyoneAuthenticator()],
    ...applications.authenticators,
    ...deviceTokens.authenticators,
    [Caller.CALLER_DEVICE_UPDATE_JWT, new DeviceUpdateJwtAuthenticator(rotations, config.iothentix, clock)],
  ]);
  const expiry = new DeviceExpiryStore(database);
  const sweeper = started.use(new Sweeper([{ name: 'device_expiry', run: (now) => expiry.removeDue(now) }, ...expiryJobs(database.run), jtiClearing(database.run)], SWEEP_INTERVAL, log, clock));
  const turnstile = new Turnstile(config.limits.peerFailuresPerMinute, clock);
  const telemetry = new Telemetry(log, metrics);
  const observer = atFaultPoint === undefined ? telemetry : withFaultPoints(telemetry, atFaultPoint);
  const pipeline = new Pipeline({ contract, endpoints, authenticators, turnstile, observer });
  const readiness = started.use(new Readiness(database, (isServing) => listeners?.setServing(isServing)));
  const pages = new Map([...systemPages(readiness, metrics), ...identity.pages]);
  const replied = atFaultPoint && ((): void => atFaultPoint('after_reply'));
  const opened = new Listeners(config, { contract, endpoints, pipeline, pages, docs: docsPages(log), tls: tls?.current, metrics, log, replied });
  listeners = opened;
  metrics.watch({ pool: () => database.pool, turnstile: () => turnstile.load, streams: () => pipeline.streams, connections: () => opened.connections, tls: () => tls?.current.notAfter });
  const { http, grpc, operator } = await opened.listen();
  // Disposed of first: nothing is ready any more, balancers get time to see it, then calls in flight finish.
  started.defer(async () => {
    readiness.stop();
    opened.drain();
    await sleep(config.drainDelay * 1000);
    await opened.close(DRAIN_GRACE);
  });
  await readiness.start();
  sweeper.start();
  identity.postOffice.start();

  for (const { host } of [config.http, config.grpc, ...(config.operator === undefined ? [] : [config.operator])]) {
    if (!isLoopback(host) && tls === undefined) log.warn({ host }, 'this address is reachable from outside and has no TLS: set KEYTURN_TLS_CERT and KEYTURN_TLS_KEY, or put a TLS proxy before it');
  }
  const stack = started.move();
  return {
    http,
    grpc,
    operator,
    hasTls: tls !== undefined,
    store: store.kind,
    operatorToken,
    database,
    sweeper,
    embedded: store.embedded,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Files that cannot be used are bad settings like any other. */
function openTls(paths: TlsPaths, log: Log, changed: (material: TlsMaterial) => void): TlsWatch {
  try {
    return new TlsWatch(paths, log, changed);
  } catch (error) {
    if (error instanceof TlsError) throw new ConfigError(error.faults);
    throw error;
  }
}
