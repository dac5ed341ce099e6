/** HTTP/2 by hand (RFC 9113 section 4), for what no client library would send. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const TYPE = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, windowUpdate: 8, continuation: 9 } as const;
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export function frameOf(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A header block of literal fields without indexing (RFC 7541 section 6.2.2). */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]));
}

function literal(text: string): Buffer {
  return Buffer.concat([length(text.length), Buffer.from(text, 'latin1')]);
}

/** An integer with a prefix of seven bits (RFC 7541 section 5.1). */
function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

export const SETTINGS = frameOf(TYPE.settings, 0, 0);
export const SETTINGS_ACK = frameOf(TYPE.settings, FLAG.ack, 0);

/** Cuts what comes into frames. */
export class FrameReader {
  #rest = Buffer.alloc(0);

  read(chunk: Buffer, hear: (type: number, flags: number) => void): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 9) {
      const size = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < size) break;
      hear(bytes[3] ?? 0, bytes[4] ?? 0);
      bytes = bytes.subarray(size);
    }
    this.#rest = Buffer.from(bytes);
  }
}
