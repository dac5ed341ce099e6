import type { ListAuditEventsRequest, ListAuditEventsResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { AuditCursor, AuditEventStore } from '../../db/audit_event.ts';
import { integerCursor, readPage } from './page.ts';
import { toAuditEvent } from './resources.ts';

/** The calls of OperatorService that concern the audit trail. */
export class AuditEvents {
  readonly #store: AuditEventStore;

  constructor(store: AuditEventStore) {
    this.#store = store;
  }

  async list(request: ListAuditEventsRequest): Promise<ListAuditEventsResponse> {
    const filter = { deviceId: request.deviceId || undefined, identity: request.identity || undefined };
    const page = await readPage(
      request,
      2,
      (before, limit) => this.#store.list(filter, cursorOf(before), limit),
      (row) => [row.xact, row.event_id],
    );
    return { auditEvents: page.rows.map(toAuditEvent), nextPageToken: page.nextPageToken };
  }
}

function cursorOf(texts: readonly string[] | undefined): AuditCursor | undefined {
  const xact = integerCursor(texts?.[0]);
  const eventId = integerCursor(texts?.[1]);
  return xact === undefined || eventId === undefined ? undefined : { xact: String(xact), eventId: String(eventId) };
}
