/**
 * Strict base64 (RFC 4648): one text for one value. Node's own decoder skips what it does not know and ignores unused
 * bits, so each text is encoded again and must come back unchanged.
 */

/**
 * Base64url without padding (RFC 4648 section 5, RFC 7515 section 2). Undefined for padding, foreign characters, unused
 * bits that are not zero, and lengths that no encoder makes. The empty text is the empty value.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

/**
 * Base64 in the standard alphabet with its required padding (RFC 4648 section 4). Undefined for anything else, white
 * space and unused bits that are not zero included. The empty text is the empty value.
 */
export function decodeBase64Standard(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/**
 * Base64 in the standard or the URL-safe alphabet, padded or not (contracts/iothentix.md 6). Undefined for both
 * alphabets in one value, wrong padding, white space, line breaks and unused bits that are not zero.
 */
export function decodeBase64Either(text: string): Buffer | undefined {
  if (/[-_]/.test(text) && /[+/]/.test(text)) return undefined;
  const standard = text.replaceAll('-', '+').replaceAll('_', '/');
  const missing = standard.endsWith('=') ? 0 : (4 - (standard.length % 4)) % 4;
  return decodeBase64Standard(standard + '='.repeat(missing));
}
