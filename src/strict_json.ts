import { parseByEngine } from './engine_json.ts';

/** Why a text is not strict JSON. The message names the rule and the offset, never any of the text. */
export class StrictJsonError extends Error {
  override readonly name = 'StrictJsonError';

  constructor(reason: string, offset: number) {
    super(`${reason} at offset ${offset}`);
  }
}

const MAX_DEPTH = 64;
const EXACT_DIGITS = 15;

/** Finds what a string cannot hold as it stands: all but `unescaped` of RFC 8259 section 7, in UTF-16 units. */
const SPECIAL = /[^ !#-[\]-\uffff]/;

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const UPPER_E = 0x45;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses exactly one JSON value (RFC 8259), more strictly than `JSON.parse`.
 *
 * Refused on top of the grammar: bytes that are not UTF-8, a byte order mark, arrays and objects nested deeper than
 * `limits.depth` (64 unless told), two members of one object whose names are equal after unescaping (at any depth),
 * surrogates without their partner (escaped or not), and numbers too large for a double. White space may surround the
 * value; nothing else may follow it. A member named `__proto__` becomes an ordinary own property.
 *
 * Time and memory are linear in the input; the caller bounds its size. Objects and arrays of the result are plain.
 *
 * @throws StrictJsonError for every input that is refused; nothing else is thrown.
 */
export function parseStrictJson(input: Uint8Array | string, limits: { depth?: number } = {}): unknown {
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  if (!text.isWellFormed()) throw new StrictJsonError('unpaired surrogate', 0);
  const depth = limits.depth ?? MAX_DEPTH;
  // It knows of faults only that there are some.
  return parseByEngine(text, depth) ?? new Scanner(text, depth).document();
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new StrictJsonError('not UTF-8', 0);
  }
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #depthLeft: number;

  constructor(text: string, depth: number) {
    this.#text = text;
    this.#depthLeft = depth;
  }

  document(): unknown {
    const value = this.#value(this.#next());
    this.#next();
    if (this.#at < this.#text.length) throw this.#fault('something after the value');
    return value;
  }

  #fault(reason: string): StrictJsonError {
    return new StrictJsonError(reason, this.#at);
  }

  /** Skips white space and shows the code unit after it, NaN at the end. */
  #next(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.#at += 1;
    }
  }

  #value(code: number): unknown {
    switch (code) {
      case QUOTE: return this.#string();
      case OPEN_BRACE: return this.#object();
      case OPEN_BRACKET: return this.#array();
      case LOWER_T: return this.#word('true', true);
      case LOWER_F: return this.#word('false', false);
      case LOWER_N: return this.#word('null', null);
      default: return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) throw this.#fault('value expected');
    this.#at += word.length;
    return value;
  }

  #array(): unknown[] {
    const array: unknown[] = [];
    this.#list(CLOSE_BRACKET, (code) => array.push(this.#value(code)));
    return array;
  }

  #object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.#list(CLOSE_BRACE, (code) => this.#member(object, code));
    return object;
  }

  /** Reads items parted by commas up to the closing mark; `item` is given the code unit that the item starts with. */
  #list(close: number, item: (code: number) => void): void {
    if (this.#depthLeft <= 0) throw this.#fault('nested too deeply');
    this.#depthLeft -= 1;
    this.#at += 1;
    let code = this.#next();
    while (code !== close) {
      item(code);
      code = this.#next();
      if (code === close) break;
      if (code !== COMMA) throw this.#fault('comma or closing mark expected');
      this.#at += 1;
      code = this.#next();
      if (code === close) throw this.#fault('value expected');
    }
    this.#at += 1;
    this.#depthLeft += 1;
  }

  #member(object: Record<string, unknown>, code: number): void {
    if (code !== QUOTE) throw this.#fault('member name expected');
    const name = this.#string();
    // One look-up answers both questions: a duplicate, or a name such as __proto__ that plain assignment would misuse.
    const known = name in object;
    if (known && Object.hasOwn(object, name)) throw this.#fault('duplicate member');
    if (this.#next() !== COLON) throw this.#fault('colon expected');
    this.#at += 1;
    const value = this.#value(this.#next());
    if (known) Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    else object[name] = value;
  }

  #string(): string {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    if (end < 0) return this.#badString();
    const value = this.#text.slice(start, end);
    if (SPECIAL.test(value)) return this.#escapedString();
    this.#at = end + 1;
    return value;
  }

  /** Finds the end of a string that has escapes and leaves unescaping, and control characters, to the engine. */
  #escapedString(): string {
    const text = this.#text;
    let end = this.#at + 1;
    for (let code = text.charCodeAt(end); code !== QUOTE; code = text.charCodeAt(end)) {
      if (Number.isNaN(code)) return this.#badString();
      end += code === BACKSLASH ? 2 : 1;
    }
    const value = this.#unescape(text.slice(this.#at, end + 1));
    if (!value.isWellFormed()) throw this.#fault('unpaired surrogate');
    this.#at = end + 1;
    return value;
  }

  #unescape(literal: string): string {
    try {
      return String(JSON.parse(literal));
    } catch {
      // The engine's error quotes the text, so it is not passed on as a cause.
      return this.#badString();
    }
  }

  #badString(): never {
    throw this.#fault('bad string');
  }

  #number(): number {
    const text = this.#text;
    const start = this.#at;
    const negative = text.charCodeAt(start) === MINUS;
    if (negative) this.#at += 1;
    const whole = text.charCodeAt(this.#at) === ZERO ? this.#zero() : this.#digits();
    const integerEnd = this.#at;
    this.#fraction();
    this.#exponent();
    if (this.#at === integerEnd && integerEnd - start <= EXACT_DIGITS) return negative ? -whole : whole;
    const value = Number(text.slice(start, this.#at));
    if (!Number.isFinite(value)) throw this.#fault('number too large');
    return value;
  }

  #zero(): number {
    this.#at += 1;
    return 0;
  }

  #fraction(): void {
    if (this.#text.charCodeAt(this.#at) !== DOT) return;
    this.#at += 1;
    this.#digits();
  }

  #exponent(): void {
    const letter = this.#text.charCodeAt(this.#at);
    if (letter !== LOWER_E && letter !== UPPER_E) return;
    this.#at += 1;
    const sign = this.#text.charCodeAt(this.#at);
    if (sign === PLUS || sign === MINUS) this.#at += 1;
    this.#digits();
  }

  /** Skips at least one digit. The sum is exact for EXACT_DIGITS digits and of no use beyond. */
  #digits(): number {
    const start = this.#at;
    let sum = 0;
    for (;;) {
      const digit = this.#text.charCodeAt(this.#at) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      sum = sum * 10 + digit;
      this.#at += 1;
    }
    if (this.#at === start) throw this.#fault('value expected');
    return sum;
  }
}
