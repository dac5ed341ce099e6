import type { Metadata } from '../../call/call.ts';

/** The headers of a request, by lower-case name, from what was sent and not from what node made of it. */
export class Headers implements Metadata {
  readonly #values = new Map<string, string[]>();

  /** `rawHeaders` alternates names and values, as in node:http. */
  constructor(rawHeaders: readonly string[]) {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = (rawHeaders[index] ?? '').toLowerCase();
      const value = rawHeaders[index + 1] ?? '';
      const values = this.#values.get(name);
      if (values === undefined) this.#values.set(name, [value]);
      else values.push(value);
    }
  }

  /** The value, or undefined if the header is absent or was sent more than once. */
  get(name: string): string | undefined {
    const values = this.#values.get(name);
    return values?.length === 1 ? values[0] : undefined;
  }

  /** All values that were sent, in order. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  isRepeated(name: string): boolean {
    return (this.#values.get(name)?.length ?? 0) > 1;
  }
}
