import { percentDecode } from './target.ts';

/** One segment of a path template; a literal's text is percent-decoded. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** `*`: exactly one segment, not empty. */
  | { readonly kind: 'any' }
  /** `**`: zero or more segments, empty ones included; always the last. */
  | { readonly kind: 'rest' };

/** A variable and the template segments that it takes: from `start` up to and without `end`. */
export interface Variable {
  /** The field path, as written: `thing.id`. */
  readonly path: string;
  readonly start: number;
  readonly end: number;
  /** Whether its value can hold slashes: its template has more than one segment, or a `**`. */
  readonly multiSegment: boolean;
}

/** A parsed path template. The segments inside of variables are listed among the others. */
export interface Template {
  readonly segments: readonly Segment[];
  /** In the order in which they were written; no path occurs twice. */
  readonly variables: readonly Variable[];
  /** Percent-decoded, never empty. */
  readonly verb: string | undefined;
}

/** A route that cannot be served; the message names the route and the reason. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  /** The message without the route. */
  readonly reason: string;

  constructor(route: string, reason: string) {
    super(`${route}: ${reason}`);
    this.reason = reason;
  }
}

const FIELD_PATH = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** All but what may stand raw in a literal: RFC 3986 `pchar`, less the `:` and `*` that templates use. */
const NOT_LITERAL = /[^A-Za-z0-9\-._~!$&'()+,;=@%]/u;

const SEGMENT_END = /[/{}:]|$/;
const FIELD_PATH_END = /[=}]|$/;

/**
 * Parses a path template of google/api/http.proto ("Path template syntax"):
 *
 *     Template = "/" Segments [ Verb ] ;
 *     Segments = Segment { "/" Segment } ;
 *     Segment  = "*" | "**" | LITERAL | Variable ;
 *     Variable = "{" FieldPath [ "=" Segments ] "}" ;
 *     FieldPath = IDENT { "." IDENT } ;
 *     Verb     = ":" LITERAL ;
 *
 * A literal is made of the unreserved characters, `!$&'()+,;=@` and percent-escapes (RFC 3986 section 3.3) that decode
 * to UTF-8 without NUL. A raw `:` begins the verb and so stands nowhere else; write `%3A`, and `%2A` for an asterisk.
 *
 * @throws RouteError for anything else: a `**` that is not last, a variable within a variable or bound twice, an empty
 *   segment (the root path and a trailing slash too), an empty verb, a verb with a `:`.
 */
export function parseTemplate(template: string): Template {
  return new TemplateParser(template).parse();
}

class TemplateParser {
  readonly #text: string;
  readonly #segments: Segment[] = [];
  readonly #variables: Variable[] = [];
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Template {
    if (!this.#take('/')) this.#fail('it must start with "/"');
    this.#parseSegments(() => this.#parseSegmentOrVariable());
    const verb = this.#take(':') ? this.#parseVerb() : undefined;
    if (this.#position < this.#text.length) this.#failUnexpected();
    this.#checkRestIsLast();
    return { segments: this.#segments, variables: this.#variables, verb };
  }

  #parseSegments(parseOne: () => void): void {
    do parseOne();
    while (this.#take('/'));
  }

  #parseSegmentOrVariable(): void {
    if (this.#take('{')) this.#parseVariable();
    else this.#parseSegment();
  }

  #parseSegment(): void {
    const text = this.#readUntil(SEGMENT_END);
    if (text === '*') this.#segments.push({ kind: 'any' });
    else if (text === '**') this.#segments.push({ kind: 'rest' });
    else if (text !== '') this.#segments.push({ kind: 'literal', text: this.#decodeLiteral(text) });
    else if (this.#text[this.#position] === '{') this.#fail('a variable cannot hold another one');
    else this.#fail(`a segment is empty at position ${this.#position}`);
  }

  #parseVariable(): void {
    const path = this.#readUntil(FIELD_PATH_END);
    if (!FIELD_PATH.test(path)) this.#fail(`"${path}" is not a field path`);
    if (this.#variables.some((variable) => variable.path === path)) this.#fail(`{${path}} is bound twice`);
    const start = this.#segments.length;
    if (this.#take('=')) this.#parseSegments(() => this.#parseSegment());
    else this.#segments.push({ kind: 'any' });
    if (!this.#take('}')) this.#failUnexpected();
    const end = this.#segments.length;
    const multiSegment = end - start > 1 || this.#segments[start]?.kind === 'rest';
    this.#variables.push({ path, start, end, multiSegment });
  }

  #parseVerb(): string {
    const text = this.#text.slice(this.#position);
    if (text === '') this.#fail('the verb is empty');
    this.#position = this.#text.length;
    return this.#decodeLiteral(text);
  }

  #decodeLiteral(text: string): string {
    const misplaced = NOT_LITERAL.exec(text)?.[0];
    if (misplaced !== undefined) this.#fail(`"${misplaced}" cannot stand raw in "${text}"`);
    return percentDecode(text) ?? this.#fail(`"${text}" has an escape that is malformed, not UTF-8 or NUL`);
  }

  #checkRestIsLast(): void {
    const rest = this.#segments.findIndex((segment) => segment.kind === 'rest');
    if (rest !== -1 && rest !== this.#segments.length - 1) this.#fail('"**" must be the last segment');
  }

  #take(character: string): boolean {
    const found = this.#text[this.#position] === character;
    if (found) this.#position += 1;
    return found;
  }

  #readUntil(end: RegExp): string {
    const start = this.#position;
    this.#position += this.#text.slice(start).search(end);
    return this.#text.slice(start, this.#position);
  }

  #failUnexpected(): never {
    const character = this.#text[this.#position];
    const found = character === undefined ? 'the end' : `"${character}"`;
    return this.#fail(`${found} is unexpected at position ${this.#position}`);
  }

  #fail(reason: string): never {
    throw new RouteError(`template "${this.#text}"`, reason);
  }
}
