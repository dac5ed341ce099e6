import { METHODS } from 'node:http';
import { trimOptionalSpace } from '../optional_space.ts';

/** How a request goes on behind its head. */
export interface Head {
  /** The length of its body, or that it comes in chunks. */
  readonly body: number | 'chunked';
  /** Whether it offers another protocol. */
  readonly offersUpgrade: boolean;
}

/** RFC 9112 section 3: a method, a target of visible ASCII and a version, one space between them. */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+ HTTP\/1\.([01])\r\n/;
/** Values are left to be trimmed. */
const FRAMING_HEADER = /\r\n(content-length|transfer-encoding|upgrade):([^\r]*)/gi;
const PLAIN: Head = { body: 0, offersUpgrade: false };
/** Largest bodies are far below; a number of this length is still exact. */
const LENGTH = /^[0-9]{1,15}$/;
/** A request that node's parser takes, as far as its framing headers are good: its method apart. */
const WELL_FORMED = /^([A-Z-]+) \/[!"$-~]* HTTP\/1\.[01]\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*$/;
/** RFC 9112 section 5, without folded lines. */
const TRAILERS = /^\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n)*$/;
/**
 * Fields that say where a message ends, where it goes, who sends it or how its
 * content is to be read: they come too late in a trailer (RFC 9110 section 6.5.1).
 */
const TOO_LATE =
  /\r\n(?:content-[^:\r]*|transfer-encoding|host|connection|keep-alive|proxy-[^:\r]*|te|trailer|upgrade|expect|authorization|cookie|set-cookie|max-forwards|grpc-[^:\r]*):/i;

/**
 * Reads the head of a request as it was sent, up to and with the CRLF of its
 * last header. Undefined if it is to be refused: it has another form of request
 * line, CONNECT, both framings, one of them twice, any coding but `chunked`, or
 * a length that is not of 1 to 15 digits.
 */
export function readHead(head: string): Head | undefined {
  const line = REQUEST_LINE.exec(head);
  if (line === null || head.startsWith('CONNECT ')) return undefined;
  let body: Head['body'] | undefined;
  let offersUpgrade = false;
  FRAMING_HEADER.lastIndex = 0;
  for (let header = FRAMING_HEADER.exec(head); header !== null; header = FRAMING_HEADER.exec(head)) {
    const [, name = '', value = ''] = header;
    if (name.length === 'upgrade'.length) {
      offersUpgrade = true;
      continue;
    }
    if (body !== undefined) return undefined;
    body = name.length === 'content-length'.length ? lengthOf(value) : codingOf(value, line[1] === '1');
    if (body === undefined) return undefined;
  }
  return body === undefined && !offersUpgrade ? PLAIN : { body: body ?? 0, offersUpgrade };
}

function lengthOf(value: string): number | undefined {
  const digits = trimOptionalSpace(value);
  return LENGTH.test(digits) ? Number(digits) : undefined;
}

/** RFC 9112 section 6.1: HTTP/1.0 has no codings. */
function codingOf(value: string, isKnown: boolean): 'chunked' | undefined {
  return isKnown && trimOptionalSpace(value).toLowerCase() === 'chunked' ? 'chunked' : undefined;
}

/** Whether a head that `readHead` has read is good in all else, too. */
export function isWellFormed(head: string): boolean {
  const method = WELL_FORMED.exec(head)?.[1];
  return method !== undefined && METHODS.includes(method);
}

/** Whether a trailer section, from the CRLF before its first field on, is well-formed and has no field that comes too late. */
export function areTrailers(trailers: string): boolean {
  return trailers === '\r\n' || (TRAILERS.test(trailers) && !TOO_LATE.test(trailers));
}

/** The target of a request line that may not be whole. */
export function targetOf(head: string): string {
  return /^[^ \r\n]* ([^ \r\n]*)/.exec(head)?.[1] ?? '';
}
