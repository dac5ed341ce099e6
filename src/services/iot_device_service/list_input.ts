import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { IotDeviceServiceListDevicesRequest as ListDevicesRequest } from '../../../gen/keyturn/v1/iot_device_service.ts';
import type { IotDevicePage } from '../../db/iot_device.ts';
import { ApiError } from '../../errors.ts';
import { inputInvalid } from '../iotda/refusals.ts';

const RECORD_ID = /^[0-9A-Fa-f]{24}$/;
const LIMIT = /^(?:[1-9]|[1-4][0-9]|50)$/;
const MOST_OFFSET = 500;
const TIME = /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/;
const LAST_SECOND = 2 ** 32 - 1;

/** Which of the matches to show. Refuses a limit, a marker and an offset that are out of range. */
export function pageOf({ limit = '10', marker = 'f'.repeat(24), offset }: ListDevicesRequest): IotDevicePage {
  if (!LIMIT.test(limit)) throw refusal(ErrorReason.ERROR_REASON_IOTDA_LIMIT_INVALID, 'limit', 'expects 1 to 50');
  if (!RECORD_ID.test(marker)) throw refusal(ErrorReason.ERROR_REASON_IOTDA_MARKER_INVALID, 'marker', 'expects 24 hexadecimal characters');
  if (offset < 0 || offset > MOST_OFFSET) throw inputInvalid('offset', `expects 0 to ${MOST_OFFSET}`);
  return { before: Buffer.from(marker, 'hex'), offset, limit: Number(limit) };
}

/**
 * The record ids of the devices that were created in the asked time, both
 * seconds included: a record id begins with the second. Refuses times in
 * another form, and a start that is not before the end.
 */
export function recordRangeOf({ startTime, endTime }: ListDevicesRequest): { from: Buffer; to: Buffer } {
  const start = secondOf('start_time', startTime);
  const end = secondOf('end_time', endTime);
  if (start !== undefined && end !== undefined && start >= end) {
    throw refusal(ErrorReason.ERROR_REASON_IOTDA_TIME_RANGE_INVALID, 'start_time', 'expects a time before end_time');
  }
  return { from: recordId(start ?? 0, 0x00), to: recordId(end ?? LAST_SECOND, 0xff) };
}

/** Seconds since 1970. */
function secondOf(field: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, year, month, day, hour, minute, second] = TIME.exec(text) ?? [];
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const time = new Date(iso);
  // The 30th of February is taken for a day of March.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) {
    throw refusal(ErrorReason.ERROR_REASON_IOTDA_TIME_FORMAT_INVALID, field, "expects yyyyMMdd'T'HHmmss'Z'");
  }
  return time.getTime() / 1000;
}

/** The first or last id of a second; times that no id can have count as the nearest one that it can. */
function recordId(second: number, fill: number): Buffer {
  const id = Buffer.alloc(12, second < 0 ? 0x00 : second > LAST_SECOND ? 0xff : fill);
  id.writeUInt32BE(Math.min(Math.max(second, 0), LAST_SECOND));
  return id;
}

function refusal(reason: ErrorReason, field: string, description: string): ApiError {
  return new ApiError(reason, `${field} does not fit`, { violations: [{ field, description }] });
}
