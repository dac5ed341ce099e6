import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '../../../gen/keyturn/options/v1/options.ts';
import type { Unrouted } from '../../call/pipeline.ts';
import { FaultError } from '../../contract/fault.ts';
import type { Connection } from '../connection.ts';
import { late } from './deadline.ts';
import type { Timeout } from './deadline.ts';
import type { Headers } from './headers.ts';

/** A request with what every step needs of it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly connection: Connection;
  readonly headers: Headers;
  readonly requestId: string;
  /** The caller's address. */
  readonly peer: string;
  /** What is done, once, when the answer is out or the connection has ended: one listener takes less than one for each. */
  readonly atEnd: (() => void)[];
}

/** From now on the connection is not waiting for its caller, until the answer is out. */
export function callBegins({ connection, atEnd }: Exchange): void {
  connection.callBegins();
  atEnd.push(() => connection.callEnds());
}

/** Aborts when the caller goes away before the answer is out, and when its deadline passes. */
export function signalOf({ response, atEnd }: Exchange, timeout?: Timeout): AbortSignal {
  const controller = new AbortController();
  const timer = typeof timeout === 'number' ? setTimeout(() => controller.abort(late()), timeout) : undefined;
  atEnd.push(() => {
    clearTimeout(timer);
    if (!response.writableFinished) controller.abort(new FaultError(Fault.FAULT_CANCELLED, 'the caller went away'));
  });
  return controller.signal;
}

/** Who asks, as far as that is known before anything is checked. */
export function arrivalOf(exchange: Exchange): Unrouted {
  const { connection, requestId, peer } = exchange;
  return { requestId, peer, standing: connection.standingOf(peer), signal: signalOf(exchange) };
}
