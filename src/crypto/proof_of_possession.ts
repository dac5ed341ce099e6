import { type VerifyKeyObjectInput, constants, verify } from 'node:crypto';
import type { JwsAlgorithm } from './algorithms.ts';
import { decodeBase64Either } from './base64.ts';
import { parseEcdsaDer } from './ecdsa_der.ts';
import type { CompactJws } from './jws.ts';
import { modulusBytes } from './public_key.ts';
import type { LoadedPublicKey, PublicKey } from './public_key.ts';

export interface ProofOptions {
  /** Whether form C counts: a signature over the hash written as hex text. */
  readonly hexText: boolean;
  /** The enabled algorithms: RS256 and PS256 say which RSA schemes count. */
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
}

/** How a key signs: the hash (none for Ed25519) and the key with its padding. */
interface Scheme {
  readonly hash: string | undefined;
  readonly key: VerifyKeyObjectInput;
}

const MAX_LENGTH = 2048;
/** The documented hash, for P-384 too. */
const HASH = 'sha256';
const PSS_SALT_BYTES = 32;

/**
 * Reads the text of a proof of possession (contracts/iothentix.md 6): 1 to 2048 characters of base64 in either
 * alphabet. By the kind of the key the bytes are an ECDSA signature in strict DER with r and s in range, the 64 bytes
 * of an Ed25519 signature, or as many bytes as the RSA modulus has. Undefined for anything else.
 */
export function parseProof(pop: string, key: PublicKey): Buffer | undefined {
  if (pop.length === 0 || pop.length > MAX_LENGTH) return undefined;
  const proof = decodeBase64Either(pop);
  return proof && isWellFormed(proof, key) ? proof : undefined;
}

function isWellFormed(proof: Buffer, key: PublicKey): boolean {
  if (key.kind === 'Ed25519') return proof.length === 64;
  if (key.kind === 'RSA') return proof.length === modulusBytes(key);
  return parseEcdsaDer(proof, key.kind) !== undefined;
}

/**
 * Whether the proof is a signature by the key over the JWT in form A (the JWT itself), form B (its SHA-256) or, if
 * the options say so, form C (that hash as 64 hex characters), tried in this order (contracts/iothentix.md 6). ECDSA
 * with SHA-256 on both curves, pure Ed25519 (RFC 8032 section 5.1.7), RSA PKCS#1 v1.5 and PSS with a salt of 32 bytes
 * (RFC 8017 sections 8.2.2 and 8.1.2) as enabled. The proof comes from `parseProof` with the same key. False for
 * everything that does not verify; never throws for bad input. The work is done off the event loop.
 */
export async function verifyProof(
  proof: Buffer,
  jwt: CompactJws,
  key: LoadedPublicKey,
  options: ProofOptions,
): Promise<boolean> {
  const schemes = schemesOf(key, options.algorithms);
  for (const message of signedForms(jwt, options.hexText)) {
    for (const scheme of schemes) if (await isSigned(message, scheme, proof)) return true;
  }
  return false;
}

function signedForms(jwt: CompactJws, hexText: boolean): Buffer[] {
  const forms = [Buffer.from(jwt.compact), jwt.sha256];
  if (hexText) forms.push(Buffer.from(jwt.sha256.toString('hex')));
  return forms;
}

function schemesOf({ kind, key }: LoadedPublicKey, algorithms: ReadonlySet<JwsAlgorithm>): Scheme[] {
  if (kind === 'Ed25519') return [{ hash: undefined, key: { key } }];
  if (kind !== 'RSA') return [{ hash: HASH, key: { key, dsaEncoding: 'der' } }];
  const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants;
  const schemes: Scheme[] = [];
  if (algorithms.has('RS256')) schemes.push({ hash: HASH, key: { key, padding: RSA_PKCS1_PADDING } });
  if (algorithms.has('PS256')) {
    schemes.push({ hash: HASH, key: { key, padding: RSA_PKCS1_PSS_PADDING, saltLength: PSS_SALT_BYTES } });
  }
  return schemes;
}

/** With a callback the work runs in the thread pool. An error is a refusal. */
function isSigned(message: Buffer, { hash, key }: Scheme, proof: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    verify(hash, message, key, proof, (error, valid) => resolve(error === null && valid));
  });
}
