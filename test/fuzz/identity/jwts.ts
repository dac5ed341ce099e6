import { createHmac, sign } from 'node:crypto';
import { mutateText } from '../mutate.ts';
import type { Random } from '../random.ts';
import { openKey } from './material.ts';
import type { FuzzKey, IdentityMaterial } from './material.ts';

const ADDRESSES = ['a@example.com', ' A@EXAMPLE.com ', 'b@example.com', 'c@other.example', '\u00e9@example.com', 'e\u0301@example.com', 'no-at', '@', 'a@', '@b', 'a@b@c', 'a\u0000@b', `${'x'.repeat(250)}@b.c`, '\ud800@b.c', '\u212a@b.c'];
const NUMBERS = ['+31201234567', '+31 (20) 123-45.67', '+31201234568', '31201234567', '+0123456789', '+1234567', '+123456', '+1234567890123456', '+\u0661\u0662\u0663\u0664\u0665\u0666\u0667', '', '+31\u000020'];
const OTHERS: readonly unknown[] = [null, true, 0, -1, 1.5, 1e308, '', 'x', [], {}, ['x'], { a: 1 }, '\u0000', '\ud800', 'x'.repeat(5_000)];
const TIMES: readonly number[] = [0, 1, 2_000_000_000, 4_000_000_000, -1, Number.MAX_SAFE_INTEGER, 1.5, 1e300];
const ALGORITHMS: readonly unknown[] = ['Ed25519', 'Ed25519', 'Ed25519', 'EdDSA', 'none', 'None', 'HS256', 'RS256', 'ES256', 'ed25519', '', null, 7, ['Ed25519']];
const NAMES = ['sub', 'email', 'phone', 'pk', 'devtoken', 'scope', 'scopes', 'aud', 'iss', 'iat', 'exp', 'nbf', 'type', '__proto__', 'constructor', 'toString'];
const SMALL_ORDER = ['AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '7P___________________________________________38'];

type Claims = Record<string, unknown>;

/** A text in the place of a JWT: mostly one that is read, and often one that is accepted. */
export function jwtText(random: Random, material: IdentityMaterial, kind: 'key' | 'scope' | 'login' | 'job', key: FuzzKey): string {
  if (random.oneIn(25)) return oddText(random);
  const claims = kind === 'job' ? issuedClaims(random, material, key) : selfClaims(random, material, kind, key);
  for (let count = random.oneIn(3) ? random.below(3) : 0; count > 0; count -= 1) claims[random.pick(NAMES)] = random.oneIn(2) ? random.pick(OTHERS) : random.pick([...ADDRESSES, ...NUMBERS, ...TIMES, key.pk]);
  const isIssued = kind === 'job' || random.oneIn(10);
  const signer = random.oneIn(15) ? random.pick(material.keys) : isIssued ? material.issuer : key;
  const text = signed(random, claims, signer, isIssued ? signer.pk : key.pk);
  return random.oneIn(10) ? mutateText(random, text) : random.oneIn(20) ? ` \r\n${text}\t` : text;
}

function selfClaims(random: Random, material: IdentityMaterial, kind: 'key' | 'scope' | 'login', key: FuzzKey): Claims {
  const claims: Claims = { sub: random.oneIn(20) ? random.pick([...SMALL_ORDER, random.pick(material.guarded.keys), 'x']) : key.pk };
  if (random.oneIn(3)) claims['iat'] = random.oneIn(2) ? Math.floor(Date.now() / 1_000) : random.pick(TIMES);
  if (random.oneIn(6)) claims[random.pick(['exp', 'nbf'])] = random.pick(TIMES);
  if (kind === 'login') return Object.assign(claims, { iss: 'https://b.example', aud: random.pick(['https://a.example/', 'https://A.example:443', 'http://a.example/', 'x']) });
  if (kind === 'scope') claims['scope'] = random.pick(['email', 'email', 'phone', 'phone', 'profile']);
  if (random.oneIn(2)) claims['email'] = addressOf(random, material.guarded.emails, ADDRESSES);
  if (random.oneIn(2)) claims['phone'] = addressOf(random, material.guarded.phones, NUMBERS);
  if (kind === 'key' && random.oneIn(3)) claims['devtoken'] = 'd'.repeat(1 + random.below(random.oneIn(9) ? 5_000 : 40));
  if (kind === 'key' && random.oneIn(4)) claims['pk'] = random.pick(material.keys).pk;
  if (kind === 'key' && random.oneIn(5)) claims['scopes'] = Array.from({ length: random.below(10) }, () => signed(random, issuedClaims(random, material, key), material.issuer, material.issuer.pk));
  return claims;
}

/** Mostly one that is one: those come first. */
function addressOf(random: Random, guarded: readonly string[], all: readonly string[]): string {
  if (random.oneIn(6)) return random.pick(guarded);
  return random.oneIn(3) ? random.pick(all) : random.pick(all.slice(0, 3));
}

function issuedClaims(random: Random, { issuer }: IdentityMaterial, { pk }: FuzzKey): Claims {
  const scope = random.pick(['email', 'phone']);
  const now = Math.floor(Date.now() / 1_000);
  return { iss: random.oneIn(8) ? 'https://nobody.example' : issuer.name, sub: pk, scope, [scope]: addressOf(random, ['a@example.com'], scope === 'email' ? ADDRESSES : NUMBERS), iat: now, exp: random.oneIn(8) ? now - 1 : now + 3_600 };
}

function signed(random: Random, claims: Claims, signer: FuzzKey, kid: string): string {
  const header: Claims = { typ: 'JWT', alg: 'Ed25519', ...(random.oneIn(3) ? {} : { kid }) };
  if (random.oneIn(12)) header['alg'] = random.pick(ALGORITHMS);
  if (random.oneIn(20)) header[random.pick(['crit', 'b64', 'jwk', 'jku', 'x5c', 'kid', 'typ', 'zip'])] = random.pick([...OTHERS, false, ['b64'], signer.pk]);
  const texts = [JSON.stringify(header), JSON.stringify(claims)].map((text) => (random.oneIn(30) ? oddJson(random, text) : text));
  const input = texts.map((text) => Buffer.from(text).toString('base64url')).join('.');
  const { privateKey } = openKey(signer);
  const proof = header['alg'] === 'HS256' ? createHmac('sha256', Buffer.from(signer.pk, 'base64url')).update(input).digest() : sign(null, Buffer.from(input), privateKey);
  if (random.oneIn(20)) return `${input}.${random.pick(['', 'AA', 'A'.repeat(86), proof.toString('base64url').slice(0, -1), proof.toString('base64'), `${proof.toString('base64url')}==`])}`;
  return `${input}.${proof.toString('base64url')}`;
}

/** JSON that two readers may read in two ways, or that takes its time. */
function oddJson(random: Random, text: string): string {
  return random.pick([
    text.replace('{', '{"sub":"x",'), `${text} `, `${text}x`, `\ufeff${text}`, `[${text}]`, text.replaceAll('"', "'"), `{"a":${'['.repeat(3_000)}${']'.repeat(3_000)}}`, `{"a":${'{"a":'.repeat(800)}1${'}'.repeat(800)}}`,
    `{${Array.from({ length: 1_000 }, (_, index) => `"m${index}":1`).join(',')}}`, 'null', '"x"', '', '{"sub":"\\ud800"}', '{"__proto__":{"sub":"x"}}', `{"sub":${'9'.repeat(3_000)}}`,
  ]);
}

function oddText(random: Random): string {
  return random.pick(['', ' ', '.', '..', '...', 'a.b.c', '{}', '{"sub":"x"}', '\u0000', '\u00e9', '\ud83d\ude00', 'null', 'x'.repeat(17_000), `a${' '.repeat(16_000)}a`, '.'.repeat(16_000), `${'A'.repeat(5_000)}.${'A'.repeat(5_000)}.${'A'.repeat(5_000)}`, 'Bearer a.b.c']);
}
