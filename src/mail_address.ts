import { domainToASCII, domainToUnicode } from 'node:url';

const MOST_LOCAL_BYTES = 64;
const MOST_DOMAIN = 253;
/** Characters of an unquoted local part (RFC 5321 section 4.1.2, RFC 6531 section 3.3). */
const LOCAL_PART = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+(?:\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\u{10ffff}]+)*$/u;
/** Controls, invisible characters, separators, and what is no character: none of them is a part of a name. */
const INVISIBLE = /[\p{C}\p{Z}]/u;
/** Before it is made ASCII, which would take a good deal more for a host than a name. */
const NAME = /^[\p{L}\p{M}\p{N}.-]+$/u;
const DOMAIN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/**
 * Whether SMTP can carry an address, and every program on the way takes it for that one address: a local part that
 * needs no quotes, and the name of a host. A quoted local part or the number of a host is none: they are in no use,
 * and mean different things to different programs. Nor is a host that is only read as another one, such as one in wide
 * letters: what counts messages to one address would take each of its many spellings for an address of its own.
 */
export function isCarriedBySmtp(address: string): boolean {
  const [, local = '', domain = ''] = /^([^@]+)@([^@]+)$/su.exec(address) ?? [];
  if (INVISIBLE.test(address) || !address.isWellFormed()) return false;
  const host = NAME.test(domain) ? domainToASCII(domain) : '';
  const isCarried = LOCAL_PART.test(local) && Buffer.byteLength(local) <= MOST_LOCAL_BYTES && host.length <= MOST_DOMAIN && DOMAIN.test(host) && !isNumber(host);
  return isCarried && isUsualSpelling(domain, host);
}

/** Whether it spells a host in ASCII, or as people write that; small and large letters are the same. */
function isUsualSpelling(domain: string, host: string): boolean {
  const spelling = domain.normalize('NFC').toLowerCase();
  return spelling === host || spelling === domainToUnicode(host);
}

/** A last label of digits alone makes it an IPv4 address. */
function isNumber(host: string): boolean {
  return /(?:^|\.)[0-9]+$/.test(host);
}
