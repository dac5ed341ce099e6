import type { BlockList } from 'node:net';
import type { MasterKey } from '../crypto/key_ring.ts';
import { LOG_LEVELS } from '../log.ts';
import type { LogLevel } from '../log.ts';
import { isLoopback } from '../loopback.ts';
import type { AuthentiqSettings, DocsSetting, IotdaSettings, IothentixSettings, LimitSettings, MessageSettings } from '../settings.ts';
import { TlsError, readTlsFiles } from '../tls_files.ts';
import type { TlsPaths } from '../tls_files.ts';
import type { Address } from '../transport/listener.ts';
import { complainOfOwnIssuer, readAuthentiq } from './authentiq.ts';
import { readIotda } from './iotda.ts';
import { readIothentix } from './iothentix.ts';
import { readMessages } from './messages.ts';
import { Reader } from './reader.ts';
import type { Environment, Fault } from './reader.ts';
import { address, baseUrl, count, keyRing, networks, oneOf, path, postgresUrl, token } from './values.ts';

export { ConfigError } from './reader.ts';
export type { Environment, Fault } from './reader.ts';
export { keyRing as parseKeyRing, keyRingFault, operatorTokenFault } from './values.ts';

/** The settings of a service, checked. */
export interface Config {
  readonly http: Address;
  readonly grpc: Address;
  /** Where the operator's calls are served, and nowhere else; undefined: on both listeners. */
  readonly operator: Address | undefined;
  /** Undefined: no TLS. */
  readonly tls: TlsPaths | undefined;
  /** Networks whose X-Forwarded-For counts. */
  readonly trustedProxies: BlockList | undefined;
  /** Absolute. */
  readonly dataDir: string;
  /** Undefined: the embedded server. */
  readonly databaseUrl: string | undefined;
  /** Undefined: made at the first start and kept in the data folder. */
  readonly operatorToken: string | undefined;
  /** The key ring, the key that encrypts first; undefined: made at the first start and kept in the data folder. */
  readonly masterKeys: readonly MasterKey[] | undefined;
  /** The base of links; undefined: that of the HTTP listener. */
  readonly publicUrl: string | undefined;
  readonly docs: DocsSetting;
  readonly logLevel: LogLevel;
  /** Seconds to serve on after a signal while not ready, so that balancers stop sending calls first. */
  readonly drainDelay: number;
  readonly limits: LimitSettings;
  readonly iothentix: IothentixSettings;
  readonly iotda: IotdaSettings;
  readonly authentiq: AuthentiqSettings;
  readonly messages: MessageSettings;
}

/** Reads the settings of a service, and the files that they name. Throws a ConfigError with every fault at once. */
export function readConfig(environment: Environment): Config {
  const reader = new Reader(environment);
  const config = read(reader);
  complainOfFiles(reader, config.tls);
  reader.finish();
  return config;
}

/**
 * Reads the settings of a service with every fault; in the place of a variable at fault stands its default. Whoever
 * inspects looks into the files that they name by itself.
 */
export function inspectConfig(environment: Environment): { config: Config; faults: readonly Fault[] } {
  const reader = new Reader(environment);
  const config = read(reader);
  return { config, faults: reader.faults };
}

function read(reader: Reader): Config {
  const config: Config = {
    http: reader.text('KEYTURN_HTTP_LISTEN', address) ?? { host: '127.0.0.1', port: 8080 },
    grpc: reader.text('KEYTURN_GRPC_LISTEN', address) ?? { host: '127.0.0.1', port: 50_051 },
    operator: reader.text('KEYTURN_OPERATOR_LISTEN', address),
    tls: readTls(reader),
    trustedProxies: reader.text('KEYTURN_TRUSTED_PROXIES', networks),
    dataDir: reader.text('KEYTURN_DATA_DIR', path) ?? path('./data'),
    databaseUrl: reader.text('KEYTURN_DATABASE_URL', postgresUrl),
    operatorToken: reader.text('KEYTURN_OPERATOR_TOKEN', token),
    masterKeys: reader.text('KEYTURN_MASTER_KEYS', keyRing),
    docs: reader.text('KEYTURN_DOCS', oneOf(['on', 'off', 'operator'])) ?? 'on',
    logLevel: reader.text('KEYTURN_LOG_LEVEL', oneOf(LOG_LEVELS)) ?? 'info',
    drainDelay: reader.text('KEYTURN_DRAIN_DELAY', count(0, 300, 'of seconds ')) ?? 0,
    limits: {
      peerFailuresPerMinute: reader.text('KEYTURN_PEER_FAILURES_PER_MINUTE', count(1, 1_000_000)) ?? 300,
      operatorCallsPerMinute: reader.text('KEYTURN_OPERATOR_CALLS_PER_MINUTE', count(1, 100_000_000)) ?? 60_000,
      connections: reader.text('KEYTURN_CONNECTIONS', count(16, 1_000_000)) ?? 2048,
    },
    publicUrl: reader.text('KEYTURN_PUBLIC_URL', baseUrl),
    iothentix: readIothentix(reader),
    iotda: readIotda(reader),
    authentiq: readAuthentiq(reader),
    messages: readMessages(reader),
  };
  if (config.databaseUrl !== undefined && config.operatorToken === undefined) {
    reader.complain('KEYTURN_OPERATOR_TOKEN', 'must be given with KEYTURN_DATABASE_URL, so that all nodes agree');
  }
  if (config.databaseUrl !== undefined && config.masterKeys === undefined) {
    reader.complain('KEYTURN_MASTER_KEYS', 'must be given with KEYTURN_DATABASE_URL, so that all nodes agree');
  }
  complainOfListeners(reader, config);
  complainOfOwnIssuer(reader, config.authentiq, config.publicUrl);
  reader.complainOfUnknown();
  return config;
}

/** Two listeners cannot have one address; port 0 takes a free one each time. What is for the operator's alone needs that. */
function complainOfListeners(reader: Reader, { http, grpc, operator, docs }: Config): void {
  if (isSame(grpc, http)) reader.complain('KEYTURN_GRPC_LISTEN', 'is the address of KEYTURN_HTTP_LISTEN');
  if (operator === undefined) {
    if (docs === 'operator') reader.complain('KEYTURN_DOCS', 'is operator, but KEYTURN_OPERATOR_LISTEN is not set');
    return;
  }
  if (isSame(operator, http)) reader.complain('KEYTURN_OPERATOR_LISTEN', 'is the address of KEYTURN_HTTP_LISTEN');
  if (isSame(operator, grpc)) reader.complain('KEYTURN_OPERATOR_LISTEN', 'is the address of KEYTURN_GRPC_LISTEN');
}

function isSame(one: Address, other: Address): boolean {
  return one.port !== 0 && one.port === other.port && one.host === other.host;
}

/** The files are read again at the start; here they are read so that their faults are told with all others. */
function complainOfFiles(reader: Reader, paths: TlsPaths | undefined): void {
  try {
    if (paths !== undefined) readTlsFiles(paths);
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    for (const fault of error.faults) {
      const [setting = ''] = fault.split(' ', 1);
      reader.complain(setting, fault.slice(setting.length + 1));
    }
  }
}

function readTls(reader: Reader): TlsPaths | undefined {
  const cert = reader.text('KEYTURN_TLS_CERT', path);
  const key = reader.text('KEYTURN_TLS_KEY', path);
  const clientCa = reader.text('KEYTURN_TLS_CLIENT_CA', path);
  if (cert !== undefined && key !== undefined) return { cert, key, clientCa };
  if (key !== undefined || clientCa !== undefined) {
    if (cert === undefined) reader.complain('KEYTURN_TLS_CERT', 'is missing: TLS needs a certificate and its key');
  }
  if (cert !== undefined || clientCa !== undefined) {
    if (key === undefined) reader.complain('KEYTURN_TLS_KEY', 'is missing: TLS needs a certificate and its key');
  }
  return undefined;
}

/** How the command line finds a running service. */
export interface ClientConfig {
  /** `host:port` of its gRPC listener. */
  readonly server: string;
  /** Undefined: no TLS. */
  readonly tls: ClientTlsPaths | undefined;
  readonly operatorToken: string | undefined;
  /** Where the token is looked up if it is not given. Absolute. */
  readonly dataDir: string;
}

/** Files for TLS on the side that calls. Absolute. */
export interface ClientTlsPaths {
  /** Authorities to trust; undefined: the usual ones. */
  readonly ca: string | undefined;
  /** A certificate of one's own, with its key. */
  readonly own: { readonly cert: string; readonly key: string } | undefined;
}

/** Reads what the command line needs. Throws a ConfigError. */
export function readClientConfig(environment: Environment): ClientConfig {
  const reader = new Reader(environment);
  const given = reader.text('KEYTURN_SERVER', server);
  const operator = reader.text('KEYTURN_OPERATOR_LISTEN', server);
  const grpc = reader.text('KEYTURN_GRPC_LISTEN', server);
  const { text, scheme } = given ?? operator ?? grpc ?? { text: '127.0.0.1:50051', scheme: undefined };
  // The environment is the service's own: what its listeners speak is known.
  const isOurs = given === undefined && reader.text('KEYTURN_TLS_CERT', path) !== undefined;
  const ca = reader.text('KEYTURN_SERVER_CA', path);
  const cert = reader.text('KEYTURN_SERVER_CERT', path);
  const key = reader.text('KEYTURN_SERVER_KEY', path);
  const own = cert !== undefined && key !== undefined ? { cert, key } : undefined;
  if (own === undefined && (cert ?? key) !== undefined) reader.complain('KEYTURN_SERVER_CERT', 'and KEYTURN_SERVER_KEY are given together');
  const tls = scheme === 'https' || ca !== undefined || own !== undefined || isOurs ? { ca, own } : undefined;
  if (given !== undefined && tls === undefined && scheme === undefined && !isLoopback(address(text).host)) {
    reader.complain('KEYTURN_SERVER', "leads to another machine, and the operator's token would go there unencrypted: give https://HOST:PORT, or http://HOST:PORT where nobody can listen on the way");
  }
  const config: ClientConfig = {
    server: text,
    tls,
    operatorToken: reader.text('KEYTURN_OPERATOR_TOKEN', token),
    dataDir: reader.text('KEYTURN_DATA_DIR', path) ?? path('./data'),
  };
  reader.finish();
  return config;
}

/** `HOST:PORT`, or `https://HOST:PORT` for TLS; `http://HOST:PORT` says that none is meant. */
function server(value: string): { text: string; scheme: string | undefined } {
  const [, scheme, text = ''] = /^(?:(https?):\/\/)?(.*)$/s.exec(value) ?? [];
  address(text);
  return { text, scheme };
}
