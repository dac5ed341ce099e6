import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import { parsePasswordText } from '../crypto/password_text.ts';
import type { IntrospectClient, IothentixSettings } from '../settings.ts';
import { Expected } from './reader.ts';
import type { Reader } from './reader.ts';
import { algorithms, count, jsonList, oneOf } from './values.ts';

const YEAR = 31_536_000;

/** Reads the settings of contracts/iothentix.md section 9. */
export function readIothentix(reader: Reader): IothentixSettings {
  return {
    idempotentRetry: reader.text('KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY', oneOf(['on', 'strict'] as const)) ?? 'on',
    forbiddenStatus: reader.text('KEYTURN_IOTHENTIX_FORBIDDEN_STATUS', oneOf(['Forbbiden', 'Forbidden'] as const)) ?? 'Forbbiden',
    algorithms: reader.text('KEYTURN_IOTHENTIX_ALGORITHMS', algorithms) ?? new Set<JwsAlgorithm>(['ES256']),
    popHexText: reader.text('KEYTURN_IOTHENTIX_POP_HEX_TEXT', oneOf(['on', 'off'] as const)) === 'on',
    rotationsPerHour: reader.text('KEYTURN_IOTHENTIX_ROTATIONS_PER_HOUR', count(1, 9_999_999)),
    accessTokenSeconds: reader.text('KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS', count(1, YEAR, 'of seconds ')) ?? 3599,
    maxRenewals: reader.text('KEYTURN_IOTHENTIX_MAX_RENEWALS', count(0, 100_000_000)) ?? 24,
    tokenRequestsPerMinute: reader.text('KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE', count(1, 100_000_000)) ?? 60,
    introspectRequiresAuth: reader.text('KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH', oneOf(['true', 'false'] as const)) === 'true',
    introspectClients: reader.text('KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS', introspectClients) ?? [],
    issuer: reader.text('KEYTURN_IOTHENTIX_ISSUER', issuer),
  };
}

function issuer(value: string): string {
  if (!/^https?:\/\/[!"$->A-~]{1,512}\/$/i.test(value) || !URL.canParse(value)) throw new Expected('a URL that ends in /, with nothing but a path behind the host, such as https://keyturn.example/');
  return value;
}

const CLIENTS = 'a JSON list of {"name","password_hash"}, each as keyturn introspect-client makes it';

/** 1 to 128 visible ASCII characters without a colon, which ends a name in RFC 7617. */
export function isClientName(name: unknown): name is string {
  return typeof name === 'string' && /^[!-9;-~]{1,128}$/.test(name);
}

function introspectClients(value: string): IntrospectClient[] {
  const clients = jsonList(value, CLIENTS).map(({ name, password_hash: text, ...others }) => {
    const passwordHash = typeof text === 'string' ? parsePasswordText(text) : undefined;
    if (!isClientName(name) || passwordHash === undefined || Object.keys(others).length > 0) throw new Expected(CLIENTS);
    return { name, passwordHash };
  });
  if (new Set(clients.map(({ name }) => name)).size < clients.length) throw new Expected(`${CLIENTS}, each name once`);
  return clients;
}
