import type { Segment } from './template.ts';

/** What is registered for one path shape, by method. */
export type Leaf<T> = Map<string, T>;

/** A position in a template; each way on from it is one segment long, and `**` ends it. */
export interface TrieNode<T> {
  readonly literals: Map<string, TrieNode<T>>;
  any: TrieNode<T> | undefined;
  /** Templates that end here. */
  end: Leaf<T> | undefined;
  /** Templates that end here with `**`. */
  rest: Leaf<T> | undefined;
}

export function newNode<T>(): TrieNode<T> {
  return { literals: new Map(), any: undefined, end: undefined, rest: undefined };
}

/** The leaf of a template's shape, made if it is not there. A `rest` segment must be the last one. */
export function leafOf<T>(root: TrieNode<T>, segments: readonly Segment[]): Leaf<T> {
  let node = root;
  for (const segment of segments) {
    if (segment.kind === 'rest') return (node.rest ??= new Map());
    node = segment.kind === 'any' ? (node.any ??= newNode()) : literalChild(node, segment.text);
  }
  return (node.end ??= new Map());
}

function literalChild<T>(node: TrieNode<T>, text: string): TrieNode<T> {
  const child = node.literals.get(text) ?? newNode();
  node.literals.set(text, child);
  return child;
}

/**
 * Offers the leaves that match the decoded segments to `accept`, the most specific first (at each segment literal,
 * then `*`, then `**`), until it takes one. An empty segment matches only within `**`.
 *
 * Each node has one way leading to it, so a search visits a node once at most, and goes no deeper than the longest
 * template, however long and hostile the path is.
 *
 * @returns whether `accept` took a leaf.
 */
export function search<T>(
  node: TrieNode<T>,
  texts: readonly string[],
  accept: (leaf: Leaf<T>) => boolean,
  depth = 0,
): boolean {
  const text = texts[depth];
  if (text === undefined) {
    if (node.end !== undefined && accept(node.end)) return true;
  } else {
    const literal = node.literals.get(text);
    if (literal !== undefined && search(literal, texts, accept, depth + 1)) return true;
    if (text !== '' && node.any !== undefined && search(node.any, texts, accept, depth + 1)) return true;
  }
  return node.rest !== undefined && accept(node.rest);
}
