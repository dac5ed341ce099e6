import type { IncomingMessage } from 'node:http';
import type { Headers } from '../headers.ts';
import { EXPECTATION_UNKNOWN, HEADERS_TOO_LARGE, MALFORMED, MOST_HEADERS, MOST_TARGET, TARGET_TOO_LONG } from './defect.ts';
import type { Defect } from './defect.ts';

/** A name or address and a port, RFC 3986 section 3.2.2; both may be left out. */
const HOST = /^(?:\[[0-9A-Za-z:.%~_-]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::[0-9]*)?$/;

/** What is wrong with the form of a request whose head node has read; undefined if nothing is. */
export function defectOf(request: IncomingMessage, headers: Headers): Defect | undefined {
  if (request.rawHeaders.length > 2 * MOST_HEADERS) return HEADERS_TOO_LARGE;
  if ((request.url ?? '').length > MOST_TARGET) return TARGET_TOO_LONG;
  if (!hasHost(request, headers)) return MALFORMED;
  return isExpectationKnown(headers) ? undefined : EXPECTATION_UNKNOWN;
}

/** RFC 9112 section 3.2: one Host, which HTTP/1.0 may leave out. */
function hasHost({ httpVersionMinor }: IncomingMessage, headers: Headers): boolean {
  const hosts = headers.all('host');
  if (hosts.length === 0) return httpVersionMinor === 0;
  return hosts.length === 1 && HOST.test(hosts[0] ?? '');
}

function isExpectationKnown(headers: Headers): boolean {
  const expectations = headers.all('expect');
  return expectations.length === 0 || (expectations.length === 1 && expectations[0]?.toLowerCase() === '100-continue');
}

/**
 * What node's parser, or its watch over the times, has found wrong by the code
 * of its error; undefined if the connection itself has failed.
 */
export function defectOfError(code: string | undefined): Defect | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return HEADERS_TOO_LARGE;
  return code?.startsWith('HPE_') === true ? MALFORMED : undefined;
}
