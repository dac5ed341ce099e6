import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip as gzipCompress } from 'node:zlib';
import { isKnown } from '../transport/rest/conditional.ts';
import type { Page, PageRequest } from '../transport/rest/handler.ts';
import type { Headers } from '../transport/rest/headers.ts';

/** Ready to be sent: a Page's answer without more work than looking at the request. */
export interface StaticFile {
  readonly bytes: Uint8Array;
  /** The bytes by the names of content codings (RFC 9110 section 8.4.1), the one that is liked best first. */
  readonly coded: ReadonlyMap<string, Uint8Array>;
  readonly contentType: string;
  /** Changes with the bytes. */
  readonly version: string;
}

/** Brotli's best would take seconds of a core; this takes a tenth of one for the largest file, and 9% more bytes. */
const BROTLI_QUALITY = 9;

/** How long what is asked for by its version may be kept, seconds: its bytes never change. */
const OF_VERSION = 'public, max-age=31536000, immutable';

/** Compresses the bytes of a file off the event loop, once for all who will ask. */
export async function staticFile(bytes: Uint8Array, contentType: string): Promise<StaticFile> {
  const params = { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const [br, gzip] = await Promise.all([promisify(brotliCompress)(bytes, { params }), promisify(gzipCompress)(bytes, { level: 9 })]);
  const coded = new Map(Object.entries({ br, gzip }).filter(([, { length }]) => length < bytes.length));
  return { bytes, coded, contentType, version: hash('sha256', bytes, 'base64url').slice(0, 22) };
}

/**
 * The answer with a file, in a coding that the caller takes, or 304 if the caller has it. Where the query is `v=` and
 * the version it may be kept for good; otherwise as `cacheControl` says. Nothing of it is for pages of other sites.
 */
export function answerWith(file: StaticFile, { headers, query }: PageRequest, cacheControl: string): Awaited<ReturnType<Page>> {
  const [coding, body] = codedFor(file, headers);
  const tag = `"${file.version}${coding === undefined ? '' : `-${coding}`}"`;
  const kept = {
    cacheControl: query === `v=${file.version}` ? OF_VERSION : cacheControl,
    headers: [['ETag', tag], ['Vary', 'Accept-Encoding'], ['Cross-Origin-Resource-Policy', 'same-origin'], ...(coding === undefined ? [] : [['Content-Encoding', coding] as const])] as const,
  };
  if (isKnown(headers, tag)) return { status: 304, ...kept };
  return { status: 200, contentType: file.contentType, body, ...kept };
}

/** RFC 9110 section 12.5.3: without `Accept-Encoding`, or if nothing is acceptable, the bytes as they are. */
function codedFor({ bytes, coded }: StaticFile, headers: Headers): readonly [coding: string | undefined, body: Uint8Array] {
  const weights = weightsOf(headers.list('accept-encoding') ?? '');
  let best: readonly [string | undefined, Uint8Array] = [undefined, bytes];
  let most = weights.get('identity') ?? 0;
  for (const [coding, body] of coded) {
    const weight = weights.get(coding) ?? weights.get('*') ?? 0;
    if (weight > 0 && (weight > most || best[0] === undefined && weight === most)) [best, most] = [[coding, body], weight];
  }
  return best;
}

/** Weights from 0 to 1 by coding; a part that is not in the expected form is passed over. */
function weightsOf(list: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of list.toLowerCase().split(',')) {
    const [, coding, weight = '1'] = /^[ \t]*([!#$%&'*+.^_`|~0-9a-z-]+)[ \t]*(?:;[ \t]*q=([01](?:\.[0-9]{0,3})?)[ \t]*)?$/.exec(part) ?? [];
    if (coding !== undefined) weights.set(coding, Number(weight));
  }
  return weights;
}
