import { cutTo, fold, foldAtBlanks, pad, widthOf } from './text_width.ts';

/**
 * A column, by the member that it shows. Where a table is too wide for the terminal, `wrap` folds its cells and `cut`
 * ends them in an ellipsis, which is for what another command shows whole; all others are left as they are, because
 * people copy what is in them.
 */
export interface Column {
  readonly name: string;
  readonly narrow: 'keep' | 'wrap' | 'cut';
}

/** Changes how a cell looks by what is in it, without changing its width. */
export type Paint = (line: string, cell: string) => string;

const GAP = '  ';
/** How narrow a column may become. */
const LEAST = 10;

export function keep(name: string): Column {
  return { name, narrow: 'keep' };
}

export function wrap(name: string): Column {
  return { name, narrow: 'wrap' };
}

export function cut(name: string): Column {
  return { name, narrow: 'cut' };
}

/** The lines of a table. None is wider than `width`, where it is given; undefined if that cannot be done. */
export function tableLines(columns: readonly Column[], rows: readonly (readonly string[])[], width: number | undefined, paint: Paint): string[] | undefined {
  const heads = columns.map(({ name }) => name.toUpperCase());
  const widths = widthsOf(columns, heads, rows, width === undefined ? Infinity : width - GAP.length * (columns.length - 1));
  if (widths === undefined) return undefined;
  const all = [heads.map((head) => ({ narrow: 'wrap' as const, cell: head })), ...rows.map((row) => row.map((cell, index) => ({ narrow: columns[index]?.narrow, cell })))];
  return all.flatMap((row) => {
    const cells = row.map(({ narrow, cell }, index) => ({ cell, lines: narrow === 'cut' ? [cutTo(cell, widths[index] ?? 0)] : fold(cell, widths[index] ?? 0) }));
    const height = Math.max(...cells.map(({ lines }) => lines.length));
    return Array.from({ length: height }, (_, line) => joined(cells.map(({ cell, lines }, index) => [lines[line] ?? '', widths[index] ?? 0, cell]), paint));
  });
}

/**
 * The lines of a record: a line a member, folded at blanks where the terminal is too narrow. A word that is wider than
 * its room gets a line of its own and stays whole, so that it can be copied even where the terminal folds it.
 */
export function recordLines(record: readonly (readonly [name: string, value: string])[], width: number | undefined, paint: Paint): string[] {
  const label = Math.max(...record.map(([name]) => widthOf(name))) + GAP.length;
  if (width === undefined) return record.map(([name, value]) => pad(name, label) + paint(value, value));
  const room = width - label < LEAST ? 0 : width - label;
  return record.flatMap(([name, value]) => memberLines(pad(name, label), foldAtBlanks(value, room === 0 ? width : room), room, (line) => paint(line, value)));
}

function memberLines(label: string, lines: readonly string[], room: number, paint: (line: string) => string): string[] {
  const below = lines.map((line) => (widthOf(line) > room ? '' : ' '.repeat(label.length)) + paint(line));
  const [first = '', ...rest] = below;
  return widthOf(lines[0] ?? '') > room ? [label.trimEnd(), ...below] : [label + first.trimStart(), ...rest];
}

/** How wide each column is, so that all together take no more; undefined if that cannot be done. */
function widthsOf(columns: readonly Column[], heads: readonly string[], rows: readonly (readonly string[])[], most: number): number[] | undefined {
  const cells = columns.map((_, index) => rows.reduce((widest, row) => Math.max(widest, widthOf(row[index] ?? '')), 0));
  const whole = heads.map((head, index) => Math.max(cells[index] ?? 0, head.length));
  // A long head may be folded behind its underscores. Then cells are cut, then folded.
  const headless = heads.map((head, index) => Math.max(cells[index] ?? 0, Math.min(head.length, Math.max(LEAST, ...head.split(/(?<=_)/).map((part) => part.length)))));
  const leastOf = (narrow: Column['narrow'], before: readonly number[]): number[] =>
    before.map((width, index) => (columns[index]?.narrow === narrow ? Math.min(width, LEAST) : width));
  let widths = whole;
  for (const least of [headless, leastOf('cut', headless), leastOf('wrap', leastOf('cut', headless))]) {
    widths = shrink(widths, least, most);
    if (sum(widths) <= most) return widths;
  }
  return undefined;
}

/** Takes from the widest column first, as long as it takes, down to the least width of each. */
function shrink(widths: readonly number[], least: readonly number[], most: number): number[] {
  const shrunk = [...widths];
  for (let excess = sum(shrunk) - most; excess > 0; excess -= 1) {
    let widest = -1;
    for (const [index, width] of shrunk.entries()) {
      if (width > (least[index] ?? 0) && width > (shrunk[widest] ?? 0)) widest = index;
    }
    if (widest === -1) break;
    shrunk[widest] = (shrunk[widest] ?? 0) - 1;
  }
  return shrunk;
}

function sum(widths: readonly number[]): number {
  return widths.reduce((all, width) => all + width, 0);
}

/** One line of a row. Nothing follows the last of its cells that has something in it. */
function joined(cells: readonly (readonly [line: string, width: number, cell: string])[], paint: Paint): string {
  const last = cells.findLastIndex(([line]) => line !== '');
  return cells
    .slice(0, last + 1)
    .map(([line, width, cell], index) => paint(line, cell) + (index === last ? '' : ' '.repeat(Math.max(0, width - widthOf(line)))))
    .join(GAP);
}
