import { fromJson } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue, Registry } from '@bufbuild/protobuf';
import { isWrapperDesc } from '@bufbuild/protobuf/wkt';
import { fitsScalar } from './scalar.ts';

export const ANY = 'google.protobuf.Any';
/** The member of an Any that names the type of the message in it. */
export const TYPE_URL = '@type';

const DURATION = /^-?([0-9]{1,12})(?:\.([0-9]{1,9}))?s$/;
/** About 10,000 years: google/protobuf/duration.proto. */
const MOST_SECONDS = 315_576_000_000;
const TIMESTAMP = /^([0-9]{4})-([0-9]{2})-([0-9]{2})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$/;

/** Field paths in camelCase; `*` for any field. */
const MASK = /^(?:(?:\*|[A-Za-z][A-Za-z0-9]*)(?:[.,](?:\*|[A-Za-z][A-Za-z0-9]*))*)?$/;

/** The type that a member `@type` names: what follows its last slash. Undefined if the registry has no such message. */
export function typeOfUrl(url: string, registry: Registry): DescMessage | undefined {
  const slash = url.lastIndexOf('/');
  return slash <= 0 ? undefined : registry.getMessage(url.slice(slash + 1));
}

/**
 * Whether a JSON value is the form of this well-known type, which is not Any.
 * Text for a wrapped number counts only where `text` is true. The message may
 * be `depth` messages deep, itself included.
 */
export function fitsWellKnown(desc: DescMessage, value: unknown, text: boolean, depth: number): boolean {
  if (isWrapperDesc(desc)) return fitsScalar(desc.fields[0].scalar, value, text);
  switch (desc.typeName) {
    case 'google.protobuf.Value':
      return depthOfValue(value) <= depth;
    case 'google.protobuf.Struct':
      return typeof value === 'object' && value !== null && !Array.isArray(value) && depthOfValue(value) <= depth + 1;
    case 'google.protobuf.ListValue':
      return Array.isArray(value) && depthOfValue(value) <= depth + 1;
    default:
      return typeof value === 'string' && fitsText(desc, value);
  }
}

/**
 * The one key that no map may have, nor any member of a google.protobuf.Struct:
 * ts-proto assigns to it, so that it would be lost, or be what the map inherits.
 */
export const FORBIDDEN_KEY = '__proto__';

/** How many messages deep a google.protobuf.Value is: for an object also its Struct and an entry. Infinite if it cannot be one. */
function depthOfValue(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  if (Object.hasOwn(value, FORBIDDEN_KEY)) return Infinity;
  let deepest = 0;
  for (const member of Object.values(value)) deepest = Math.max(deepest, depthOfValue(member));
  return deepest + (Array.isArray(value) ? 2 : 3);
}

/** protobuf-es takes `1sx` for a duration, the 30th of February for a day and any text for a field. */
function fitsText(desc: DescMessage, value: string): boolean {
  switch (desc.typeName) {
    case 'google.protobuf.Duration':
      return isInRange(value);
    case 'google.protobuf.Timestamp':
      return isOnCalendar(value) && canBeRead(desc, value);
    default:
      return MASK.test(value);
  }
}

function isInRange(value: string): boolean {
  const [, seconds, fraction = ''] = DURATION.exec(value) ?? [];
  return Number(seconds) < MOST_SECONDS || (Number(seconds) === MOST_SECONDS && Number(fraction) === 0);
}

function isOnCalendar(value: string): boolean {
  const [, year, month, day] = TIMESTAMP.exec(value) ?? [];
  // Day 0 of the next month is the last of this one; the year 2000 stands for all leap years.
  const days = new Date(Date.UTC(isLeap(Number(year)) ? 2000 : 2001, Number(month), 0)).getUTCDate();
  return Number(day) >= 1 && Number(day) <= days;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

function canBeRead(desc: DescMessage, value: JsonValue): boolean {
  try {
    fromJson(desc, value);
    return true;
  } catch {
    return false;
  }
}
