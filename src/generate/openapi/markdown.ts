/** A span of code, which is left as it is, or what has a meaning in Markdown outside of one. */
const CODE_OR_SPECIAL = /(`[^`]*`)|[<>*[\]\\]|(?<!\w)_|_(?!\w)/g;
/** From the beginning to the end of the first sentence, which may have code with dots in it. */
const FIRST_SENTENCE = /^(?:`[^`]*`|[^`])*?[.!?](?=\s|$)/;
const LIST_ITEM = /^(?:[-+]|\d+[.)]) /;

/** A comment as CommonMark: paragraphs in one line each, nothing of it read as markup but its code and lists. */
export function markdownOf(comment: string): string {
  return unwrap(comment).replaceAll(CODE_OR_SPECIAL, (found, code?: string) => code ?? `\\${found}`);
}

/** The first sentence of a comment as plain text, without the full stop. */
export function summaryOf(comment: string): string {
  const [paragraph = ''] = unwrap(comment).split('\n', 1);
  return (FIRST_SENTENCE.exec(paragraph)?.[0] ?? paragraph).replaceAll('`', '').replace(/\.$/, '');
}

/** What a comment says after its first sentence, as CommonMark; empty if nothing. */
export function restOf(comment: string): string {
  const text = unwrap(comment);
  const [paragraph = ''] = text.split('\n', 1);
  const sentence = FIRST_SENTENCE.exec(paragraph)?.[0] ?? paragraph;
  return markdownOf(text.slice(sentence.length).trim());
}

/** Paragraphs and list items of one line each. A path that was broken after a slash is whole again. */
function unwrap(comment: string): string {
  return comment
    .split(/\n\s*\n/)
    .map((paragraph) =>
      paragraph
        .split('\n')
        .map((line) => line.trim())
        .reduce((text, line) => (text === '' || text.endsWith('/') ? text + line : `${text}${LIST_ITEM.test(line) ? '\n' : ' '}${line}`), ''),
    )
    .join('\n\n')
    .trim();
}
