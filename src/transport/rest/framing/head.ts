/** How the body of a request is delimited. */
export type BodyFraming = number | 'chunked';

/** RFC 9112 section 3: a method, a target of visible ASCII and a version, one space between them. */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+ HTTP\/1\.([01])\r\n/;
/** Its value is left to be trimmed. */
const FRAMING_HEADER = /\r\n(content-length|transfer-encoding):([^\r]*)/gi;
/** Largest bodies are far below; a number of this length is still exact. */
const LENGTH = /^[0-9]{1,15}$/;
const OPTIONAL_SPACE = /^[ \t]+|[ \t]+$/g;
/**
 * Fields that say where a message ends, where it goes, who sends it or how its
 * content is to be read: they come too late in a trailer (RFC 9110 section 6.5.1).
 */
const TOO_LATE =
  /\r\n(?:content-[^:\r]*|transfer-encoding|host|connection|keep-alive|proxy-[^:\r]*|te|trailer|upgrade|expect|authorization|cookie|set-cookie|max-forwards|grpc-[^:\r]*):/i;

/**
 * How the body of a request is framed, from its head as it was sent, up to and
 * with the CRLF of its last header. Undefined if it is to be refused: it has
 * another form of request line, CONNECT, both framings, one of them twice, any
 * coding but `chunked`, or a length that is not of 1 to 15 digits.
 */
export function framingOf(head: string): BodyFraming | undefined {
  const line = REQUEST_LINE.exec(head);
  if (line === null || head.startsWith('CONNECT ')) return undefined;
  FRAMING_HEADER.lastIndex = 0;
  const header = FRAMING_HEADER.exec(head);
  if (header === null) return 0;
  if (FRAMING_HEADER.exec(head) !== null) return undefined;
  const [, name = '', sent = ''] = header;
  const value = sent.replaceAll(OPTIONAL_SPACE, '');
  // "content-length" is the shorter one.
  if (name.length === 14) return LENGTH.test(value) ? Number(value) : undefined;
  return line[1] === '1' && value.toLowerCase() === 'chunked' ? 'chunked' : undefined;
}

/** Whether a trailer section, from the CRLF before its first field on, has fields that must not be there. */
export function hasLateField(trailers: string): boolean {
  return TOO_LATE.test(trailers);
}

/** The target of a request line that may not be whole. */
export function targetOf(head: string): string {
  return /^[^ \r\n]* ([^ \r\n]*)/.exec(head)?.[1] ?? '';
}
