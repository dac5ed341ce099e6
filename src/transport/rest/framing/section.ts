const END = '\r\n\r\n';

/** Collects the bytes of a head, or of a trailer section, up to the empty line at its end, over as many reads as they take. */
export class Section {
  static readonly UNFINISHED = -1;
  static readonly TOO_LARGE = -2;
  readonly #most: number;
  #kept: Buffer | undefined;
  #size = 0;
  #text = '';

  /** `most`: how many bytes it may have, with the empty line. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether there are bytes of one that has not ended. */
  get isBegun(): boolean {
    return this.#size > 0;
  }

  /** Takes what a read holds from `at` on. Returns where the bytes behind the section begin, or one of the constants above. */
  take(bytes: Buffer, at: number): number {
    if (this.#size > 0) return this.#takeMore(bytes, at);
    const end = bytes.indexOf(END, at, 'latin1');
    if (end < 0 || end + END.length - at > this.#most) return this.#takeMore(bytes, at);
    this.#text = bytes.toString('latin1', at, end + 2);
    return end + END.length;
  }

  /** Gives away the section, or what there is of one that is too large, as latin1: up to and with the CRLF of its last line. */
  release(): string {
    const text = this.#text;
    this.#text = '';
    this.#kept = undefined;
    this.#size = 0;
    return text;
  }

  #takeMore(bytes: Buffer, at: number): number {
    const before = this.#size;
    const kept = this.#keep(bytes, at);
    const end = kept.subarray(0, this.#size).indexOf(END, Math.max(0, before - END.length + 1), 'latin1');
    if (end < 0 && this.#size < this.#most) return Section.UNFINISHED;
    this.#text = kept.toString('latin1', 0, end < 0 ? this.#size : end + 2);
    return end < 0 ? Section.TOO_LARGE : at + end + END.length - before;
  }

  #keep(bytes: Buffer, at: number): Buffer {
    const size = Math.min(this.#most, this.#size + bytes.length - at);
    let kept = this.#kept;
    if (kept === undefined || kept.length < size) {
      const grown = Buffer.alloc(Math.min(this.#most, Math.max(512, 2 * size)));
      kept?.copy(grown);
      kept = grown;
      this.#kept = grown;
    }
    bytes.copy(kept, this.#size, at, at + size - this.#size);
    this.#size = size;
    return kept;
  }
}
