import { resolve } from 'node:path';
import { JWS_ALGORITHMS, isJwsAlgorithm } from './crypto/algorithms.ts';
import type { JwsAlgorithm } from './crypto/algorithms.ts';
import { LOG_LEVELS } from './log.ts';
import type { LogLevel } from './log.ts';
import type { IothentixSettings } from './settings.ts';
import type { Address } from './transport/listener.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of a service, checked. */
export interface Config {
  readonly http: Address;
  readonly grpc: Address;
  /** Absolute. */
  readonly dataDir: string;
  /** Undefined: the embedded server. */
  readonly databaseUrl: string | undefined;
  /** Undefined: made at the first start and kept in the data folder. */
  readonly operatorToken: string | undefined;
  readonly logLevel: LogLevel;
  readonly iothentix: IothentixSettings;
}

/** How the command line finds a running service. */
export interface ClientConfig {
  /** `host:port` of its gRPC listener. */
  readonly server: string;
  readonly operatorToken: string | undefined;
  /** Where the token is looked up if it is not given. Absolute. */
  readonly dataDir: string;
}

/** Bad settings: every fault, one a line, each with its variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

/** Variables that belong to others: the tests and the command line. */
const OF_OTHERS = new Set(['KEYTURN_SERVER', 'KEYTURN_TEST_DATABASE_URL']);

/** Reads the settings of a service. Throws a ConfigError with every fault at once. */
export function readConfig(environment: Environment): Config {
  const reader = new Reader(environment);
  const databaseUrl = reader.text('KEYTURN_DATABASE_URL', postgresUrl);
  const config: Config = {
    http: reader.text('KEYTURN_HTTP_LISTEN', address) ?? { host: '127.0.0.1', port: 8080 },
    grpc: reader.text('KEYTURN_GRPC_LISTEN', address) ?? { host: '127.0.0.1', port: 50_051 },
    dataDir: resolve(reader.text('KEYTURN_DATA_DIR', anyText) ?? './data'),
    databaseUrl,
    operatorToken: reader.text('KEYTURN_OPERATOR_TOKEN', token),
    logLevel: reader.text('KEYTURN_LOG_LEVEL', oneOf(LOG_LEVELS)) ?? 'info',
    iothentix: readIothentix(reader),
  };
  // Checked already, so that settings are the same for every version; their effect comes with the calls that need them.
  reader.text('KEYTURN_PUBLIC_URL', httpUrl);
  reader.text('KEYTURN_MASTER_KEYS', keyRing);
  if (databaseUrl !== undefined && config.operatorToken === undefined) {
    reader.complain('KEYTURN_OPERATOR_TOKEN', 'must be given with KEYTURN_DATABASE_URL, so that all nodes agree');
  }
  reader.finish();
  return config;
}

/** Reads what the command line needs. Throws a ConfigError. */
export function readClientConfig(environment: Environment): ClientConfig {
  const reader = new Reader(environment);
  const given = reader.text('KEYTURN_SERVER', hostAndPort) ?? reader.text('KEYTURN_GRPC_LISTEN', hostAndPort);
  const config = {
    server: given ?? '127.0.0.1:50051',
    operatorToken: reader.text('KEYTURN_OPERATOR_TOKEN', token),
    dataDir: resolve(reader.text('KEYTURN_DATA_DIR', anyText) ?? './data'),
  };
  reader.finishOwn();
  return config;
}

function readIothentix(reader: Reader): IothentixSettings {
  return {
    idempotentRetry: reader.text('KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY', oneOf(['on', 'strict'] as const)) ?? 'on',
    forbiddenStatus: reader.text('KEYTURN_IOTHENTIX_FORBIDDEN_STATUS', oneOf(['Forbbiden', 'Forbidden'] as const)) ?? 'Forbbiden',
    algorithms: reader.text('KEYTURN_IOTHENTIX_ALGORITHMS', algorithms) ?? new Set<JwsAlgorithm>(['ES256']),
    popHexText: reader.text('KEYTURN_IOTHENTIX_POP_HEX_TEXT', oneOf(['on', 'off'] as const)) === 'on',
    rotationsPerHour: reader.text('KEYTURN_IOTHENTIX_ROTATIONS_PER_HOUR', count),
  };
}

/** Converts a value, or says what it expects by throwing. */
type Convert<T> = (value: string) => T;

class Expected extends Error {}

class Reader {
  readonly #environment: Environment;
  readonly #known = new Set<string>(OF_OTHERS);
  readonly #faults: string[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text<T>(name: string, convert: Convert<T>): T | undefined {
    this.#known.add(name);
    const value = this.#environment[name];
    if (value === undefined || value === '') return undefined;
    try {
      return convert(value);
    } catch (error) {
      if (!(error instanceof Expected)) throw error;
      this.complain(name, `expects ${error.message}`);
      return undefined;
    }
  }

  complain(name: string, fault: string): void {
    this.#faults.push(`${name} ${fault}`);
  }

  /** Throws if anything was complained of, or if a variable of ours was never asked for: most likely a slip of the pen. */
  finish(): void {
    for (const name of Object.keys(this.#environment)) {
      if (name.startsWith('KEYTURN_') && !this.#known.has(name)) this.complain(name, 'is not a setting of this version; see README.md');
    }
    this.finishOwn();
  }

  finishOwn(): void {
    if (this.#faults.length > 0) throw new ConfigError(this.#faults);
  }
}

function anyText(value: string): string {
  return value;
}

function address(value: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(value);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw new Expected('HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080');
  return { host, port };
}

function hostAndPort(value: string): string {
  address(value);
  return value;
}

function postgresUrl(value: string): string {
  if (!URL.canParse(value) || !/^postgres(?:ql)?:$/.test(new URL(value).protocol)) {
    throw new Expected('postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  }
  return value;
}

function httpUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new Expected('a URL such as https://keyturn.example');
  return value;
}

function keyRing(value: string): string {
  const keys = value.split(',').map((entry) => /^[A-Za-z0-9._-]{1,64}:([A-Za-z0-9+/]{43}=)$/.exec(entry)?.[1]);
  if (keys.includes(undefined)) throw new Expected('ID:BASE64 by comma, each key 32 bytes');
  return value;
}

const TOKEN = '16 to 1024 visible ASCII characters without spaces';

/** What is wrong with an operator token, wherever it comes from; undefined if nothing. */
export function operatorTokenFault(value: string): string | undefined {
  return /^[\x21-\x7e]{16,1024}$/.test(value) ? undefined : `expects ${TOKEN}`;
}

function token(value: string): string {
  if (operatorTokenFault(value) !== undefined) throw new Expected(TOKEN);
  return value;
}

function oneOf<const T extends string>(values: readonly T[]): Convert<T> {
  return (value) => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new Expected(`one of ${values.join(', ')}`);
    return found;
  };
}

function algorithms(value: string): ReadonlySet<JwsAlgorithm> {
  const names = value.split(',').map((name) => name.trim());
  if (!names.every(isJwsAlgorithm)) throw new Expected(`a list by comma of ${Object.keys(JWS_ALGORITHMS).join(', ')}`);
  return new Set(names);
}

function count(value: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(value)) throw new Expected('a whole number from 1 to 9999999');
  return Number(value);
}
