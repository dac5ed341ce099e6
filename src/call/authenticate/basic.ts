import { isUtf8 } from 'node:buffer';
import { decodeBase64Standard } from '../../crypto/base64.ts';

const BASIC = /^basic ([A-Za-z0-9+/=]+)$/i;
/** The scheme word ends where no further character of a token follows (RFC 9110 section 5.6.2). */
const SCHEME = /^basic(?![!#$%&'*+.^_`|~0-9A-Za-z-])/i;

/** A name, which ends at the first colon, and a password (RFC 7617 section 2). */
export interface BasicCredentials {
  /** 1 to 128 visible ASCII characters. */
  readonly name: string;
  /** UTF-8 without control characters, which RFC 7617 rules out; scrypt would not see U+0000 at the end. */
  readonly password: Buffer;
}

/** Whether an authorization value is of this scheme, well formed or not. */
export function isBasic(authorization: string): boolean {
  return SCHEME.test(authorization);
}

/** Undefined for anything that is not well formed, such as base64 without its padding. */
export function readBasic(authorization: string): BasicCredentials | undefined {
  const bytes = decodeBase64Standard(BASIC.exec(authorization)?.[1] ?? '') ?? Buffer.alloc(0);
  const colon = bytes.indexOf(':');
  const name = bytes.toString('latin1', 0, Math.max(colon, 0));
  const password = bytes.subarray(colon + 1);
  const isPassword = isUtf8(password) && password.every((byte) => byte >= 0x20 && byte !== 0x7f);
  return /^[!-~]{1,128}$/.test(name) && isPassword ? { name, password } : undefined;
}
