import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { JWS_ALGORITHMS, isJwsAlgorithm } from '../crypto/algorithms.ts';
import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import type { MasterKey } from '../crypto/key_ring.ts';
import { StrictJsonError, parseStrictJson } from '../strict_json.ts';
import type { Address } from '../transport/listener.ts';
import { Expected } from './reader.ts';
import type { Convert } from './reader.ts';

/** A path, made absolute. */
export function path(value: string): string {
  return resolve(value);
}

export function address(value: string): Address {
  const [, six, other, digits] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):([0-9]{1,5})$/.exec(value) ?? [];
  const host = six ?? other;
  const port = Number(digits);
  if (host === undefined || (six !== undefined && isIP(six) !== 6) || port > 65_535) throw new Expected('HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080');
  return { host, port };
}

export function postgresUrl(value: string): string {
  if (!URL.canParse(value) || !/^postgres(?:ql)?:$/.test(new URL(value).protocol)) {
    throw new Expected('postgres://USER:PASSWORD@HOST:PORT/DATABASE');
  }
  return value;
}

/** The base of links, without a slash at its end. */
export function baseUrl(value: string): string {
  if (!/^https?:\/\/[^@?#\s]+$/i.test(value) || !URL.canParse(value)) throw new Expected('a URL such as https://keyturn.example, with nothing but a path behind the host');
  return value.replace(/\/+$/, '');
}

/** What is wrong with the text of a key ring, wherever it comes from; undefined if nothing. */
export function keyRingFault(value: string): string | undefined {
  try {
    keyRing(value);
    return undefined;
  } catch (error) {
    if (error instanceof Expected) return `expects ${error.message}`;
    throw error;
  }
}

/** A key ring, the key that encrypts first. */
export function keyRing(value: string): MasterKey[] {
  const keys = value.split(',').map((entry) => {
    const [, id, text] = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9+/]{43}=)$/.exec(entry.trim()) ?? [];
    if (id === undefined || text === undefined) throw new Expected('ID:BASE64 by comma, each key 32 bytes');
    return { id, key: Buffer.from(text, 'base64') };
  });
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw new Expected('ID:BASE64 by comma, each key with an id of its own');
  return keys;
}

const TOKEN = '16 to 1024 visible ASCII characters without spaces';

/** What is wrong with an operator token, wherever it comes from; undefined if nothing. */
export function operatorTokenFault(value: string): string | undefined {
  return /^[\x21-\x7e]{16,1024}$/.test(value) ? undefined : `expects ${TOKEN}`;
}

export function token(value: string): string {
  if (operatorTokenFault(value) !== undefined) throw new Expected(TOKEN);
  return value;
}

export function oneOf<const T extends string>(values: readonly T[]): Convert<T> {
  return (value) => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new Expected(`one of ${values.join(', ')}`);
    return found;
  };
}

export function algorithms(value: string): ReadonlySet<JwsAlgorithm> {
  const names = value.split(',').map((name) => name.trim());
  if (!names.every(isJwsAlgorithm)) throw new Expected(`a list by comma of ${Object.keys(JWS_ALGORITHMS).join(', ')}`);
  return new Set(names);
}

/** A whole number without sign, of `what`. */
export function count(least: number, most: number, what = ''): Convert<number> {
  return (value) => {
    const number = /^[0-9]{1,9}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most)) throw new Expected(`a whole number ${what}from ${least} to ${most}`);
    return number;
  };
}

/** Networks in CIDR form, or single addresses, by comma. */
export function networks(value: string): BlockList {
  const list = new BlockList();
  for (const entry of value.split(',')) {
    const [, network = '', prefix] = /^([^/%]+)(?:\/([0-9]{1,3}))?$/.exec(entry.trim()) ?? [];
    const version = isIP(network);
    const longest = version === 4 ? 32 : 128;
    if (version === 0 || Number(prefix ?? longest) > longest) throw new Expected('a list by comma of networks such as 10.0.0.0/8 or fd00::/8');
    list.addSubnet(network, Number(prefix ?? longest), version === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

/** A list of objects as JSON, whose members are for the caller to judge. */
export function jsonList(value: string, expects: string): Readonly<Record<string, unknown>>[] {
  const list = parsed(value, expects);
  if (!Array.isArray(list)) throw new Expected(expects);
  return list.map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) throw new Expected(expects);
    return entry as Record<string, unknown>;
  });
}

function parsed(value: string, expects: string): unknown {
  try {
    return parseStrictJson(value);
  } catch (error) {
    if (error instanceof StrictJsonError) throw new Expected(expects);
    throw error;
  }
}
