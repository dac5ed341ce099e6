const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i;

/** A name, which ends at the first colon, and a password (RFC 7617 section 2). */
export interface BasicCredentials {
  /** 1 to 128 visible ASCII characters. */
  readonly name: string;
  readonly password: Buffer;
}

/** Whether an authorization value is of this scheme, well formed or not. */
export function isBasic(authorization: string): boolean {
  return /^basic(?: |$)/i.test(authorization);
}

/** Undefined for anything that is not well formed. */
export function readBasic(authorization: string): BasicCredentials | undefined {
  const bytes = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64');
  const colon = bytes.indexOf(':');
  const name = bytes.toString('latin1', 0, Math.max(colon, 0));
  return /^[!-~]{1,128}$/.test(name) ? { name, password: bytes.subarray(colon + 1) } : undefined;
}
