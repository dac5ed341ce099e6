/** What is written as it is; every other byte becomes an escape (RFC 3986 section 2.3). */
const RESERVED = /[^A-Za-z0-9\-._~]/g;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/**
 * The paths that a request signature may have been made of (contracts/iotda.md
 * section 9): with every segment decoded and encoded again, and, if it holds a
 * `%`, with every segment encoded once more, as a vendor's client does. A target is
 * taken as it was sent; a `%` that begins no escape stands for itself.
 */
export function canonicalPaths(target: string): readonly string[] {
  const [raw = ''] = target.split('?', 1);
  const path = canonicalPath(raw, recoded);
  return raw.includes('%') ? [path, canonicalPath(raw, encoded)] : [path];
}

/**
 * The queries that a request signature may have been made of: names and values
 * decoded and encoded again, in the order of names, then values. Clients order
 * them either before or after they encode them, which is rarely a difference.
 */
export function canonicalQueries(target: string): readonly string[] {
  const mark = target.indexOf('?');
  if (mark === -1) return [''];
  const pairs = target.slice(mark + 1).split('&').filter((piece) => piece !== '').map(readPair);
  const before = pairs.toSorted(byNameAndValue).map((pair) => pair.map(encoded).join('=')).join('&');
  const after = pairs.map((pair) => pair.map(encoded)).toSorted(byNameAndValue).map((pair) => pair.join('=')).join('&');
  return before === after ? [after] : [after, before];
}

function canonicalPath(raw: string, write: (segment: string) => string): string {
  const path = raw.split('/').map(write).join('/');
  return path.endsWith('/') ? path : `${path}/`;
}

function readPair(piece: string): readonly string[] {
  const text = piece.replaceAll('+', ' ');
  const equals = text.indexOf('=');
  return equals === -1 ? [decoded(text), ''] : [decoded(text.slice(0, equals)), decoded(text.slice(equals + 1))];
}

function byNameAndValue([name = '', value = '']: readonly string[], [otherName = '', otherValue = '']: readonly string[]): number {
  return compare(name, otherName) || compare(value, otherValue);
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function recoded(text: string): string {
  return encoded(decoded(text));
}

/** A character for each byte. */
function decoded(text: string): string {
  return text.includes('%') ? text.replaceAll(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))) : text;
}

function encoded(bytes: string): string {
  return bytes.replaceAll(RESERVED, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}
