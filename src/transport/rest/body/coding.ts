import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import type { ZlibOptions } from 'node:zlib';
import { Fault } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../contract/fault.ts';
import type { TypedBody } from './media.ts';
import { Turns } from './turns.ts';

/** A body without its content coding. Rejects with a FaultError. */
export type ContentDecoder = (body: TypedBody) => Promise<TypedBody>;

/** With `info`, zlib tells how much of the input it has read. */
interface Decoded {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

type Decompress = (bytes: Uint8Array, options: ZlibOptions) => Promise<unknown>;

const DECOMPRESS: Readonly<Record<string, Decompress>> = {
  gzip: promisify(gunzip),
  deflate: decompressDeflate,
  br: promisify(brotliDecompress),
};

/**
 * Decoding runs beside the event loop, because a MiB that was made for it takes
 * brotli more than a second; at most two at once, because node has four threads
 * for all that runs there.
 */
const turns = new Turns(2);

/**
 * Makes the decoder for the codings that a method takes (RFC 9110 section 8.4).
 * What comes out has at most `most` bytes: beyond them nothing more is decoded.
 */
export function compileContentDecoder(codings: readonly string[], most: number): ContentDecoder {
  return async (body) => {
    const coding = codingOf(body.contentEncoding ?? '');
    if (coding === undefined) return { ...body, contentEncoding: undefined };
    const decompress = codings.includes(coding) ? DECOMPRESS[coding] : undefined;
    if (decompress === undefined) throw notTaken(codings);
    return { ...body, contentEncoding: undefined, bytes: await decode(decompress, body, most) };
  };
}

/** The one coding of a list in which `identity` and empty members count for nothing; `several` is none of any method. */
function codingOf(contentEncoding: string): string | undefined {
  const codings = contentEncoding
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '' && member !== 'identity');
  const [coding] = codings;
  if (codings.length > 1) return 'several';
  return coding === 'x-gzip' ? 'gzip' : coding;
}

/** Section 15.5.16: the answer tells what would have been taken, if anything. */
function notTaken(codings: readonly string[]): FaultError {
  const metadata: Record<string, string> = codings.length > 0 ? { 'accept-encoding': codings.join(', ') } : {};
  return new FaultError(Fault.FAULT_MEDIA_TYPE, 'the method does not take this content coding', [], { metadata });
}

/** Asks for all the room that it may take, and gives back what it did not. */
async function decode(decompress: Decompress, { bytes, hold }: TypedBody, most: number): Promise<Uint8Array> {
  if (!hold(most)) {
    throw new FaultError(Fault.FAULT_UNAVAILABLE, 'there is no room for the decoded body', [], { metadata: { 'retry-after': '1' } });
  }
  let size = 0;
  try {
    const decoded = await turns.take(() => decompressWhole(decompress, bytes, most));
    size = decoded.length;
    return decoded;
  } finally {
    hold(size - most);
  }
}

async function decompressWhole(decompress: Decompress, bytes: Uint8Array, most: number): Promise<Uint8Array> {
  let decoded: Decoded;
  try {
    decoded = (await decompress(bytes, { maxOutputLength: most, info: true })) as Decoded;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new FaultError(Fault.FAULT_BODY_TOO_LARGE, `decoded the body has more than ${most} bytes`);
    }
    throw malformed(error);
  }
  // By themselves the decoders pass over what follows the end of their data.
  if (decoded.engine.bytesWritten !== bytes.length) throw malformed();
  return decoded.buffer;
}

function malformed(cause?: unknown): FaultError {
  const violations = [{ field: '', description: 'the body is not coded as Content-Encoding says' }];
  return new FaultError(Fault.FAULT_BODY_UNPARSABLE, 'the coded body is malformed', violations, { cause });
}

const zlibFormat: Decompress = promisify(inflate);
const bareFormat: Decompress = promisify(inflateRaw);

/**
 * `deflate` is the zlib format (RFC 1950); some senders leave its header away
 * (section 8.4.1.2). No encoder begins raw data with what reads as that header.
 */
function decompressDeflate(bytes: Uint8Array, options: ZlibOptions): Promise<unknown> {
  const [first = 0, second = 0] = bytes;
  const hasHeader = (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
  return hasHeader ? zlibFormat(bytes, options) : bareFormat(bytes, options);
}
