const HEADER_BYTES = 5;
/** Field 1, length-delimited. */
const FIELD_1_TEXT = 0x0a;
const MOST_ONE_BYTE = 0x7f;

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

/** A protobuf message whose field 1 is a text of less than 128 bytes, and nothing else. */
export function textMessage(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > MOST_ONE_BYTE) throw new Error('the text is too long for a length of one byte');
  return Buffer.concat([Buffer.from([FIELD_1_TEXT, bytes.length]), bytes]);
}

/** The text of such a message. Throws for any other. */
export function readTextMessage(message: Buffer): string {
  if (message[0] !== FIELD_1_TEXT || message[1] !== message.length - 2) throw new Error('not a message of one short text');
  return message.toString('utf8', 2);
}
