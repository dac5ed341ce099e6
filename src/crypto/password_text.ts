import { decodeBase64Standard } from './base64.ts';
import { HEAD_BYTES, KEY_BYTES, SALT_BYTES, VERSION } from './password.ts';

/** `$scrypt$ln=15,r=8,p=1$<salt>$<key>`: the form of the PHC for hashes of passwords, base64 without padding. */
const TEXT = /^\$scrypt\$ln=([1-9][0-9]),r=([1-9][0-9]?),p=([1-9])\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/;
/** What a check may cost at most: log2 of N, and 32 MiB (RFC 7914 section 2: 128 * N * r). */
const MOST = { log2N: 17, memory: 32 * 1024 * 1024, p: 4 };

/** Writes a stored password as text, for settings. */
export function passwordText(stored: Buffer): string {
  const [, log2N, r, p] = stored;
  const salt = unpadded(stored.subarray(HEAD_BYTES, HEAD_BYTES + SALT_BYTES));
  return `$scrypt$ln=${log2N},r=${r},p=${p}$${salt}$${unpadded(stored.subarray(HEAD_BYTES + SALT_BYTES))}`;
}

/** Reads it again. Undefined for anything else, and for what would cost more than 32 MiB to check. */
export function parsePasswordText(text: string): Buffer | undefined {
  const [, log2N, r, p, salt = '', key = ''] = TEXT.exec(text) ?? [];
  const cost = { log2N: Number(log2N), r: Number(r), p: Number(p) };
  if (!(cost.log2N >= 10 && cost.log2N <= MOST.log2N && cost.p <= MOST.p)) return undefined;
  if (128 * 2 ** cost.log2N * cost.r > MOST.memory) return undefined;
  const saltBytes = decodeBase64Standard(`${salt}==`);
  const keyBytes = decodeBase64Standard(`${key}=`);
  if (saltBytes?.length !== SALT_BYTES || keyBytes?.length !== KEY_BYTES) return undefined;
  return Buffer.concat([Buffer.of(VERSION, cost.log2N, cost.r, cost.p), saltBytes, keyBytes]);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
