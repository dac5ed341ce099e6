import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, credentials, makeClientConstructor } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { BadRequest, ErrorInfo } from '../../gen/google/rpc/error_details.ts';
import { Status } from '../../gen/google/rpc/status.ts';
import type { Event } from '../../gen/keyturn/v1/event.ts';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import type { WatchEventsResponse } from '../../gen/keyturn/v1/operator_service.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import type { Wire } from './answer.ts';

/** An event as a test looks at it; the same over both wires. */
export interface Seen {
  readonly id: number;
  readonly device: string;
  readonly project: string;
  readonly type: string;
  readonly payload: object;
  readonly at: number;
  readonly token: string;
}

export interface Wish {
  readonly resumeToken?: string;
  readonly fromStart?: boolean;
  readonly projectId?: string;
  readonly deviceId?: string;
  /** In place of the operator's token. */
  readonly authorization?: string;
}

/** How a stream ended: by code of gRPC, which the last line over REST has too; undefined: the connection broke. */
export interface End {
  readonly code: number | undefined;
  readonly reason?: string | undefined;
  readonly fields?: readonly string[];
}

/** Somebody who watches events. */
export interface Follower {
  readonly events: Seen[];
  /** Resolves when the stream has begun; rejects if it was refused. */
  readonly begun: Promise<unknown>;
  readonly end: Promise<End>;
  readonly cancel: () => void;
  /** Reads no more, and reads on. */
  readonly pause: () => void;
  readonly resume: () => void;
}

/** Watches the events of a service over a wire. */
export function follow(service: Pick<TestService, 'url' | 'grpc'>, wire: Wire, wish: Wish = {}): Follower {
  const follower = wire === 'rest' ? followRest(service.url, wish) : followGrpc(service.grpc, wish);
  follower.begun.catch(() => {});
  return follower;
}

/** The same, once it has begun: what happens from now on is seen. */
export async function following(service: Pick<TestService, 'url' | 'grpc'>, wire: Wire, wish: Wish = {}): Promise<Follower> {
  const follower = follow(service, wire, wish);
  await follower.begun;
  return follower;
}

/** Waits until as many events have come. */
export async function seen({ events }: Follower, count: number): Promise<readonly Seen[]> {
  for (let waited = 0; events.length < count; waited += 20) {
    assert.ok(waited < 20_000, `${events.length} of ${count} events have come`);
    await sleep(20);
  }
  return events;
}

function followRest(url: string, { resumeToken = '', fromStart = false, projectId = '', deviceId = '', authorization = `Bearer ${OPERATOR_TOKEN}` }: Wish): Follower {
  const query = new URLSearchParams({ resume_token: resumeToken, from_start: String(fromStart), project_id: projectId, device_id: deviceId });
  const request = httpRequest(`${url}/v1/events:watch?${query.toString()}`, { headers: { authorization }, agent: false });
  request.on('error', () => {});
  request.end();
  const events: Seen[] = [];
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  return {
    events,
    begun: answered.then(([{ statusCode }]) => assert.equal(statusCode, 200)),
    end: answered.then(([response]) => readLines(response, events), () => ({ code: undefined })),
    cancel: () => void request.destroy(),
    pause: () => void request.socket?.pause(),
    resume: () => void request.socket?.resume(),
  };
}

interface RpcStatus {
  readonly code: number;
  readonly details: readonly { readonly reason?: string; readonly fieldViolations?: readonly { readonly field: string }[] }[];
}

interface EventLine {
  readonly event_id: string;
  readonly occurred_at: string;
  readonly project_id: string;
  readonly device_id: string;
  readonly type: string;
  readonly payload: object;
  readonly resume_token: string;
}

async function readLines(response: IncomingMessage, events: Seen[]): Promise<End> {
  let rest = '';
  let error: RpcStatus | undefined;
  const take = (text: string): void => {
    const line = JSON.parse(text) as EventLine | { error: RpcStatus } | RpcStatus;
    if ('event_id' in line) events.push(ofLine(line));
    else error = 'error' in line ? line.error : line;
  };
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(take);
    }
  } catch {
    return { code: undefined };
  }
  if (rest !== '') take(rest);
  if (error === undefined) return { code: 0 };
  const fields = error.details.flatMap(({ fieldViolations = [] }) => fieldViolations.map(({ field }) => field));
  return { code: error.code, reason: error.details.find(({ reason }) => reason !== undefined)?.reason, fields };
}

function ofLine(line: EventLine): Seen {
  assert.deepEqual(Object.keys(line), ['event_id', 'occurred_at', 'project_id', 'device_id', 'type', 'payload', 'resume_token']);
  const { event_id: id, device_id: device, project_id: project, type, payload, resume_token: token } = line;
  return { id: Number(id), device, project, type, payload, at: Date.parse(line.occurred_at), token };
}

function followGrpc(address: string, { resumeToken = '', fromStart = false, projectId = '', deviceId = '', authorization = `Bearer ${OPERATOR_TOKEN}` }: Wish): Follower {
  const Constructor = makeClientConstructor({}, 'any');
  // A connection of its own: those of one connection are bounded.
  const client = new Constructor(address, credentials.createInsecure(), { 'grpc.enable_http_proxy': 0, 'grpc.use_local_subchannel_pool': 1 });
  const { path, requestSerialize, responseDeserialize } = OperatorServiceService.watchEvents;
  const metadata = new Metadata();
  metadata.set('authorization', authorization);
  const call = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { resumeToken, fromStart, projectId, deviceId }, metadata);
  const events: Seen[] = [];
  call.on('data', ({ event }: WatchEventsResponse) => void events.push(ofEvent(event ?? assert.fail('no event'))));
  return {
    events,
    begun: once(call, 'metadata'),
    end: endOf(call).finally(() => client.close()),
    cancel: () => call.cancel(),
    pause: () => void call.pause(),
    resume: () => void call.resume(),
  };
}

function ofEvent({ eventId, deviceId, projectId, type, payload, occurredAt, resumeToken }: Event): Seen {
  const at = Number(occurredAt?.seconds) * 1000 + (occurredAt?.nanos ?? 0) / 1e6;
  return { id: Number(eventId), device: deviceId, project: projectId, type, payload: payload ?? {}, at, token: resumeToken };
}

function endOf(call: ClientReadableStream<WatchEventsResponse>): Promise<End> {
  return new Promise((resolve) => {
    call.once('end', () => resolve({ code: 0 }));
    call.once('error', ({ code, metadata }: ServiceError) => {
      const [bytes] = metadata.get('grpc-status-details-bin');
      const details = Buffer.isBuffer(bytes) ? Status.decode(bytes).details : [];
      const find = (type: string): Buffer | undefined => details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${type}`)?.value;
      const [info, bad] = [find('ErrorInfo'), find('BadRequest')];
      const fields = bad === undefined ? [] : BadRequest.decode(bad).fieldViolations.map(({ field }) => field);
      resolve({ code, reason: info === undefined ? undefined : ErrorInfo.decode(info).reason, fields });
    });
  });
}
