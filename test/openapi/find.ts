import { operationsOf } from './document.ts';
import type { Document, Placed } from './document.ts';

interface Known {
  readonly placed: Placed;
  readonly pattern: RegExp;
}

/** Finds the operation of a request by its method and raw target; HEAD is what GET is. */
export class Operations {
  readonly #known: readonly Known[];

  constructor(document: Document) {
    // What has fewer parameters is more specific.
    const all = operationsOf(document).toSorted((a, b) => a.path.split('{').length - b.path.split('{').length);
    this.#known = all.map((placed) => ({ placed, pattern: patternOf(placed.path) }));
  }

  get count(): number {
    return this.#known.length;
  }

  find(method: string, target: string): Placed | undefined {
    const path = decoded(target.split('?', 1)[0] ?? '');
    return path === undefined ? undefined : this.#known.find(({ placed, pattern }) => placed.verb === (method === 'HEAD' ? 'GET' : method) && pattern.test(path))?.placed;
  }
}

/** A segment that is a parameter is not empty; that before a verb has no colon of its own but an escaped one. */
function patternOf(path: string): RegExp {
  const parts = path.split(/(\{[^}]*\})/).map((part) => (part.startsWith('{') ? '[^/]+' : part.replaceAll(/[^\w/]/g, String.raw`\$&`)));
  return new RegExp(`^${parts.join('')}$`, 's');
}

/** The path with each segment decoded once, so that a slash or a colon in it is none; undefined if it is malformed. */
function decoded(path: string): string | undefined {
  try {
    return path
      .split('/')
      .map((segment) => decodeURIComponent(segment.replaceAll(/%3A/gi, '%E2%88%B6')).replaceAll('/', '\u2215'))
      .join('/');
  } catch {
    return undefined;
  }
}
