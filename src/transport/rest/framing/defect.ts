import { Fault } from '../../../../gen/keyturn/options/v1/options.ts';

/** What is wrong with the form of a request, whatever it asks for. Its connection is closed after the answer. */
export interface Defect {
  readonly fault: Fault;
  /**
   * The status of the answer, which then is in the envelope of the service that
   * owns `/`, for a target that came in such bytes leads nowhere; undefined
   * leaves both to the service that owns the path.
   */
  readonly status: number | undefined;
}

/** RFC 9112: bytes that are no request, or that two readers could take for two different ones. */
export const MALFORMED: Defect = { fault: Fault.FAULT_TARGET_MALFORMED, status: 400 };
/** RFC 9110 section 10.1.1. */
export const EXPECTATION_UNKNOWN: Defect = { fault: Fault.FAULT_TARGET_MALFORMED, status: 417 };
/** The request was not complete in time. */
export const TOO_SLOW: Defect = { fault: Fault.FAULT_DEADLINE_EXCEEDED, status: 408 };
export const TARGET_TOO_LONG: Defect = { fault: Fault.FAULT_TARGET_TOO_LONG, status: undefined };
export const HEADERS_TOO_LARGE: Defect = { fault: Fault.FAULT_HEADERS_TOO_LARGE, status: undefined };

/** Bytes of a request line with its headers. */
export const MOST_HEADER_BYTES = 16_384;
export const MOST_HEADERS = 100;
/** Characters of a request target. */
export const MOST_TARGET = 8_192;
