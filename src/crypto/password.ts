import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);

export const VERSION = 1;
/** RFC 7914: 32 MiB and about a tenth of a second for each hash. */
const COST = { log2N: 15, r: 8, p: 1 };
const HEAD = Buffer.of(VERSION, COST.log2N, COST.r, COST.p);
export const HEAD_BYTES = HEAD.length;
export const SALT_BYTES = 16;
export const KEY_BYTES = 32;

/** What is stored of a password: a version, the cost, a random salt and the key that scrypt makes. */
export async function hashPassword(password: string): Promise<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  return Buffer.concat([HEAD, salt, await keyOf(password, salt, COST)]);
}

/** Whether it is the password that is stored. Undefined is nobody's, and costs the same. */
export async function verifyPassword(password: string, stored: Buffer | undefined): Promise<boolean> {
  const bytes = stored ?? Buffer.concat([HEAD, randomBytes(SALT_BYTES + KEY_BYTES)]);
  const [version, log2N = 0, r = 0, p = 0] = bytes;
  if (version !== VERSION || bytes.length !== HEAD.length + SALT_BYTES + KEY_BYTES) throw new Error('a stored password is in no known form');
  const salt = bytes.subarray(HEAD.length, HEAD.length + SALT_BYTES);
  const key = await keyOf(password, salt, { log2N, r, p });
  return timingSafeEqual(key, bytes.subarray(HEAD.length + SALT_BYTES)) && stored !== undefined;
}

function keyOf(password: string, salt: Buffer, { log2N, r, p }: typeof COST): Promise<Buffer> {
  const N = 2 ** log2N;
  return derive(password, salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r });
}
