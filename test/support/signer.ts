import { createHash, createHmac } from 'node:crypto';

/** An access key with its secret key. */
export interface Credentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What a client signs: what it means, before any encoding. */
export interface Signable {
  readonly method: string;
  /** The path as the server gets it; the client encodes what it means by it. */
  readonly path: string;
  /** Names and values, not encoded. */
  readonly query?: readonly (readonly [string, string])[];
  /** Those that are signed, in this order; `X-Sdk-Date` is added at the end unless it is there. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string | Buffer | undefined;
  readonly date: Date;
  /** Makes a V11 signature. */
  readonly scope?: { readonly region: string; readonly service: string; readonly date?: string } | undefined;
}

/** The headers that a signature adds to a request. */
export interface Signed {
  readonly 'X-Sdk-Date': string;
  readonly Authorization: string;
}

const hmac = (key: string, text: string | Buffer) => createHmac('sha256', key).update(text);
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');

/** Percent-encodes a text as the signing guide wants it. */
export function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Names and values as a raw query. */
export function queryText(pairs: Signable['query'] = []): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** `20191115T033655Z` */
export function sdkDate(date: Date): string {
  return date.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

/** Signs as the guide says (contracts/iotda.md section 9), step by step; nothing of it is shared with what verifies it. */
export function sign({ accessKey, secretKey }: Credentials, request: Signable): Signed {
  const date = request.headers.find(([name]) => name.toLowerCase() === 'x-sdk-date')?.[1] ?? sdkDate(request.date);
  const headers = request.headers.some(([name]) => name.toLowerCase() === 'x-sdk-date') ? request.headers : [...request.headers, ['X-Sdk-Date', date] as const];
  const list = headers.map(([name]) => name.toLowerCase()).join(';');
  const canonical = [
    request.method,
    request.path.split('/').map((segment) => encode(decodeURIComponent(segment))).join('/').replace(/([^/])$/, '$1/'),
    queryText(request.query?.toSorted(byEncoded)),
    ...headers.map(([name, value]) => `${name.toLowerCase()}:${value.trim()}`),
    '',
    list,
    sha256(Buffer.from(request.body ?? '')),
  ].join('\n');
  if (request.scope === undefined) {
    const signature = hmac(secretKey, ['SDK-HMAC-SHA256', date, sha256(canonical)].join('\n')).digest('hex');
    return { 'X-Sdk-Date': date, Authorization: `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${list}, Signature=${signature}` };
  }
  const info = `${request.scope.date ?? date.slice(0, 8)}/${request.scope.region}/${request.scope.service}`;
  const key = createHmac('sha256', hmac(accessKey, secretKey).digest()).update(`${info}\u0001`).digest('hex');
  const signature = hmac(key, ['V11-HMAC-SHA256', date, info, sha256(canonical)].join('\n')).digest('hex');
  return { 'X-Sdk-Date': date, Authorization: `V11-HMAC-SHA256 Credential=${accessKey}/${info}, SignedHeaders=${list}, Signature=${signature}` };
}

function byEncoded([name, value]: readonly [string, string], [otherName, otherValue]: readonly [string, string]): number {
  return Buffer.compare(Buffer.from(encode(name)), Buffer.from(encode(otherName))) || Buffer.compare(Buffer.from(encode(value)), Buffer.from(encode(otherValue)));
}
