/** The two numbers of an ECDSA signature, big-endian, each as long as the field of the curve (32 or 48 bytes). */
export interface EcdsaSignature {
  readonly r: Buffer;
  readonly s: Buffer;
}

/** The order n of the base point (SEC 2 sections 2.4.2 and 2.5.1). */
const ORDERS = {
  'P-256': Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex'),
  'P-384': Buffer.from(
    'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    'hex',
  ),
} as const;

const SEQUENCE = 0x30;
const INTEGER = 0x02;

/**
 * Reads an Ecdsa-Sig-Value (RFC 3279 section 2.2.3) in strict DER: a SEQUENCE of two INTEGERs with minimal lengths
 * and minimal content, nothing after them, and 1 <= r, s < n (contracts/iothentix.md 6). Low s is not demanded.
 * Undefined for everything else, BER and the raw form R, S included.
 */
export function parseEcdsaDer(bytes: Buffer, curve: 'P-256' | 'P-384'): EcdsaSignature | undefined {
  // Both curves stay below 128 bytes, so every minimal length is the one byte itself.
  if (bytes[0] !== SEQUENCE || bytes.length > 2 + 0x7f || bytes[1] !== bytes.length - 2) return undefined;
  const first = readInteger(bytes, 2);
  const second = first && readInteger(bytes, 4 + first.length);
  if (!first || !second || 6 + first.length + second.length !== bytes.length) return undefined;
  const r = toField(first, ORDERS[curve]);
  const s = toField(second, ORDERS[curve]);
  return r && s && { r, s };
}

/** The content of the INTEGER at the offset, if it is complete and minimal (X.690 section 8.3.2). */
function readInteger(bytes: Buffer, at: number): Buffer | undefined {
  const length = bytes[at + 1];
  if (bytes[at] !== INTEGER || !length) return undefined;
  const content = bytes.subarray(at + 2, at + 2 + length);
  const [high = 0, next = 0] = content;
  const padded = content.length > 1 && ((high === 0 && next < 0x80) || (high === 0xff && next >= 0x80));
  return content.length === length && !padded ? content : undefined;
}

/** A number of 1 to order - 1 at the length of the order. Compared in the open: a signature is no secret. */
function toField(content: Buffer, order: Buffer): Buffer | undefined {
  const magnitude = content[0] === 0 ? content.subarray(1) : content;
  const negative = content.readUInt8(0) >= 0x80;
  if (negative || magnitude.length === 0 || magnitude.length > order.length) return undefined;
  const number = Buffer.concat([Buffer.alloc(order.length - magnitude.length), magnitude]);
  return number.compare(order) < 0 ? number : undefined;
}
