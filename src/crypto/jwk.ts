import { type KeyKind, algorithmFits, isJwsAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64.ts';
import { parseJsonObject } from './json_object.ts';
import { ecSpki, ed25519Spki, rsaSpki } from './spki.ts';

type Members = Readonly<Record<string, unknown>>;

/** RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2: whoever sends one of these has sent a secret. */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/**
 * Turns a public JWK (RFC 7517), given as strict JSON, into a SubjectPublicKeyInfo that still has to be loaded. Known
 * are EC with P-256 and P-384, OKP with Ed25519 and RSA with the exponent AQAB. Numbers are strict base64url of
 * exactly the length that RFC 7518 section 6 demands. Undefined for anything else: private members, `use` or
 * `key_ops` that do not allow the check of signatures, an `alg` that does not fit. Other members are ignored.
 */
export function jwkToSpki(text: string): Buffer | undefined {
  const jwk = parseJsonObject(text);
  if (jwk === undefined || PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return undefined;
  const kind = kindOf(jwk);
  return kind !== undefined && isForVerifying(jwk, kind) ? encode(jwk, kind) : undefined;
}

function kindOf(jwk: Members): KeyKind | undefined {
  const kty = jwk['kty'];
  const crv = jwk['crv'];
  if (kty === 'EC' && (crv === 'P-256' || crv === 'P-384')) return crv;
  if (kty === 'OKP' && crv === 'Ed25519') return crv;
  return kty === 'RSA' ? 'RSA' : undefined;
}

/** RFC 7517 sections 4.2 to 4.4. */
function isForVerifying(jwk: Members, kind: KeyKind): boolean {
  const { use = 'sig', key_ops: operations = ['verify'], alg } = jwk;
  if (use !== 'sig' || !Array.isArray(operations) || !operations.includes('verify')) return false;
  return alg === undefined || (isJwsAlgorithm(alg) && algorithmFits(alg, kind));
}

function encode(jwk: Members, kind: KeyKind): Buffer | undefined {
  if (kind === 'RSA') return encodeRsa(jwk);
  const length = kind === 'P-384' ? 48 : 32;
  const x = readBytes(jwk, 'x', length);
  if (kind === 'Ed25519') return x && ed25519Spki(x);
  const y = readBytes(jwk, 'y', length);
  return x && y && ecSpki(kind, x, y);
}

function encodeRsa(jwk: Members): Buffer | undefined {
  const modulus = readBytes(jwk, 'n');
  // RFC 7518 section 6.3.1.1: the fewest bytes that hold the number.
  if (jwk['e'] !== 'AQAB' || modulus === undefined || modulus[0] === 0 || modulus.length < 256) return undefined;
  return rsaSpki(modulus);
}

function readBytes(jwk: Members, name: string, length?: number): Buffer | undefined {
  const text = jwk[name];
  const bytes = typeof text === 'string' ? decodeBase64url(text) : undefined;
  return bytes !== undefined && bytes.length === (length ?? bytes.length) ? bytes : undefined;
}
