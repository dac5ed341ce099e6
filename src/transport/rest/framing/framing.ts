import { HEADERS_TOO_LARGE, MALFORMED, MOST_HEADER_BYTES, MOST_TARGET, TARGET_TOO_LONG } from './defect.ts';
import type { Defect } from './defect.ts';
import { areTrailers, isWellFormed, readHead, targetOf } from './head.ts';
import { Section } from './section.ts';

/** What the next byte belongs to. */
type Part = 'head' | 'blank_lf' | 'body' | 'size' | 'size_lf' | 'chunk' | 'chunk_cr' | 'chunk_lf' | 'trailers';

const CR = 0x0d;
const LF = 0x0a;
/** Empty lines before a request that are let pass (RFC 9112 section 2.2). */
const MOST_BLANK = 2;
/** Digits of a chunk's size, leading zeros included. */
const MOST_DIGITS = 8;
/** What one read may hold at most: node's parser takes a whole read of 64 KiB at once, and cannot be stopped in the middle of it. */
const MOST_AT_ONCE = { heads: 16, chunks: 512 };
const REFUSED = -1;

/**
 * Follows the bytes of a connection from request to request, for node's parser
 * lets pass what others read in another way: other protocols in the request
 * line, bare line ends before it, chunk extensions, sizes of any length,
 * trailers that name fields of framing. What it takes is framed in one way only,
 * and it keeps no more than one head.
 */
export class Framing {
  #part: Part = 'head';
  /** Bytes of the body or the chunk that are still to come. */
  #left = 0;
  #digits = 0;
  #blanks = 0;
  /** Whether the last request did. */
  #offersUpgrade = false;
  readonly #section = new Section(MOST_HEADER_BYTES);
  /** Why it takes no more. */
  defect: Defect | undefined;
  /** The target of the request that was refused, as far as it is known. */
  target = '/';
  /** Whether one read had so many requests or chunks that reading them would keep everybody waiting. */
  isTorrent = false;
  /** Whether bytes came in one read with a request that offers another protocol, and behind it: node's parser drops them, or not, by version and header. */
  isCut = false;

  /** Whether a request has begun that is not whole yet. */
  get isWithin(): boolean {
    return this.#part !== 'head' || this.#section.isBegun;
  }

  /** Follows one read. Returns where in it the bytes begin that are refused, or cut off; -1 if there are none. */
  follow(bytes: Buffer): number {
    if (this.defect !== undefined) return 0;
    let heads = 0;
    let chunks = 0;
    for (let at = 0; at < bytes.length; ) {
      const start = at;
      this.isCut = this.#offersUpgrade && this.#part === 'head' && at > 0;
      if (this.isCut) return at;
      if (this.#part === 'head') heads += 1;
      else if (this.#part === 'chunk') chunks += 1;
      this.isTorrent = heads > MOST_AT_ONCE.heads || chunks > MOST_AT_ONCE.chunks;
      at = this.isTorrent ? this.#refuse(MALFORMED) : this.#step(bytes, at);
      if (at === REFUSED) return start;
    }
    return -1;
  }

  /** Returns where the next part begins. */
  #step(bytes: Buffer, at: number): number {
    switch (this.#part) {
      case 'head':
        return this.#head(bytes, at);
      case 'body':
        return this.#skip(bytes, at, 'head');
      case 'size':
        return this.#size(bytes[at] ?? 0, at);
      case 'chunk':
        return this.#skip(bytes, at, 'chunk_cr');
      case 'trailers':
        return this.#trailers(bytes, at);
      default:
        return this.#lineEnd(bytes[at] ?? 0, at);
    }
  }

  #head(bytes: Buffer, at: number): number {
    if (!this.#section.isBegun && (bytes[at] === CR || bytes[at] === LF)) return this.#blank(bytes[at] === CR, at);
    const next = this.#section.take(bytes, at);
    if (next === Section.UNFINISHED) return bytes.length;
    const head = this.#section.release();
    if (next === Section.TOO_LARGE) {
      this.target = targetOf(head);
      return this.#refuse(this.target.length > MOST_TARGET ? TARGET_TOO_LONG : HEADERS_TOO_LARGE);
    }
    const read = readHead(head);
    // Of errors behind such an offer node's parser says nothing, up to the next good head.
    if (read === undefined || (this.#offersUpgrade && !isWellFormed(head))) return this.#refuse(MALFORMED);
    this.#blanks = 0;
    this.#offersUpgrade = read.offersUpgrade;
    if (read.body === 'chunked') return this.#begin('size', next);
    return this.#begin(read.body > 0 ? 'body' : 'head', next, read.body);
  }

  #blank(isCr: boolean, at: number): number {
    this.#blanks += 1;
    return isCr && this.#blanks <= MOST_BLANK ? this.#begin('blank_lf', at + 1) : this.#refuse(MALFORMED);
  }

  #size(byte: number, at: number): number {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      this.#digits += 1;
      this.#left = this.#left * 16 + digit;
      return this.#digits <= MOST_DIGITS ? at + 1 : this.#refuse(MALFORMED);
    }
    if (byte !== CR || this.#digits === 0) return this.#refuse(MALFORMED);
    this.#digits = 0;
    // The trailers begin with this line end, so that theirs is found in the same way where there are none.
    return this.#left === 0 ? this.#begin('trailers', at) : this.#begin('size_lf', at + 1, this.#left);
  }

  #trailers(bytes: Buffer, at: number): number {
    const next = this.#section.take(bytes, at);
    if (next === Section.UNFINISHED) return bytes.length;
    const trailers = this.#section.release();
    if (next === Section.TOO_LARGE) return this.#refuse(HEADERS_TOO_LARGE);
    return areTrailers(trailers) ? this.#begin('head', next) : this.#refuse(MALFORMED);
  }

  #skip(bytes: Buffer, at: number, part: Part): number {
    const size = Math.min(this.#left, bytes.length - at);
    this.#left -= size;
    return this.#left === 0 ? this.#begin(part, at + size) : at + size;
  }

  /** One byte of the line end behind an empty line, a size or a chunk. */
  #lineEnd(byte: number, at: number): number {
    switch (this.#part) {
      case 'chunk_cr':
        return byte === CR ? this.#begin('chunk_lf', at + 1) : this.#refuse(MALFORMED);
      case 'size_lf':
        return byte === LF ? this.#begin('chunk', at + 1, this.#left) : this.#refuse(MALFORMED);
      default:
        return byte === LF ? this.#begin(this.#part === 'chunk_lf' ? 'size' : 'head', at + 1) : this.#refuse(MALFORMED);
    }
  }

  #begin(part: Part, at: number, left = 0): number {
    this.#part = part;
    this.#left = left;
    return at;
  }

  #refuse(defect: Defect): number {
    this.defect = defect;
    return REFUSED;
  }
}

/** -1 for any other character. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
