import { domainToASCII } from 'node:url';

/** What a key can be bound to, as the claims name it. */
export const ADDRESS_KINDS = ['email', 'phone'] as const;
export type AddressKind = (typeof ADDRESS_KINDS)[number];

/** An address or number in its one spelling. */
export interface Address {
  readonly kind: AddressKind;
  readonly value: string;
}

const MOST_EMAIL = 254;
/** No character that NFC writes as one has more units of UTF-16 in any other spelling (UAX #15, expansion of NFD). */
const MOST_UNITS = 4;
const E164 = /^\+[1-9][0-9]{6,14}$/;

/** The one spelling of an address or number (contracts/authentiq.md section 4); undefined if it is none. */
export function normalise(kind: AddressKind, text: string): Address | undefined {
  const value = kind === 'email' ? normaliseEmail(text) : normalisePhone(text);
  return value === undefined ? undefined : { kind, value };
}

function normaliseEmail(text: string): string | undefined {
  const trimmed = text.trim();
  // To put marks in their order takes time with the square of their number.
  if (trimmed.length > MOST_EMAIL * MOST_UNITS) return undefined;
  // Small letters may have marks of their own, which are not in their order then: U+0130 is one of those that become two.
  const email = trimmed.normalize('NFC').toLowerCase().normalize('NFC');
  return /^[^@]+@[^@]+$/s.test(email) && Array.from(email).length <= MOST_EMAIL ? email : undefined;
}

function normalisePhone(text: string): string | undefined {
  const phone = text.replaceAll(/[\s.()-]/g, '');
  return E164.test(phone) ? phone : undefined;
}

/** What its budget goes by beside itself: the domain of an e-mail address, however it is spelled, or the first five digits of a number. */
export function prefixOf({ kind, value }: Address): string {
  if (kind === 'phone') return value.slice(0, 6);
  const domain = value.slice(value.indexOf('@') + 1);
  return domainToASCII(domain) || domain;
}
