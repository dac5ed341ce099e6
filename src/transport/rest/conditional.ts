import { hash } from 'node:crypto';
import type { RestAnswer } from './answer.ts';
import type { Headers } from './headers.ts';
import { trimOptionalSpace } from './optional_space.ts';

/** An entity tag, weak or strong (RFC 9110 section 8.8.3), at the beginning of a list or after a comma. */
const ENTITY_TAG = /(?:^|,)[ \t]*(?:W\/)?("[!#-~\x80-\xff]*")(?=[ \t]*(?:,|$))/g;

/**
 * The answer to a GET as one that its caller, and nobody with other
 * credentials, may keep for `maxAge` seconds: it gets a strong entity tag, made
 * of its bytes, and is 304 without a body where `If-None-Match` has that (RFC
 * 9110 sections 13.1.2 and 15.4.5).
 */
export function cacheable(answer: RestAnswer, headers: Headers, maxAge: number): RestAnswer {
  const tag = `"${hash('sha256', answer.body ?? '', 'base64url')}"`;
  // One cache may serve several callers, such as a process with an access key for each of its projects.
  const kept = { headers: [...answer.headers, ['ETag', tag] as const, ['Vary', 'Authorization'] as const], cacheControl: `private, max-age=${maxAge}` };
  return isKnown(headers, tag) ? { status: 304, ...kept } : { ...answer, ...kept };
}

/** Whether `If-None-Match` has an entity tag, by weak comparison (RFC 9110 section 8.8.3.2). */
export function isKnown(headers: Headers, tag: string): boolean {
  const condition = headers.list('if-none-match');
  if (condition === undefined) return false;
  return trimOptionalSpace(condition) === '*' || Array.from(condition.matchAll(ENTITY_TAG), ([, each]) => each).includes(tag);
}
