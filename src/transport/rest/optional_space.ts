/**
 * A text without the optional white space around it (RFC 9110 section 5.6.3). A pattern for its end would try each run of
 * white space within, in a time that grows with the square of its length.
 */
export function trimOptionalSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text, start)) start += 1;
  while (end > start && isSpace(text, end - 1)) end -= 1;
  return text.slice(start, end);
}

function isSpace(text: string, index: number): boolean {
  return text[index] === ' ' || text[index] === '\t';
}
