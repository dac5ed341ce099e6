import type { Event } from '../../../gen/keyturn/v1/event.ts';
import type { WatchEventsRequest, WatchEventsResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import { decodeBase64url } from '../../crypto/base64.ts';
import { NOTHING, isLater, isSnapshot } from '../../db/event.ts';
import type { EventFilter, EventRow, EventStore, EventWindow } from '../../db/event.ts';
import { EventPulse } from './event_pulse.ts';
import { invalid } from './page.ts';
import { toTimestamp } from './resources.ts';

const SEPARATOR = ' ';
const MOST_ID = 2n ** 63n - 1n;

/** How far a watcher is: in this window, up to this event id. */
interface Position {
  readonly window: EventWindow;
  readonly eventId: bigint;
}

/** OperatorService.WatchEvents: those who follow the events. */
export class Events {
  readonly #store: EventStore;
  readonly #pulse: EventPulse;

  constructor(store: EventStore) {
    this.#store = store;
    this.#pulse = new EventPulse(store);
  }

  async watch(request: WatchEventsRequest, call: Call): Promise<AsyncIterable<WatchEventsResponse>> {
    const position = await this.#begin(request);
    call.setMetadata('resume-token', formatToken(position));
    const filter = { projectId: request.projectId || null, deviceId: request.deviceId || null };
    return this.#follow(position, filter, call.signal);
  }

  async #begin({ resumeToken, fromStart }: WatchEventsRequest): Promise<Position> {
    const { snapshot, last } = await this.#store.now();
    if (resumeToken !== '') {
      const position = parseToken(resumeToken);
      // Of a database that is none of this one's past.
      if (isLater(position.window.upto, snapshot) || isLater(position.window.after, snapshot)) throw foreignToken();
      return position;
    }
    const window = { after: fromStart ? NOTHING : snapshot, upto: snapshot, first: 0n, last };
    return { window, eventId: fromStart ? 0n : last };
  }

  /** Window by window, and each of them by its ids. */
  async *#follow({ window: begun, eventId: begunAt }: Position, filter: EventFilter, signal: AbortSignal): AsyncGenerator<WatchEventsResponse> {
    const leave = this.#pulse.join(begun.upto);
    try {
      for (let window = begun, eventId = begunAt; ; window = await this.#pulse.next(window.upto, signal), eventId = window.first) {
        while (eventId < window.last) {
          const { rows, reached } = await this.#store.read(window, eventId, filter);
          for (const row of rows) yield { event: toEvent(row, window) };
          eventId = reached;
          signal.throwIfAborted();
        }
      }
    } finally {
      leave();
    }
  }
}

function toEvent(row: EventRow, window: EventWindow): Event {
  return {
    eventId: row.event_id,
    occurredAt: toTimestamp(row.occurred_at),
    projectId: row.project_id,
    deviceId: row.device_id,
    type: row.type,
    payload: row.payload,
    resumeToken: formatToken({ window, eventId: BigInt(row.event_id) }),
  };
}

/** Opaque to callers: base64url of the window's bounds and of the id. */
function formatToken({ window: { after, upto, last }, eventId }: Position): string {
  return Buffer.from([after, upto, last, eventId].join(SEPARATOR)).toString('base64url');
}

function parseToken(token: string): Position {
  const [after = '', upto = '', last = '', id = '', ...others] = decodeBase64url(token)?.toString().split(SEPARATOR) ?? [];
  const areIds = [last, id].every((text) => /^[0-9]{1,19}$/.test(text) && BigInt(text) <= MOST_ID);
  if (others.length > 0 || !areIds || !isSnapshot(after) || !isSnapshot(upto)) throw foreignToken();
  const eventId = BigInt(id);
  return { window: { after, upto, first: eventId, last: BigInt(last) }, eventId };
}

function foreignToken(): Error {
  return invalid('resume_token', 'expects the resume_token of an event of this database');
}
