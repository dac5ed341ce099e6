/** Writes bits as brotli has them: the lowest of a byte first (RFC 7932 section 1.5.1). */
class BitWriter {
  readonly #bytes: number[] = [];
  #bits = 0;
  #count = 0;

  get length(): number {
    return this.#bytes.length;
  }

  /** Pairs of a value and its bits. */
  put(...pairs: readonly (readonly [value: number, bits: number])[]): void {
    for (const [value, bits] of pairs) {
      for (let index = 0; index < bits; index += 1) {
        this.#bits |= ((value >>> index) & 1) << this.#count;
        this.#count += 1;
        if (this.#count === 8) this.#flush();
      }
    }
  }

  end(): Buffer {
    if (this.#count > 0) this.#flush();
    return Buffer.from(this.#bytes);
  }

  #flush(): void {
    this.#bytes.push(this.#bits);
    this.#bits = 0;
    this.#count = 0;
  }
}

const ONE_SYMBOL = [[1, 2], [0, 2]] as const;

/**
 * A well-formed stream of at most so many bytes that is as slow to decode as
 * was found: each of its meta-blocks is one literal with 256 block types, whose
 * context map of 16,384 entries goes through the inverse move-to-front transform
 * (section 7.3).
 */
export function slowBrotli(most: number): Buffer {
  const writer = new BitWriter();
  writer.put([0, 1]);
  while (writer.length < most - 1_000) putMetaBlock(writer);
  // The last one is empty.
  writer.put([3, 2]);
  return writer.end();
}

function putMetaBlock(writer: BitWriter): void {
  // One byte, not the last, compressed.
  writer.put([0, 1], [0, 2], [0, 16], [0, 1]);
  // 256 types of literal blocks, with a code of one symbol for types and one for counts; one type each for the others.
  writer.put([1, 1], [7, 3], [127, 7], ...ONE_SYMBOL, [0, 9], ...ONE_SYMBOL, [0, 5], [0, 2], [0, 1], [0, 1]);
  // No postfix, no direct distances, and a context mode for each type.
  writer.put([0, 6]);
  for (let type = 0; type < 256; type += 1) writer.put([0, 2]);
  // Two trees; the map to them is one run of zeros, and then transformed.
  writer.put([1, 1], [0, 3], [1, 1], [15, 4], ...ONE_SYMBOL, [14, 5], [0, 14], [1, 1]);
  writer.put([0, 1], ...ONE_SYMBOL, [0, 8], ...ONE_SYMBOL, [0, 8]);
  // One literal, and a copy that is not reached.
  writer.put(...ONE_SYMBOL, [8, 10], ...ONE_SYMBOL, [0, 6]);
}
