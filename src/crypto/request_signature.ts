import { createHash, createHmac, hash as digest, timingSafeEqual } from 'node:crypto';
import { canonicalPaths, canonicalQueries } from './canonical_target.ts';

/** The algorithms of request signatures, as `Authorization` names them (contracts/iotda.md section 9). */
export const SIGNATURE_ALGORITHMS = ['SDK-HMAC-SHA256', 'V11-HMAC-SHA256'] as const;

export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** What a V11 signature is confined to; its text is `<yyyymmdd>/<region>/<service>`. */
export interface SignatureScope {
  readonly text: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** A request signature as `Authorization` has it. */
export interface RequestSignature {
  readonly algorithm: SignatureAlgorithm;
  readonly accessKey: string;
  /** Of V11 alone. */
  readonly scope: SignatureScope | undefined;
  /** The list as it was sent, and its names in lower case, no two alike. */
  readonly signedHeaders: { readonly text: string; readonly names: readonly string[] };
  /** 64 lower-case hex characters. */
  readonly signature: string;
}

/** What a signature covers, as it was sent. */
export interface SignedRequest {
  readonly method: string;
  /** The raw request target. */
  readonly target: string;
  readonly body: Uint8Array;
  /** The value of a header by its lower-case name, a character a byte; undefined if it is absent or was sent more than once. */
  header(name: string): string | undefined;
}

const LIST = "SignedHeaders=([!#$%&'*+.^_`|~0-9A-Za-z;-]+)";
const SIGNATURE = 'Signature=([0-9a-f]{64})';
const SDK = new RegExp(`^SDK-HMAC-SHA256 Access=([^\\s,/]+), ${LIST}, ${SIGNATURE}$`);
const V11 = new RegExp(`^V11-HMAC-SHA256 Credential=([^\\s,/]+)/(([0-9]{8})/([^\\s,/]+)/([^\\s,/]+)), ${LIST}, ${SIGNATURE}$`);

/** Whether a value of `Authorization` means to be a request signature, well-formed or not. */
export function isRequestSignature(authorization: string): boolean {
  return SIGNATURE_ALGORITHMS.some((algorithm) => authorization.startsWith(algorithm));
}

/** Reads `Authorization`. Returns undefined unless it has the form of one of the algorithms. */
export function parseRequestSignature(authorization: string): RequestSignature | undefined {
  const sdk = SDK.exec(authorization);
  if (sdk !== null) {
    const [, accessKey = '', list = '', signature = ''] = sdk;
    return toSignature('SDK-HMAC-SHA256', accessKey, undefined, list, signature);
  }
  const v11 = V11.exec(authorization);
  if (v11 === null) return undefined;
  const [, accessKey = '', text = '', date = '', region = '', service = '', list = '', signature = ''] = v11;
  return toSignature('V11-HMAC-SHA256', accessKey, { text, date, region, service }, list, signature);
}

function toSignature(algorithm: SignatureAlgorithm, accessKey: string, scope: SignatureScope | undefined, text: string, signature: string): RequestSignature | undefined {
  const names = text.toLowerCase().split(';');
  // A header named again and again would make much to hash of a small request.
  if (names.includes('') || new Set(names).size < names.length) return undefined;
  return { algorithm, accessKey, scope, signedHeaders: { text, names }, signature };
}

/** Lower-case hex SHA-256 of a body. */
export function bodyHash(body: Uint8Array): string {
  return digest('sha256', body, 'hex');
}

/**
 * Whether the request was signed with the secret key: section 9 without the
 * rules on time, scope and settings. False if a header that it lists, or
 * `X-Sdk-Date`, is absent or repeated.
 */
export function verifyRequestSignature(request: SignedRequest, signature: RequestSignature, secretKey: Uint8Array): boolean {
  const date = request.header('x-sdk-date');
  const headers = signedLines(request, signature);
  if (date === undefined || headers === undefined) return false;
  const key = signature.scope === undefined ? secretKey : derivedKey(signature.accessKey, secretKey, signature.scope.text);
  const given = Buffer.from(signature.signature, 'hex');
  const hash = bodyHash(request.body);
  let matches = false;
  const queries = canonicalQueries(request.target);
  for (const path of canonicalPaths(request.target)) {
    for (const query of queries) {
      const canonical = [request.method.toUpperCase(), path, query, headers, signature.signedHeaders.text, hash].join('\n');
      const made = mac(key, Buffer.from(stringToSign(signature, date, canonical), 'latin1'));
      if (timingSafeEqual(made, given)) matches = true;
    }
  }
  return matches;
}

/** The key of a V11 signature: 64 lower-case hex characters, as text. */
export function derivedKey(accessKey: string, secretKey: Uint8Array, scope: string): string {
  const extracted = mac(accessKey, secretKey);
  return mac(extracted, Buffer.from(`${scope}\u0001`, 'latin1')).toString('hex');
}

/** HMAC-SHA-256. Node takes four times as long over a key that is not text. */
function mac(key: string | Uint8Array, message: Uint8Array): Buffer {
  const hmac = typeof key === 'string' ? createHmac('sha256', key) : createHmac('sha256', Buffer.from(key).toString('latin1'), { encoding: 'latin1' });
  return hmac.update(message).digest();
}

function stringToSign({ algorithm, scope }: RequestSignature, date: string, canonical: string): string {
  const hash = createHash('sha256').update(canonical, 'latin1').digest('hex');
  return [algorithm, date, ...(scope === undefined ? [] : [scope.text]), hash].join('\n');
}

/** Each with a line feed at its end; undefined if one is absent or repeated. */
function signedLines(request: SignedRequest, { signedHeaders }: RequestSignature): string | undefined {
  let lines = '';
  for (const name of signedHeaders.names) {
    const value = request.header(name);
    if (value === undefined) return undefined;
    lines += `${name}:${withoutBlanks(value)}\n`;
  }
  return lines;
}

/**
 * Without spaces and tabs around it, which are no part of a header's value (RFC 9110 section 5.5). Other blanks stay: a
 * character stands for a byte here, and what is a blank in Latin-1 may be the last byte of another character.
 */
function withoutBlanks(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && isBlank(value[start])) start += 1;
  while (end > start && isBlank(value[end - 1])) end -= 1;
  return value.slice(start, end);
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t';
}
