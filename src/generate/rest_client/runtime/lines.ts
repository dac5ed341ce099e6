/** How long a line may be, UTF-16 code units: what has no end is not to fill the memory. */
const LONGEST = 16 << 20;

/** The lines of a body in UTF-8, without their ends. Whoever stops reading cancels it. Throws an Error for a line that is too long, and for a body that ends within one. */
export async function* linesOf({ body }: Response): AsyncGenerator<string, undefined> {
  if (body === null) return undefined;
  // Not every browser can iterate over a ReadableStream itself.
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let begun: string[] = [];
  let length = 0;
  let isAtEnd = false;
  try {
    while (!isAtEnd) {
      const { done, value } = await reader.read();
      isAtEnd = done;
      const [first = '', ...others] = decoder.decode(value, { stream: !done }).split('\n');
      begun.push(first);
      length += first.length;
      if (length > LONGEST) throw new Error(`a line of the stream is longer than ${LONGEST} characters`);
      for (const next of others) {
        yield begun.join('');
        begun = [next];
        length = next.length;
      }
    }
  } finally {
    if (!isAtEnd) await reader.cancel().catch(() => {});
  }
  if (begun.some((piece) => piece !== '')) throw new Error('the stream has ended within a line');
  return undefined;
}
