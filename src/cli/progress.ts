import type { JsonObject } from '@bufbuild/protobuf';
import type { Context } from './context.ts';

const WIDTH = 40;
/** Without a terminal a line is written at each of so many percent. */
const STEP = 10;

/**
 * Follows answers with `done` and `total` to their end and returns the last one, empty if there was none. Shows how far
 * they are on stderr: a bar if that is a terminal, else lines, unless `isQuiet`.
 */
export async function showProgress({ stderr }: Context, isQuiet: boolean, answers: AsyncIterable<JsonObject>): Promise<JsonObject> {
  const isTerminal = stderr.isTTY === true;
  let last: JsonObject = {};
  let told = -1;
  try {
    for await (const answer of answers) {
      last = answer;
      const [done, total] = [Number(answer['done']), Number(answer['total'])];
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      if (percent === told || (!isTerminal && (isQuiet || Math.floor(percent / STEP) === Math.floor(told / STEP)))) continue;
      told = percent;
      stderr.write(isTerminal ? `\r${barOf(percent)} ${done} of ${total}` : `${percent}%  ${done} of ${total}\n`);
    }
    return last;
  } finally {
    if (isTerminal && told >= 0) stderr.write('\n');
  }
}

function barOf(percent: number): string {
  const full = Math.floor((WIDTH * percent) / 100);
  return `[${'#'.repeat(full)}${' '.repeat(WIDTH - full)}] ${String(percent).padStart(3)}%`;
}
