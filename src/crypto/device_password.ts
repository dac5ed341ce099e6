import { createHmac, timingSafeEqual } from 'node:crypto';

/** What the ClientId of a device says (contracts/iotda.md 10.1). */
export interface DeviceClientId {
  readonly deviceId: string;
  /** Whether the hour must be about that of the service. */
  readonly checksHour: boolean;
  /** `YYYYMMDDHH`, UTC: the key of the password. */
  readonly hour: string;
}

const MOST_CHARACTERS = 256;
/** From the right, because a device id may hold what looks like the rest. No text of MQTT holds U+0000. */
const CLIENT_ID = /^([^\0]+)_0_([01])_([0-9]{10})$/;
const PASSWORD = /^[0-9a-f]{64}$/;
const HOUR = 3_600_000;

/** Reads `{device_id}_0_{signType}_{YYYYMMDDHH}`; undefined if the text has another form or its hour does not exist. */
export function parseClientId(text: string): DeviceClientId | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  const [, deviceId, signType, hour] = CLIENT_ID.exec(text) ?? [];
  if (deviceId === undefined || hour === undefined || !isRealHour(hour)) return undefined;
  return { deviceId, checksHour: signType === '1', hour };
}

/** Whether ten digits, `YYYYMMDDHH`, are an hour that there was or will be. */
export function isRealHour(hour: string): boolean {
  return timeOf(hour) !== undefined;
}

/** Whether a real hour is that of `now` in UTC, or one more or less. */
export function isAboutNow(hour: string, now: Date): boolean {
  const time = timeOf(hour);
  return time !== undefined && Math.abs(Math.floor(now.getTime() / HOUR) - time / HOUR) <= 1;
}

/** Milliseconds since 1970. Where a day or an hour is too large, the date goes on in the next month or day, and is another text. */
function timeOf(hour: string): number | undefined {
  const [, year, month, day, hours] = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})$/.exec(hour) ?? [];
  const text = `${year}-${month}-${day}T${hours}:00:00.000Z`;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text ? date.getTime() : undefined;
}

/** The password of an hour: lower-case hex of the HMAC-SHA-256 with the hour's text as the key and the secret as the message. */
export function devicePassword(secret: string | Uint8Array, hour: string): string {
  return mac(secret, hour).toString('hex');
}

/** Whether a password is the one of the secret and the hour, in constant time. */
export function isPasswordOf(secret: string | Uint8Array, hour: string, password: string): boolean {
  const expected = mac(secret, hour);
  const sent = PASSWORD.test(password) ? Buffer.from(password, 'hex') : Buffer.alloc(0);
  // Compared with something in any case, so that each password takes the same work.
  const isEqual = timingSafeEqual(sent.length === expected.length ? sent : Buffer.alloc(expected.length), expected);
  return isEqual && sent.length === expected.length;
}

function mac(secret: string | Uint8Array, hour: string): Buffer {
  return createHmac('sha256', hour).update(secret).digest();
}
