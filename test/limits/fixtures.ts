import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestService } from '../support/service.ts';
import type { Answer } from '../wire/answer.ts';
import { requestIdOf } from '../wire/answer.ts';

/** A connection by hand. What it gets is kept. */
export interface RawLine {
  readonly socket: Socket;
  readonly text: () => string;
  readonly isClosed: () => boolean;
}

/** Opens a connection to `127.0.0.1:PORT`. */
export async function openLine(port: number): Promise<RawLine> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  let text = '';
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => void (text += chunk.toString('latin1')));
  socket.on('error', () => {});
  socket.once('close', () => void (isClosed = true));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', reject);
  });
  return { socket, text: () => text, isClosed: () => isClosed };
}

/** Repeats until `condition` holds; throws after so many milliseconds. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, patience = 10_000): Promise<void> {
  for (const end = Date.now() + patience; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
}

/** The value of a sample, `name` or `name{label="value"}`; 0 if it is not exposed. */
export async function metric({ url }: TestService, sample: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1) ?? 0);
}

/** No call is in flight and no connection but that of the question itself is open. */
export async function untilAtRest(service: TestService): Promise<void> {
  await until(async () => {
    const running = await metric(service, 'keyturn_calls_in_flight');
    const waiting = await metric(service, 'keyturn_calls_waiting');
    const http = await metric(service, 'keyturn_connections{listener="http"}');
    const grpc = await metric(service, 'keyturn_connections{listener="grpc"}');
    return running === 0 && waiting === 0 && http <= 1 && grpc === 0;
  }, 'nothing is in flight and no connection is open');
}

/** The one Retry-After of an answer, whole seconds; undefined if it has none. */
export function retryAfterOf(answer: Answer): number | undefined {
  const values = answer.headers.get('retry-after');
  if (values === undefined) return undefined;
  assert.equal(values.length, 1);
  assert.match(values[0] ?? '', /^[1-9][0-9]*$/);
  return Number(values[0]);
}

/** 429 RATE_LIMITED of /v1 with Retry-After, or RESOURCE_EXHAUSTED with `retry-after`. */
export function assertRateLimited(answer: Answer, most: number): void {
  assert.deepEqual([answer.status, answer.reason], [answer.wire === 'rest' ? 429 : 8, 'RATE_LIMITED'], answer.body);
  requestIdOf(answer);
  const seconds = retryAfterOf(answer) ?? 0;
  assert.ok(seconds >= 1 && seconds <= most, String(seconds));
}
