import { createHmac, randomBytes, sign } from 'node:crypto';
import type { KeyKind } from '../../../src/crypto/algorithms.ts';
import { spkiOf } from '../../crypto/keys.ts';
import { type Draft, newPair, pemOf } from '../jwt.ts';
import type { JwtRow } from './row.ts';

const KINDS: readonly KeyKind[] = ['P-256', 'P-384', 'Ed25519', 'RSA'];
const KIND_OF: Readonly<Record<string, KeyKind>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  EdDSA: 'Ed25519',
  Ed25519: 'Ed25519',
  RS256: 'RSA',
  PS256: 'RSA',
};

const claim = (alg: unknown) => (draft: Draft) => void (draft.header['alg'] = alg);

/** Every row of 5.1 with its key, and with the keys it does not fit. */
const FITS: readonly JwtRow[] = Object.entries(KIND_OF).flatMap(([alg, own]) =>
  KINDS.map((kind): JwtRow => {
    if (kind === own) return { name: `${alg} with ${kind}`, want: 'OK', device: { kind }, alg };
    return { name: `${alg} claimed for ${kind}`, want: 'E401', device: { kind }, edit: claim(alg) };
  }),
);

const RSA: readonly JwtRow[] = [
  { name: 'RS256 claimed, PS256 made', want: 'E401', device: { kind: 'RSA' }, alg: 'PS256', edit: claim('RS256') },
  { name: 'PS256 claimed, RS256 made', want: 'E401', device: { kind: 'RSA' }, alg: 'RS256', edit: claim('PS256') },
  {
    name: 'PS256 with a salt of 20 bytes',
    want: 'E401',
    device: { kind: 'RSA' },
    alg: 'PS256',
    edit: (draft) => shortSalt(draft),
  },
];

function shortSalt(draft: Draft): void {
  const [header = '', payload = ''] = [draft.header, draft.payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  draft.signature = sign('sha256', Buffer.from(`${header}.${payload}`), { key: draft.signer, padding: 6, saltLength: 20 });
}

const hmacPairs = { pem: newPair(), spki: newPair() };

/** What no setting switches on. */
const NEVER: readonly JwtRow[] = [
  ...['none', 'None', 'NONE', 'HS256', 'HS384', 'HS512', 'es256', 'ES256 ', 'ES256K', 'ES512', 'RS384', 'RS512', 'PS384', 'PS512', 'ESP256', 'Ed448', 'RSA-OAEP', ''].map(
    (alg): JwtRow => ({ name: `alg ${JSON.stringify(alg)} with a good ES256 signature`, want: 'E401', edit: claim(alg) }),
  ),
  ...[undefined, null, 256, true, ['ES256'], { ES256: 1 }].map(
    (alg): JwtRow => ({ name: `alg ${JSON.stringify(alg) ?? 'missing'}`, want: 'E401', edit: claim(alg) }),
  ),
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((alg): JwtRow => ({ name: `alg ${alg}`, want: 'E401', edit: claim(alg) })),
  { name: 'none without a signature', want: 'E401', edit: (draft) => void Object.assign(draft, { signature: Buffer.alloc(0) }, claim('none')(draft)) },
  ...(['pem', 'spki'] as const).map((form): JwtRow => ({
    name: `HS256 with the registered key as ${form}`,
    want: 'E401',
    device: { pair: hmacPairs[form] },
    edit: (draft) => hmac(draft, form === 'pem' ? pemOf(hmacPairs.pem) : spkiOf(hmacPairs.spki)),
    wires: [form === 'pem' ? 'rest' : 'grpc'],
  })),
];

function hmac(draft: Draft, secret: string | Buffer): void {
  claim('HS256')(draft);
  const input = [draft.header, draft.payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  draft.signature = createHmac('sha256', secret).update(input).digest();
}

const other = newPair();
const SIGNATURES: readonly JwtRow[] = [
  { name: 'signed by another key', want: 'E401', edit: (draft) => void (draft.signer = other.privateKey) },
  { name: 'a signature of random bytes', want: 'E401', edit: (draft) => void (draft.signature = randomBytes(64)) },
  { name: 'a signature of zeros', want: 'E401', edit: (draft) => void (draft.signature = Buffer.alloc(64)) },
  { name: 'a signature of 63 bytes', want: 'E401', edit: (draft) => void (draft.signature = randomBytes(63)) },
  { name: 'a DER signature', want: 'E401', edit: (draft) => der(draft) },
  { name: 'the payload changed after signing', want: 'E401', edit: (draft) => changed(draft) },
];

function der(draft: Draft): void {
  const input = [draft.header, draft.payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  draft.signature = sign('sha256', Buffer.from(input), draft.signer);
}

function changed(draft: Draft): void {
  der(draft);
  const input = [draft.header, draft.payload].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  draft.signature = sign('sha256', Buffer.from(input), { key: draft.signer, dsaEncoding: 'ieee-p1363' });
  draft.payload['iss'] = 'added';
}

/** With every algorithm switched on. */
export const ALGORITHM_ROWS: readonly JwtRow[] = [...FITS, ...RSA, ...NEVER, ...SIGNATURES];

/** As by default. */
export const DEFAULT_ROWS: readonly JwtRow[] = Object.keys(KIND_OF)
  .filter((alg) => alg !== 'ES256')
  .map((alg) => ({ name: `${alg} is off`, want: 'E401', edit: claim(alg) }));

/** With ES256, RS256 and Ed25519: one of two algorithms of a key type. */
export const HALF_ROWS: readonly JwtRow[] = [
  { name: 'RS256 is on', want: 'OK', device: { kind: 'RSA' }, alg: 'RS256' },
  { name: 'PS256 is off', want: 'E401', device: { kind: 'RSA' }, alg: 'PS256' },
  { name: 'Ed25519 is on', want: 'OK', device: { kind: 'Ed25519' }, alg: 'Ed25519' },
  { name: 'EdDSA is off', want: 'E401', device: { kind: 'Ed25519' }, alg: 'EdDSA' },
];
export const HALF = { KEYTURN_IOTHENTIX_ALGORITHMS: 'ES256,RS256,Ed25519' };
