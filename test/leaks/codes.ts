import type { Haystack } from './needles.ts';

/**
 * Where codes of six digits are found: as numbers of their own, or as hex or base64. By chance one such number stands in a
 * place, as the number of a process does; two of the codes do not.
 */
export function findCodes(codes: readonly string[], haystacks: readonly Haystack[]): string[] {
  if (codes.length < 2) throw new Error('one code alone may be found by chance');
  return haystacks.flatMap(({ place, text }) => {
    const shown = codes.filter((code) => text.includes(code) && new RegExp(`(?<![\\w.+-])${code}(?![\\w:-]|\\.\\d)`).test(text));
    const encoded = codes.some((code) => text.includes(Buffer.from(code).toString('hex')) || text.includes(Buffer.from(code).toString('base64')));
    return shown.length > 1 || encoded ? [`codes in ${place}`] : [];
  });
}
