const HEADER_BYTES = 5;
/** Field 1, length-delimited. */
const FIELD_1_TEXT = 0x0a;
/** Of a length, seven bits in each byte; the eighth says that there is another one. */
const SEVEN_BITS = 0x7f;
const MORE = 0x80;

/** Puts an uncompressed message in its gRPC frame: a flag, four bytes of length, the message. */
export function frame(message: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

/** Takes the one uncompressed message out of its frame. Throws if there is not exactly one. */
export function unframe(bytes: Buffer): Buffer {
  if (bytes.length < HEADER_BYTES || bytes[0] !== 0 || bytes.readUInt32BE(1) !== bytes.length - HEADER_BYTES) {
    throw new Error('not exactly one uncompressed gRPC message');
  }
  return bytes.subarray(HEADER_BYTES);
}

/** A protobuf message whose field 1 is a text of less than 2^14 bytes, and nothing else. */
export function textMessage(text: string): Buffer {
  const bytes = Buffer.from(text);
  const { length } = bytes;
  if (length >> 14 !== 0) throw new Error('the text is too long for a length of two bytes');
  const size = length <= SEVEN_BITS ? [length] : [(length & SEVEN_BITS) | MORE, length >> 7];
  return Buffer.concat([Buffer.of(FIELD_1_TEXT, ...size), bytes]);
}

/** The text of such a message. Throws for any other. */
export function readTextMessage(message: Buffer): string {
  const [tag, low = 0, high = 0] = message;
  const [size, start] = low <= SEVEN_BITS ? [low, 2] : [(low & SEVEN_BITS) | (high << 7), 3];
  if (tag !== FIELD_1_TEXT || size !== message.length - start) throw new Error('not a message of one text');
  return message.toString('utf8', start);
}
