import type { Metadata, MetadataValue } from '../../call/call.ts';
import { isTransportName } from '../../contract/header_names.ts';
import { trimOptionalSpace } from './optional_space.ts';

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

  /** All values as one list (RFC 9110 section 5.3); undefined if the header is absent. */
  list(name: string): string | undefined {
    return this.#values.get(name)?.join(', ');
  }

  isRepeated(name: string): boolean {
    return (this.#values.get(name)?.length ?? 0) > 1;
  }

  /** For handlers: nothing of the connection, be it by name or because `Connection` names it (RFC 9110 section 7.6.1). */
  values(name: string): readonly MetadataValue[] | undefined {
    const sent = this.all(name);
    if (sent.length === 0 || isTransportName(name) || this.#isOfConnection(name)) return [];
    if (!name.endsWith('-bin')) return [sent.join(', ')];
    const values = sent.flatMap((value) => value.split(',')).map((text) => base64(trimOptionalSpace(text)));
    return values.includes(undefined) ? undefined : (values as Uint8Array[]);
  }

  #isOfConnection(name: string): boolean {
    return this.all('connection').some((value) => value.split(',').some((option) => option.trim().toLowerCase() === name));
  }
}

/** Bytes from the standard alphabet, padded or not; undefined if the text is not what they would be written as. */
function base64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  const padded = bytes.toString('base64');
  return text === padded || text === padded.replace(/=+$/, '') ? bytes : undefined;
}
