import { percentDecodeExceptSlash, splitTarget, splitVerb } from './target.ts';
import type { Path } from './target.ts';
import { RouteError, parseTemplate } from './template.ts';
import type { Template, Variable } from './template.ts';
import { leafOf, newNode, search } from './trie.ts';
import type { Leaf, TrieNode } from './trie.ts';

/** A method (an HTTP token, compared exactly, or `*` for any) and a path template of google/api/http.proto. */
export interface RouteSpec {
  readonly method: string;
  readonly template: string;
}

export type Match =
  /** `index` is the route's index in the compiled list; `variables` maps field paths to decoded text. */
  | { kind: 'match'; index: number; variables: Record<string, string> }
  | { kind: 'not_found' }
  /** `allow` is the sorted, unique methods of all routes that match the path. */
  | { kind: 'method_not_allowed'; allow: string[] }
  | { kind: 'bad_request' };

export interface Routes {
  /**
   * Finds the route of a request by its method and its raw target (RFC 9112 section 3.2.1), path and query.
   *
   * - Segments compare after one percent-decoding of both sides, case-sensitively; nothing else is normalised.
   * - Literal wins over `*`, `*` over `**`, segment by segment, whatever the order of the routes; a route with the
   *   request's method wins over a `*` route of the same shape.
   * - `*` takes one segment that is not empty, `**` takes zero or more of any kind.
   * - Routes with the verb after the last raw colon of the path win over those that take the colon as text.
   * - A variable of one segment is decoded wholly; one of several segments keeps `%2F` and `%2f` as written.
   * - A malformed path is `bad_request` whatever the routes are; the query is only checked for raw characters that no
   *   target may hold.
   *
   * The work is bounded by the length of the target and the size of the route set. HEAD and OPTIONS get no treatment
   * of their own.
   */
  match(method: string, rawTarget: string): Match;
}

/** What keeps one route of a list from being served. */
export interface RouteFault {
  readonly index: number;
  /** The index of the route before it that takes the same requests, if that is the fault. */
  readonly twin: number | undefined;
  readonly error: RouteError;
}

interface Route {
  readonly index: number;
  readonly source: string;
  readonly template: Template;
}

type Trie = TrieNode<Route>;

interface Tries {
  /** Routes without a verb. */
  readonly plain: Trie;
  readonly byVerb: Map<string, Trie>;
}

const ANY_METHOD = '*';

/** RFC 9110 section 5.6.2; `*` is one too. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Compiles routes for matching; the list may be changed afterwards.
 *
 * @throws RouteError for an invalid template or method, and for two routes with the same method and the same shape:
 *   equal decoded literals, wildcards in the same places and the same verb, whatever the variables are called.
 */
export function compileRoutes(routes: readonly RouteSpec[]): Routes {
  const table = new RouteTable(routes);
  const [fault] = table.faults;
  if (fault !== undefined) throw fault.error;
  return { match: (method, rawTarget) => table.match(method, rawTarget) };
}

/** As `compileRoutes`, for callers that want all faults at once, and the treatment of HEAD that HTTP asks for. */
export class RouteTable {
  /** Of the routes that it does not serve, in their order. */
  readonly faults: readonly RouteFault[];
  readonly #tries: Tries = { plain: newNode(), byVerb: new Map() };

  constructor(routes: readonly RouteSpec[]) {
    this.faults = routes.flatMap((spec, index) => addRoute(this.#tries, spec, index) ?? []);
  }

  /**
   * As `Routes.match`. Where a shape has no route of the method, one of the method `standIn` serves the request,
   * before one of `*`: HEAD is answered as GET is.
   */
  match(method: string, rawTarget: string, standIn?: string): Match {
    const target = splitTarget(rawTarget);
    if (target === undefined) return { kind: 'bad_request' };
    const wanted = { method, standIn };
    const allow = new Set<string>();
    const match = matchVerb(this.#tries, target, wanted, allow) ?? matchPath(this.#tries.plain, target, wanted, allow);
    if (match !== undefined) return match;
    return allow.size === 0 ? { kind: 'not_found' } : { kind: 'method_not_allowed', allow: [...allow].toSorted() };
  }
}

function addRoute(tries: Tries, { method, template: source }: RouteSpec, index: number): RouteFault | undefined {
  const fault = (error: RouteError, twin?: number): RouteFault => ({ index, twin, error });
  if (!TOKEN.test(method)) return fault(new RouteError(`template "${source}"`, `"${method}" is not a method`));
  let template: Template;
  try {
    template = parseTemplate(source);
  } catch (error) {
    if (error instanceof RouteError) return fault(error);
    throw error;
  }
  const leaf = leafOf(trieOf(tries, template.verb), template.segments);
  const twin = leaf.get(method);
  if (twin !== undefined) {
    return fault(new RouteError(`${method} "${source}"`, `matches the same requests as "${twin.source}"`), twin.index);
  }
  leaf.set(method, { index, source, template });
  return undefined;
}

function trieOf(tries: Tries, verb: string | undefined): Trie {
  if (verb === undefined) return tries.plain;
  const trie = tries.byVerb.get(verb) ?? newNode();
  tries.byVerb.set(verb, trie);
  return trie;
}

/** The methods whose routes serve a request, the first before the second. */
interface Wanted {
  readonly method: string;
  readonly standIn: string | undefined;
}

function matchVerb({ byVerb }: Tries, target: Path, wanted: Wanted, allow: Set<string>): Match | undefined {
  const path = byVerb.size === 0 ? undefined : splitVerb(target);
  const trie = path && byVerb.get(path.verb);
  return trie && matchPath(trie, path, wanted, allow);
}

/** Adds the methods of the routes that match the path to `allow` as long as none has the method. */
function matchPath(trie: Trie, path: Path, wanted: Wanted, allow: Set<string>): Match | undefined {
  let found: Route | undefined;
  search(trie, path.texts, (leaf) => {
    found = routeOf(leaf, wanted);
    if (found === undefined) for (const other of leaf.keys()) allow.add(other);
    return found !== undefined;
  });
  return found && { kind: 'match', index: found.index, variables: variablesOf(found.template, path) };
}

function routeOf(leaf: Leaf<Route>, { method, standIn }: Wanted): Route | undefined {
  return leaf.get(method) ?? (standIn === undefined ? undefined : leaf.get(standIn)) ?? leaf.get(ANY_METHOD);
}

function variablesOf({ segments, variables }: Template, path: Path): Record<string, string> {
  // Unlike an assignment, fromEntries makes an own property of a variable called __proto__ too.
  return Object.fromEntries(
    variables.map((variable) => {
      // A variable at the end takes all that is left: with a "**" that is not the number of its own segments.
      const end = variable.end === segments.length ? path.raw.length : variable.end;
      return [variable.path, valueOf(variable, path, end)];
    }),
  );
}

function valueOf(variable: Variable, { raw, texts }: Path, end: number): string {
  // Neither is ever undefined: a match has the segment, and splitTarget has decoded them all.
  if (!variable.multiSegment) return texts[variable.start] ?? '';
  return percentDecodeExceptSlash(raw.slice(variable.start, end).join('/')) ?? '';
}
