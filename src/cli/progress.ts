import type { JsonObject } from '@bufbuild/protobuf';
import type { Context } from './context.ts';
import { widthOfTerminal } from './print.ts';
import { cutTo } from './text_width.ts';

/** Columns of a terminal. */
const MOST_OF_A_BAR = 40;
const USUAL_WIDTH = 80;
/** Without a terminal a line is written at each of so many percent. */
const STEP = 10;
/** Work that is done sooner shows nothing, and a guess before that would be a wild one. Milliseconds. */
const PATIENCE = 1000;

/** A line at the end of a terminal that is drawn over again, and erased when it is disposed of. */
class StatusLine implements Disposable {
  readonly #stderr: Context['stderr'];
  #shown = 0;

  constructor({ stderr }: Context) {
    this.#stderr = stderr;
  }

  /** Draws a text in place of the one before; it is cut where the terminal ends. */
  draw(text: string): void {
    const line = cutTo(text, this.width);
    this.#stderr.write(`\r${line}${' '.repeat(Math.max(0, this.#shown - line.length))}`);
    this.#shown = line.length;
  }

  /** Leaves the last column free, where some terminals begin a new line. */
  get width(): number {
    return (widthOfTerminal(this.#stderr) ?? USUAL_WIDTH) - 1;
  }

  [Symbol.dispose](): void {
    if (this.#shown > 0) this.#stderr.write(`\r${' '.repeat(this.#shown)}\r`);
    this.#shown = 0;
  }
}

/**
 * Follows answers with `done` and `total` to their end and returns the last one, empty if there was none. Shows how far
 * they are on stderr, unless `isQuiet`: a bar if that is a terminal, else lines.
 */
export async function showProgress(context: Context, isQuiet: boolean, answers: AsyncIterable<JsonObject>): Promise<JsonObject> {
  const isTerminal = context.stderr.isTTY === true;
  const begun = performance.now();
  using status = new StatusLine(context);
  let last: JsonObject = {};
  let told = -1;
  for await (const answer of answers) {
    last = answer;
    const [done, total] = [Number(answer['done']), Number(answer['total'])];
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    if (isQuiet || percent === told) continue;
    if (isTerminal) status.draw(barOf(status.width, percent, `${done} of ${total}${timeLeft(performance.now() - begun, done, total)}`));
    else if (Math.floor(percent / STEP) > Math.floor(told / STEP)) context.stderr.write(`${percent}%  ${done} of ${total}\n`);
    told = percent;
  }
  return last;
}

/** Awaits work of which nobody knows how far it is, and meanwhile tells a terminal what it is and for how long, unless `isQuiet`. */
export async function showWaiting<T>(context: Context, isQuiet: boolean, what: string, work: Promise<T>): Promise<T> {
  if (isQuiet || context.stderr.isTTY !== true) return work;
  const begun = performance.now();
  using status = new StatusLine(context);
  const timer = setInterval(() => status.draw(`${what}, ${secondsOf(performance.now() - begun)}`), PATIENCE);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

function barOf(width: number, percent: number, counts: string): string {
  const room = Math.max(0, Math.min(MOST_OF_A_BAR, width - counts.length - '[] 100% '.length));
  const full = Math.floor((room * percent) / 100);
  return `[${'#'.repeat(full)}${' '.repeat(room - full)}] ${String(percent).padStart(3)}% ${counts}`;
}

/** A guess by what was done so far, once that says something. */
function timeLeft(elapsed: number, done: number, total: number): string {
  if (elapsed < PATIENCE || done === 0 || done >= total) return '';
  return `, ${secondsOf((elapsed * (total - done)) / done)} left`;
}

function secondsOf(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
