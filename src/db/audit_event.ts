import type { Run } from './database.ts';

export interface AuditEventRow {
  readonly event_id: string;
  readonly xact: string;
  readonly occurred_at: Date;
  readonly project_id: string;
  readonly device_id: string;
  readonly action: string;
  readonly actor: string;
  readonly request_id: string;
  readonly peer: string;
  readonly details: Readonly<Record<string, string>>;
  readonly identity: string | null;
}

/**
 * A place in the trail. A list goes from the newest event backwards and consumes
 * nothing, so it shows what is committed when it is read; readers that move
 * forward must wait for `xact < pg_snapshot_xmin(pg_current_snapshot())`. Identity values do not commit in order; transaction ids
 * with identity values do not change their order once all older transactions have ended.
 */
export interface AuditCursor {
  readonly xact: string;
  readonly eventId: string;
}

/** Whose events are asked for; undefined: anybody's. */
export interface AuditFilter {
  readonly deviceId: string | undefined;
  readonly identity: string | undefined;
}

const COLUMNS = 'event_id, xact::text as xact, occurred_at, project_id, device_id, action, actor, request_id, peer, details, identity';
const NEWEST = "coalesce($1::xid8, '18446744073709551615'), coalesce($2::bigint, 9223372036854775807)";
const PAGE = `(audit_event.xact, event_id) < (${NEWEST}) order by audit_event.xact desc, event_id desc limit $3`;

const LIST = { name: 'audit_list', text: `select ${COLUMNS} from audit_event where ${PAGE}` };

const LIST_OF_DEVICE = {
  name: 'audit_list_of_device',
  text: `select ${COLUMNS} from audit_event where device_id = $4 and ${PAGE}`,
};

const LIST_OF_IDENTITY = {
  name: 'audit_list_of_identity',
  text: `select ${COLUMNS} from audit_event where identity = $4 and ${PAGE}`,
};

const LIST_OF_BOTH = {
  name: 'audit_list_of_both',
  text: `select ${COLUMNS} from audit_event where device_id = $4 and identity = $5 and ${PAGE}`,
};

/** Reads the audit trail. Its rows are written by the statements that make the changes. */
export class AuditEventStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Events, newest first: of one device or one identity key if they are given, before `before` if it is given. */
  async list({ deviceId, identity }: AuditFilter, before: AuditCursor | undefined, limit: number): Promise<AuditEventRow[]> {
    const values = [before?.xact ?? null, before?.eventId ?? null, limit];
    if (identity !== undefined) {
      return deviceId === undefined
        ? this.#run<AuditEventRow>(LIST_OF_IDENTITY, [...values, identity])
        : this.#run<AuditEventRow>(LIST_OF_BOTH, [...values, deviceId, identity]);
    }
    return deviceId === undefined
      ? this.#run<AuditEventRow>(LIST, values)
      : this.#run<AuditEventRow>(LIST_OF_DEVICE, [...values, deviceId]);
  }
}
