// Made by `npm run generate`: edits are lost.
/** Headers by name; those that are undefined are left out, bytes are sent as base64. */
export type HeaderValues = Readonly<Record<string, string | Uint8Array | undefined>>;

/** Sets headers. Throws a TypeError, which does not quote the value, for one that cannot be sent. */
export function addHeaders(headers: Headers, values: HeaderValues = {}): void {
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) setHeader(headers, name, typeof value === 'string' ? value : base64(value));
  }
}

function setHeader(headers: Headers, name: string, value: string): void {
  try {
    headers.set(name, value);
  } catch {
    // The error of fetch has the value in its message, which may be a token.
    throw new TypeError(`the header ${name} cannot be sent`);
  }
}

/** The value of `authorization` for a token: the operator's, a device's JWT, or an access token. */
export function bearer(token: string): string {
  return `Bearer ${token}`;
}

/** The value of `authorization` for a name and a password (RFC 7617), in UTF-8. Throws a TypeError for a name with a colon. */
export function basic(name: string, password: string): string {
  if (name.includes(':')) throw new TypeError('a name in Basic credentials has no colon');
  return `Basic ${base64(new TextEncoder().encode(`${name}:${password}`))}`;
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
