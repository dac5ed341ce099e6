/** The lines of a body in UTF-8, without their ends. Whoever stops reading cancels it. Throws an Error for a body that ends within a line. */
export async function* linesOf({ body }: Response): AsyncGenerator<string, undefined> {
  if (body === null) return undefined;
  // Not every browser can iterate over a ReadableStream itself.
  const reader = body.getReader();
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let begun: string[] = [];
  let isAtEnd = false;
  try {
    while (!isAtEnd) {
      const { done, value } = await reader.read();
      isAtEnd = done;
      const [first = '', ...others] = decoder.decode(value, { stream: !done }).split('\n');
      begun.push(first);
      for (const next of others) {
        yield begun.join('');
        begun = [next];
      }
    }
  } finally {
    if (!isAtEnd) await reader.cancel().catch(() => {});
  }
  if (begun.some((piece) => piece !== '')) throw new Error('the stream has ended within a line');
  return undefined;
}
