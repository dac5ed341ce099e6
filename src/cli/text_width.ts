import stringWidth from 'string-width';

const ASCII = /^[ -~]*$/;

const SEGMENTER = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** A line may end behind these, but not within numbers, and within a time before its T. */
const BREAK = /[ _/,;=](?=.)|[-.:](?=[^\d])|(?<=\d)(?=T\d)/gs;

/** How many columns of a terminal a text takes that has no control characters. */
export function widthOf(text: string): number {
  return ASCII.test(text) ? text.length : stringWidth(text);
}

/** Fills a text with blanks up to a width. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** A text that is no wider than 3 or more columns, with an ellipsis in the place of what is gone. */
export function cutTo(text: string, width: number): string {
  return widthOf(text) <= width ? text : `${headOf(text, width - 1)}…`;
}

/** The lines of a text, none of them wider than 2 or more columns. They end between words where that is possible, else anywhere. */
export function fold(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (widthOf(rest) > width) {
    const head = headOf(rest, width);
    const end = lastBreak(rest, head.length) ?? head.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** The lines of a text that ends them at blanks alone: a word that is wider stays whole, so that it can be copied. */
export function foldAtBlanks(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line === '') line = word;
    else if (widthOf(line) + 1 + widthOf(word) <= width) line += ` ${word}`;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** As many whole characters as there is room for, and at least one. */
function headOf(text: string, width: number): string {
  let head = '';
  let taken = 0;
  for (const { segment } of SEGMENTER.segment(text)) {
    taken += widthOf(segment);
    if (taken > width && head !== '') break;
    head += segment;
  }
  return head;
}

/** Where the last line that is no longer than `most` code units may end. */
function lastBreak(text: string, most: number): number | undefined {
  if (text[most] === ' ') return most;
  let last: number | undefined;
  for (const { index, 0: separator } of text.slice(0, most + 1).matchAll(BREAK)) last = index + separator.length;
  return last === 0 || (last !== undefined && last > most) ? undefined : last;
}
