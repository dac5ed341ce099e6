/**
 * A path as it was sent and as it reads: `texts[i]` is `raw[i]` percent-decoded once. Both hold at least one
 * segment; the path `/` is one empty segment.
 */
export interface Path {
  readonly raw: readonly string[];
  readonly texts: readonly string[];
}

/** A request target (RFC 9112 section 3.2.1, origin-form): its path, and its query still encoded. */
export interface Target extends Path {
  /** What follows the first `?`; undefined without one. */
  readonly query: string | undefined;
}

/** A path whose last segment was cut at its last colon. */
export interface VerbPath extends Path {
  /** The text after the colon, percent-decoded; may be empty. */
  readonly verb: string;
}

/** Starts with a slash; visible ASCII (0x21 to 0x7E) without `#`, which would begin a fragment. */
const ORIGIN_FORM = /^\/[!"$-~]*$/;

/** The percent sign of an encoded slash. */
const PERCENT_OF_SLASH = /%(?=2[Ff])/g;

/**
 * Splits a raw request target, before anything is decoded, at the first `?` and its path at every `/`.
 * Nothing is normalised: `//`, a trailing slash, `.` and `..` stay as they were sent.
 *
 * @returns undefined if the target is malformed: not origin-form (RFC 9112 section 3.2), a `#` or a character outside
 *   0x21..0x7E anywhere, or a path that `percentDecode` refuses. The escapes of the query are not looked at.
 */
export function splitTarget(rawTarget: string): Target | undefined {
  if (!ORIGIN_FORM.test(rawTarget)) return undefined;
  const mark = rawTarget.indexOf('?');
  const path = mark === -1 ? rawTarget : rawTarget.slice(0, mark);
  const query = mark === -1 ? undefined : rawTarget.slice(mark + 1);
  const raw = path.slice(1).split('/');
  const texts = path.includes('%') ? decodeAll(raw) : raw;
  return texts && { raw, texts, query };
}

/**
 * Cuts the last segment of a path at its last raw colon; an encoded colon (`%3A`) never cuts.
 *
 * @returns undefined if the last segment has no raw colon.
 */
export function splitVerb(path: Path): VerbPath | undefined {
  const index = path.raw.length - 1;
  const last = path.raw[index] ?? '';
  const colon = last.lastIndexOf(':');
  if (colon === -1) return undefined;
  const head = last.slice(0, colon);
  const text = percentDecode(head);
  const verb = percentDecode(last.slice(colon + 1));
  if (text === undefined || verb === undefined) return undefined;
  return { raw: path.raw.with(index, head), texts: path.texts.with(index, text), verb };
}

/**
 * Decodes percent-escapes once (RFC 3986 section 2.1), strictly.
 *
 * @returns undefined for a malformed escape, bytes that are not UTF-8 (overlong forms and surrogates included) or NUL.
 */
export function percentDecode(text: string): string | undefined {
  const decoded = text.includes('%') ? decodeEscapes(text) : text;
  const acceptable = decoded !== undefined && decoded.isWellFormed() && !decoded.includes('\0');
  return acceptable ? decoded : undefined;
}

/**
 * As `percentDecode`, but `%2F` and `%2f` stay exactly as they were written: the rule of google/api/http.proto for a
 * variable of several segments.
 */
export function percentDecodeExceptSlash(text: string): string | undefined {
  // With its percent sign encoded, an encoded slash is what one decoding leaves.
  return percentDecode(text.replaceAll(PERCENT_OF_SLASH, '%25'));
}

/**
 * Reads a raw query as `application/x-www-form-urlencoded` pairs, in their order: split at `&`, then at the first `=`,
 * `+` read as a space, keys and values decoded once by `percentDecode`. `a` and `a=` are an empty value; empty pieces
 * between `&` are skipped. The number of pairs is bounded by the length of the text only.
 *
 * @returns no pairs for undefined; undefined if a key or a value is malformed.
 */
export function parseQuery(rawQuery: string | undefined): [key: string, value: string][] | undefined {
  const pairs: [string, string][] = [];
  for (const piece of (rawQuery ?? '').split('&')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    const key = decodeFormText(equals === -1 ? piece : piece.slice(0, equals));
    const value = decodeFormText(equals === -1 ? '' : piece.slice(equals + 1));
    if (key === undefined || value === undefined) return undefined;
    pairs.push([key, value]);
  }
  return pairs;
}

function decodeFormText(text: string): string | undefined {
  return percentDecode(text.replaceAll('+', ' '));
}

function decodeAll(segments: readonly string[]): string[] | undefined {
  const texts: string[] = [];
  for (const segment of segments) {
    const text = percentDecode(segment);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function decodeEscapes(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
