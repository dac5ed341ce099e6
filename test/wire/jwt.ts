import { type KeyObject, type SignKeyObjectInput, constants, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyKind } from '../../src/crypto/algorithms.ts';
import { type Pair, ecPair, edPair, signAs, spkiOf } from '../crypto/keys.ts';

/** A pair that no other test has: no key is accepted twice. */
export function newPair(kind: KeyKind = 'P-256'): Pair {
  if (kind === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return kind === 'Ed25519' ? edPair() : ecPair(kind);
}

export function newJti(): string {
  return randomBytes(16).toString('hex').toUpperCase();
}

export function pemOf(pair: Pair): string {
  return pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

/** PEM as the documents show it: no newline at all. */
export function oneLine(der: Buffer): string {
  return `-----BEGIN PUBLIC KEY-----${der.toString('base64')}-----END PUBLIC KEY-----`;
}

export function thumbprintOf(pair: Pair): string {
  return createHash('sha256').update(spkiOf(pair)).digest('hex');
}

/** An update JWT before it is signed. Members that are undefined are left out; texts replace what would be written. */
export interface Draft {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
  headerText?: string | Buffer;
  payloadText?: string | Buffer;
  /** Changes to the encoded parts; those of header and payload are signed. */
  editHeader?: (part: string) => string;
  editPayload?: (part: string) => string;
  editSignature?: (part: string) => string;
  /** Replaces the signature. */
  signature?: Buffer;
  signer: KeyObject;
  /** The algorithm that is really used. */
  signAs: string;
}

export const DEFAULT_ALG: Readonly<Record<KeyKind, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'Ed25519', RSA: 'RS256' };

/** A JWT in the order of members that the documents show. */
export function draftOf(deviceId: string, current: Pair, next: Pair, alg: string, jti: string): Draft {
  return {
    header: { alg, typ: 'JWT', kid: deviceId },
    payload: { sub: deviceId, public_key: oneLine(spkiOf(next)), jti },
    signer: current.privateKey,
    signAs: alg,
  };
}

function keep(part: string): string {
  return part;
}

export function compactOf(draft: Draft): string {
  const { editHeader = keep, editPayload = keep, editSignature = keep } = draft;
  const header = editHeader(encode(draft.headerText ?? JSON.stringify(draft.header)));
  const payload = editPayload(encode(draft.payloadText ?? JSON.stringify(draft.payload)));
  const input = `${header}.${payload}`;
  const signature = draft.signature ?? signAs(draft.signAs, draft.signer, Buffer.from(input));
  return `${input}.${editSignature(signature.toString('base64url'))}`;
}

export function encode(value: string | Buffer): string {
  return Buffer.from(value).toString('base64url');
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same bytes in a second spelling, if the part has unused bits; else the part with one letter more. */
export function secondSpelling(part: string): string {
  if (part.length % 4 === 0) return `${part}A`;
  return part.slice(0, -1) + (LETTERS[LETTERS.indexOf(part.at(-1) ?? '') + 1] ?? '');
}

export type Form = 'A' | 'B' | 'C';

/** What is signed for a proof (section 6). */
export function formOf(form: Form, jwt: string): Buffer {
  const digest = createHash('sha256').update(jwt).digest();
  if (form === 'A') return Buffer.from(jwt);
  return form === 'B' ? digest : Buffer.from(digest.toString('hex'));
}

/** The bytes of a proof of possession over a JWT. RSA: PKCS#1 v1.5 unless `pss`. */
export function proofBytes(jwt: string, pair: Pair, form: Form = 'A', pss = false): Buffer {
  const message = formOf(form, jwt);
  if (pair.privateKey.asymmetricKeyType === 'ed25519') return sign(undefined, message, pair.privateKey);
  const input: SignKeyObjectInput = { key: pair.privateKey, dsaEncoding: 'der' };
  if (pss) Object.assign(input, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 });
  return sign('sha256', message, input);
}

export function proof(jwt: string, pair: Pair, form: Form = 'A'): string {
  return proofBytes(jwt, pair, form).toString('base64');
}
