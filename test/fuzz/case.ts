import { write } from './corpus.ts';
import type { Draft } from './corpus.ts';
import { mutateDraft, mutateLines, mutateText } from './mutate.ts';
import { Random } from './random.ts';

/** What one connection sends. */
export interface FuzzCase {
  /** In the pieces in which they are written. */
  readonly pieces: readonly Buffer[];
  /** Where the last request begins in all its bytes. */
  readonly last: number;
  /** Requests, the last one not counted. */
  readonly requests: number;
  /** Whether nothing is wrong in form, so that each request has an answer. */
  readonly isWhole: boolean;
}

const MOST_REQUESTS = 5;
/** Follows all others, so that the end of a connection is never left open. */
const LAST = 'GET /echo/last HTTP/1.1\r\nHost: fuzz\r\nConnection: close\r\n\r\n';

/** Makes a request as a good client sends it. */
export type Drawer = (random: Random) => Draft;

/** The case of a seed. */
export function caseOf(seed: number, draw: Drawer): FuzzCase {
  const random = new Random(seed);
  const requests = 1 + random.below(MOST_REQUESTS);
  const isWhole = random.oneIn(8);
  let text = '';
  for (let count = 0; count < requests; count += 1) text += requestOf(random, draw, isWhole);
  if (!isWhole && random.oneIn(4)) text = mutateText(random, text);
  const bytes = Buffer.from(text + LAST, 'latin1');
  return { pieces: piecesOf(random, bytes), last: text.length, requests, isWhole };
}

function requestOf(random: Random, draw: Drawer, isWhole: boolean): string {
  const draft = draw(random);
  if (isWhole || random.oneIn(3)) return write(draft);
  for (let count = random.below(3); count > 0; count -= 1) mutateDraft(random, draft);
  let text = write(draft);
  for (let count = random.below(3); count > 0; count -= 1) text = mutateLines(random, text);
  for (let count = random.below(3); count > 0; count -= 1) text = mutateText(random, text);
  return text;
}

/** Half of them in one piece. */
function piecesOf(random: Random, bytes: Buffer): Buffer[] {
  if (random.oneIn(2)) return [bytes];
  const cuts = Array.from({ length: random.below(6) }, () => random.below(bytes.length)).toSorted((a, b) => a - b);
  const pieces: Buffer[] = [];
  let start = 0;
  for (const cut of [...cuts, bytes.length]) {
    if (cut > start) pieces.push(bytes.subarray(start, cut));
    start = cut;
  }
  return pieces;
}
