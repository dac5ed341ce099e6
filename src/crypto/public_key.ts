import { type KeyObject, createPublicKey, generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { type JwsAlgorithm, type KeyKind, kindEnabled } from './algorithms.ts';
import { decodeBase64Standard } from './base64.ts';
import { jwkToSpki } from './jwk.ts';
import { canonicalKind, kindByPrefix, rsaModulus, rsaSpki } from './spki.ts';

/** A public key that passed contracts/iothentix.md 5.2. */
export interface PublicKey {
  readonly kind: KeyKind;
  /** The canonical SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  /** SHA-256 of `spki` in 64 lower-case hex characters. Two keys are equal when their thumbprints are. */
  readonly thumbprint: string;
}

/** A public key that OpenSSL has taken, too. */
export interface LoadedPublicKey extends PublicKey {
  readonly key: KeyObject;
}

const BEGIN = '-----BEGIN PUBLIC KEY-----';
const END = '-----END PUBLIC KEY-----';

/** An RSA key of 4096 bits has 550 bytes. */
const MAX_DER_BYTES = 1024;
const MAX_TEXT_LENGTH = 8192;

/**
 * Reads the DER out of a PEM text (contracts/iothentix.md 5.2 points 1 to 3): the two markers, and between them
 * standard base64 with its padding. White space is space, tab, CR, LF, FF and VT; it may stand around the text and
 * anywhere between the markers, and no line break is needed. Undefined for anything else and for texts over 8192
 * characters. The DER still has to be loaded.
 */
export function parsePem(text: string): Buffer | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  const trimmed = trimWhiteSpace(text);
  if (trimmed.length < BEGIN.length + END.length) return undefined;
  if (!trimmed.startsWith(BEGIN) || !trimmed.endsWith(END)) return undefined;
  return decodeBase64Standard(trimmed.slice(BEGIN.length, -END.length).replaceAll(/[ \t\r\n\f\v]/g, ''));
}

/** Not String.trim, which also removes a byte order mark and the spaces of Unicode. */
function trimWhiteSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/**
 * Loads a SubjectPublicKeyInfo (contracts/iothentix.md 5.2 points 3, 4 and 6). Undefined unless the DER is byte for
 * byte the canonical encoding of a key that an enabled algorithm uses: an uncompressed point on P-256 or P-384 (RFC
 * 5480), a canonical Ed25519 point not of small order (RFC 8410), or RSA of 2048 to 4096 bits with exponent 65537,
 * rsaEncryption and NULL (RFC 3279). Never throws for bad input; more than 1024 bytes are not looked at.
 */
export function loadPublicKey(der: Buffer, algorithms: ReadonlySet<JwsAlgorithm>): LoadedPublicKey | undefined {
  const encoded = canonicalKind(der) === undefined ? undefined : readPublicKey(der);
  if (encoded === undefined || !kindEnabled(encoded.kind, algorithms)) return undefined;
  return importPublicKey(encoded);
}

/**
 * Reads the SubjectPublicKeyInfo of a key that was loaded before it was stored, and is not judged again: that would
 * take longer for some kinds than for others, and so tell which kind a device has. `verifyCompactJws` imports it.
 */
export function readPublicKey(der: Buffer): PublicKey | undefined {
  if (der.length > MAX_DER_BYTES) return undefined;
  const kind = kindByPrefix(der);
  if (kind === undefined) return undefined;
  const spki = Buffer.from(der);
  return { kind, spki, thumbprint: hash('sha256', spki, 'hex') };
}

/** Undefined if OpenSSL refuses the key, such as an EC point that is off its curve or has coordinates that are not reduced. */
export function importPublicKey(encoded: PublicKey): LoadedPublicKey | undefined {
  try {
    return { ...encoded, key: createPublicKey({ key: encoded.spki, format: 'der', type: 'spki' }) };
  } catch {
    return undefined;
  }
}

/**
 * Reads a public key as an operator gives it: PEM as in `parsePem`, or a JWK as JSON text (RFC 7517; see `jwkToSpki`).
 * Undefined for anything that `loadPublicKey` would refuse, for a private JWK and for texts over 8192 characters.
 */
export function parsePublicKey(text: string, algorithms: ReadonlySet<JwsAlgorithm>): LoadedPublicKey | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  const der = trimWhiteSpace(text).startsWith('{') ? jwkToSpki(text) : parsePem(text);
  return der && loadPublicKey(der, algorithms);
}

/** Writes a SubjectPublicKeyInfo as PEM with lines of 64 characters and a final newline (RFC 7468 section 13). */
export function toPem(spki: Buffer): string {
  const lines = spki.toString('base64').match(/.{1,64}/g) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

/** The length of an RSA key's modulus, and so of its signatures, in bytes; 0 for other keys. */
export function modulusBytes({ kind, spki }: PublicKey): number {
  return kind === 'RSA' ? rsaModulus(spki).length : 0;
}

/** Made once. The private halves are dropped; for RSA there is none, because the modulus is a random odd number. */
const DECOYS: Readonly<Record<Exclude<KeyKind, 'RSA'>, Buffer>> = {
  'P-256': exportSpki(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey),
  'P-384': exportSpki(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey),
  Ed25519: exportSpki(generateKeyPairSync('ed25519').publicKey),
};

function exportSpki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

/** Lengths of an RSA modulus, 2048 to 4096 bits. */
const RSA_BYTES = { least: 256, most: 512 };

/** By the length of their modulus in bytes. */
const RSA_DECOYS = new Map<number, Buffer>();

function rsaDecoy(bytes: number): Buffer {
  const known = RSA_DECOYS.get(bytes);
  if (known !== undefined) return known;
  const made = rsaSpki(randomModulus(bytes));
  RSA_DECOYS.set(bytes, made);
  return made;
}

function randomModulus(bytes: number): Buffer {
  const modulus = randomBytes(bytes);
  modulus.writeUInt8(modulus.readUInt8(0) | 0x80, 0);
  modulus.writeUInt8(modulus.readUInt8(bytes - 1) | 0x01, bytes - 1);
  return modulus;
}

/**
 * A key that verifies nothing, for work equal to that with a real key of the kind (contracts/iothentix.md 7.1 steps 5
 * and 7). The same key for the life of the process, but read and imported anew on each call, as a registered key is:
 * the first verification with a fresh key takes longer than the later ones. An RSA decoy has the modulus that a
 * signature of `signatureBytes` fits, because one that does not fit is refused without any work.
 */
export function decoyKey(kind: KeyKind, signatureBytes: number = RSA_BYTES.least): PublicKey {
  const isRsaLength = signatureBytes >= RSA_BYTES.least && signatureBytes <= RSA_BYTES.most;
  const spki = kind === 'RSA' ? rsaDecoy(isRsaLength ? signatureBytes : RSA_BYTES.least) : DECOYS[kind];
  const decoy = readPublicKey(spki);
  if (decoy === undefined) throw new Error(`the decoy key of kind ${kind} cannot be read`);
  return decoy;
}
