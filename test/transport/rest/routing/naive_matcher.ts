/**
 * Routes as structures, their text, and the rules of matching applied to every route in turn: slow, and written
 * without the code under test.
 */
export type Piece = { text: string } | '*' | '**';

/** Pieces that one variable takes, or that stand outside of any. */
export interface Part {
  variable: string | undefined;
  pieces: Piece[];
}

export interface NaiveRoute {
  method: string;
  parts: Part[];
  verb: string | undefined;
}

export type Outcome =
  | { route: NaiveRoute; values: string[] }
  | { allow: string[] };

export const piecesOf = (route: NaiveRoute): Piece[] => route.parts.flatMap((part) => part.pieces);

/** A template; a variable over a lone `*` is written without it. */
export function render(route: NaiveRoute): string {
  const parts = route.parts.map(({ variable, pieces }) => {
    const text = pieces.map((piece) => (typeof piece === 'string' ? piece : escape(piece.text))).join('/');
    if (variable === undefined) return text;
    return text === '*' ? `{${variable}}` : `{${variable}=${text}}`;
  });
  return `/${parts.join('/')}${route.verb === undefined ? '' : `:${escape(route.verb)}`}`;
}

/** Percent-encodes all but letters, digits and a few marks. */
export function escape(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`);
}

/** Equal for routes that no request can tell apart. */
export function shapeOf(route: NaiveRoute): string {
  return JSON.stringify([route.method, piecesOf(route), route.verb ?? null]);
}

/** What a well-formed target without a query leads to; a route of the method `standIn` serves where one of `method` is missing. */
export function naiveMatch(routes: readonly NaiveRoute[], method: string, target: string, standIn?: string): Outcome {
  const fitting = routes.flatMap((route) => {
    const segments = reading(route.verb, target.slice(1).split('/'));
    return segments !== undefined && fits(piecesOf(route), segments) ? [{ route, segments }] : [];
  });
  const methods = [method, standIn, '*'];
  const rankOf = (route: NaiveRoute): string => `${rank(route)} ${methods.indexOf(route.method)}`;
  const [best] = fitting
    .filter(({ route }) => methods.includes(route.method))
    .toSorted((a, b) => (rankOf(a.route) < rankOf(b.route) ? -1 : 1));
  if (best === undefined) return { allow: [...new Set(fitting.map(({ route }) => route.method))].toSorted() };
  return { route: best.route, values: valuesOf(best.route, best.segments) };
}

/** The segments that are left for the pieces, if the target can be read with the verb. */
function reading(verb: string | undefined, segments: string[]): string[] | undefined {
  if (verb === undefined) return segments;
  const cut = /^(.*):([^:]*)$/.exec(segments.at(-1) ?? '');
  if (cut === null || decodeURIComponent(cut[2] ?? '') !== verb) return undefined;
  return [...segments.slice(0, -1), cut[1] ?? ''];
}

function fits([piece, ...pieces]: Piece[], [segment, ...segments]: string[]): boolean {
  if (piece === '**') return true;
  if (piece === undefined || segment === undefined) return piece === segment;
  const here = piece === '*' ? segment !== '' : decodeURIComponent(segment) === piece.text;
  return here && fits(pieces, segments);
}

/** Sorts before that of a less specific route for the same request; the end of a template counts as a literal. */
function rank(route: NaiveRoute): string {
  const kinds = piecesOf(route).map((piece) => (typeof piece === 'string' ? 1 + piece.length : 1));
  const path = kinds.join('').padEnd(20, '1');
  return `${route.verb === undefined ? 2 : 1} ${path}`;
}

/** The values of the variables, in the order of the template. */
function valuesOf(route: NaiveRoute, segments: string[]): string[] {
  const values: string[] = [];
  let start = 0;
  for (const { variable, pieces } of route.parts) {
    const end = pieces.includes('**') ? segments.length : start + pieces.length;
    const taken = segments.slice(start, end);
    const whole = pieces.length === 1 && pieces[0] !== '**';
    const decoded = taken.map((each) => (whole ? decodeURIComponent(each) : keepSlashes(each)));
    if (variable !== undefined) values.push(decoded.join('/'));
    start = end;
  }
  return values;
}

function keepSlashes(segment: string): string {
  return segment
    .split(/(%2F|%2f)/)
    .map((piece, at) => (at % 2 === 1 ? piece : decodeURIComponent(piece)))
    .join('');
}
