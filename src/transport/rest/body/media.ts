import { MIMEType } from 'node:util';
import { Fault } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../contract/fault.ts';

export const JSON_TYPE = 'application/json';
export const FORM = 'application/x-www-form-urlencoded';
/** Stands for every media type in the list of a method. */
export const ANY_TYPE = '*/*';

/** A request body with the headers that say what it is. */
export interface TypedBody {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  /** A Content-Type sent more than once is malformed. */
  readonly contentTypeRepeated: boolean;
  /** The codings, as one list however many headers there were. */
  readonly contentEncoding: string | undefined;
  /** Asks for room for so many bytes more, which the decoded body takes until the call is over. */
  readonly hold: (bytes: number) => boolean;
}

/** What Content-Type says. */
export interface MediaType {
  /** Without parameters, in lower case. */
  readonly essence: string;
  /** Whether text in it is UTF-8: no other charset is named. */
  readonly isUtf8: boolean;
}

/** Visible ASCII, and white space within. */
const VISIBLE = /^[!-~](?:[\t -~]*[!-~])?$/;
/** Characters of a Content-Type. Over white space within, Node's parser takes a time that grows with the square of its length. */
const MOST_LENGTH = 1_024;
/** Its name, and the label that vendors' documents have in its place. */
const UTF_8 = /^utf-?8$/i;
const PLAIN_JSON: MediaType = { essence: JSON_TYPE, isUtf8: true };

/** Reads Content-Type; undefined if there is none. Throws a FaultError (FAULT_MEDIA_TYPE) if it is malformed. */
export function mediaTypeOf({ contentType, contentTypeRepeated }: TypedBody): MediaType | undefined {
  if (contentTypeRepeated) throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'there is more than one Content-Type');
  // What nearly all callers send needs no parser.
  if (contentType === JSON_TYPE) return PLAIN_JSON;
  if (contentType === undefined) return undefined;
  if (contentType.length > MOST_LENGTH) throw new FaultError(Fault.FAULT_MEDIA_TYPE, `Content-Type has more than ${MOST_LENGTH} characters`);
  // Bytes beyond ASCII have no meaning that two readers would share, and whoever passes the type on could not send it.
  if (!VISIBLE.test(contentType)) throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'Content-Type is not ASCII');
  let type: MIMEType;
  try {
    type = new MIMEType(contentType);
  } catch (error) {
    throw new FaultError(Fault.FAULT_MEDIA_TYPE, 'Content-Type is malformed', [], { cause: error });
  }
  const charset = type.params.get('charset');
  return { essence: type.essence, isUtf8: charset === null || UTF_8.test(charset) };
}

/** Whether a value of Content-Type that a handler has set can be sent as it is (RFC 9110 section 8.3.1). */
export function isSendableType(contentType: string): boolean {
  return VISIBLE.test(contentType) && isMediaType(contentType);
}

function isMediaType(contentType: string): boolean {
  try {
    return new MIMEType(contentType).essence !== '';
  } catch {
    return false;
  }
}
