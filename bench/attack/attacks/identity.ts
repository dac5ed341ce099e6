import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Attack } from '../protocol.ts';
import { keptAlive } from './rest.ts';

/** Most characters of a JWT. */
const MOST = 16_384;
const SIGNATURE = 'A'.repeat(86);
/** Bytes of a payload that still fits beside header and signature. */
const PAYLOAD = Math.floor(((MOST - 300) * 3) / 4);
/** Bytes of one member. */
const MEMBER = 12;

interface Key {
  readonly pk: string;
  readonly privateKey: KeyObject;
}

function newKey(): Key {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { pk: String(privateKey.export({ format: 'jwk' }).x), privateKey };
}

function encode(value: string): string {
  return Buffer.from(value).toString('base64url');
}

function headerOf(kid: string): string {
  return encode(JSON.stringify({ typ: 'JWT', alg: 'Ed25519', kid }));
}

function post(path: string, body: string): Buffer {
  return Buffer.from([`POST ${path} HTTP/1.1`, 'Host: a', 'Content-Type: application/jwt', `Content-Length: ${body.length}`, '', body].join('\r\n'), 'latin1');
}

/** A payload that is nested as deep as its size allows. */
function deep(): Buffer {
  const { pk } = newKey();
  const half = Math.floor((PAYLOAD - 100) / 2);
  return post('/key', `${headerOf(pk)}.${encode(`{"sub":"${pk}","a":${'['.repeat(half)}${']'.repeat(half)}}`)}.${SIGNATURE}`);
}

/** As many members as fit, for a key that names itself, so that all of it is judged, with a signature that is none. */
function members(): Buffer {
  const { pk } = newKey();
  const others = Array.from({ length: Math.floor((PAYLOAD - 100) / MEMBER) }, (_, index) => `"${index.toString(36).padStart(6, 'm')}":1`);
  return post('/key', `${headerOf(pk)}.${encode(`{"sub":"${pk}",${others.join(',')}}`)}.${SIGNATURE}`);
}

/** White space with something at both ends. */
function whiteSpace(): Buffer {
  return post('/key', `a${' '.repeat(MOST - 2)}a`);
}

/** An update of a key that is the attacker's own, and so comes as far as the JWTs of issuers, which are none of theirs. */
const scopes: Attack = (target, tally) => {
  const key = newKey();
  void fetch(`http://${target.host}:${target.http}/key`, { method: 'POST', headers: { 'content-type': 'application/jwt' }, body: signed(key, { sub: key.pk }) }).then((answer) => {
    if (answer.status !== 201) throw new Error(`the attacker has no key: ${answer.status}`);
    const forged = JSON.stringify({ iss: `http://${target.host}:${target.http}`, sub: key.pk, scope: 'email', email: 'user@example.com', exp: 4_000_000_000 });
    const list = Array.from({ length: 8 }, () => `${headerOf(key.pk)}.${encode(forged)}.${SIGNATURE}`);
    keptAlive(() => post(`/key/${key.pk}`, signed(key, { sub: key.pk, scopes: list })))(target, tally);
  });
};

function signed({ pk, privateKey }: Key, payload: object): string {
  const input = `${headerOf(pk)}.${encode(JSON.stringify(payload))}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
}

/** Headers that are mostly white space. */
function whiteHead(): Buffer {
  return Buffer.from(`GET /key/x HTTP/1.1\r\nHost: a\r\nAccept: application/jwt;${' '.repeat(7_000)}a\r\nContent-Length: 0${' '.repeat(7_000)}\r\n\r\n`, 'latin1');
}

export const IDENTITY_ATTACKS = {
  identityDeep: keptAlive(deep),
  identityMembers: keptAlive(members),
  identityScopes: scopes,
  identityWhiteSpace: keptAlive(whiteSpace),
  whiteHead: keptAlive(whiteHead),
} satisfies Record<string, Attack>;
