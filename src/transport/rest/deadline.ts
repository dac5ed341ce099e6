import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../contract/fault.ts';
import type { Headers } from './headers.ts';

const NAME = 'grpc-timeout';
/** As gRPC writes a timeout: hours, minutes, seconds, milli-, micro- and nanoseconds. */
const FORM = /^([0-9]{1,8})([HMSmun])$/;
const MILLISECONDS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 };
/** What a timer can wait at most, 24 days. No call takes as long. */
const MOST = 2 ** 31 - 1;

/** How long a call may take, milliseconds. */
export type Timeout = number | 'malformed';

/** Reads the header `grpc-timeout`, which is the same over gRPC; undefined: there is no deadline. Sent twice it is malformed. */
export function timeoutOf(headers: Headers): Timeout | undefined {
  if (headers.all(NAME).length === 0) return undefined;
  const [, digits = '', unit = ''] = FORM.exec(headers.get(NAME) ?? '') ?? [];
  if (unit === '') return 'malformed';
  return Math.min(MOST, Number(digits) * (MILLISECONDS[unit] ?? 0));
}

export function malformedTimeout(): FaultError {
  const violation = { field: NAME, description: 'expects 1 to 8 digits and one of H, M, S, m, u, n' };
  return new FaultError(Fault.FAULT_CONTENT_INVALID, 'the timeout is malformed', [violation]);
}

/** The reason of a signal whose deadline has passed. */
export function late(): FaultError {
  return new FaultError(Fault.FAULT_DEADLINE_EXCEEDED, 'the deadline of the call has passed');
}

/** Resolves when the deadline of a call passes, and never if it ends in another way. */
export function deadlineOf(signal: AbortSignal): Promise<'late'> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      if (signal.reason instanceof FaultError && signal.reason.fault === Fault.FAULT_DEADLINE_EXCEEDED) resolve('late');
    });
  });
}

/** What comes first. */
export function firstOf<T>(work: Promise<T>, deadline: Promise<'late'> | undefined): Promise<T | 'late'> {
  return deadline === undefined ? work : Promise.race([work, deadline]);
}
