import type { Sealed } from '../crypto/key_ring.ts';
import type { Run, Statement } from './database.ts';
import type { Origin } from './origin.ts';

/** The tables with sealed values, and the columns of their primary keys. Each has an index on its key id and those. */
const KEYS = {
  device_secret: ['device_id', 'slot'],
  access_key: ['access_key'],
  idempotency_record: ['device_id', 'action', 'key'],
  service_key: ['name'],
  identity: ['pk'],
  identity_job: ['job_id'],
  issuer_key: ['public_key'],
  message: ['message_id'],
} as const;

export type SealedTable = keyof typeof KEYS;

export const SEALED_TABLES = Object.keys(KEYS) as readonly SealedTable[];

/** A sealed value of the database: its table, and the values of its primary key. */
export interface SealedRow extends Sealed {
  readonly table: SealedTable;
  readonly key: readonly string[];
}

/** A sealed value, and what is to stand in its place. */
export interface Resealing {
  readonly old: SealedRow;
  readonly sealed: Sealed;
}

/** How many rows one count looks at, so that none takes long. */
const SLICE = 50_000;

/** The statements on one table. */
interface Statements {
  readonly examples: Statement;
  readonly count: Statement;
  readonly read: Statement;
  readonly replace: Statement;
}

const STATEMENTS = new Map(SEALED_TABLES.map((table) => [table, statementsOn(table)]));

const RECORD = {
  name: 'sealed_record',
  text: `insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
    values ($1, '', '', $2, $3, $4, $5, $6::json)`,
};

/** Everything that is sealed, whatever it is, by the master key that it is sealed with. */
export class SealedStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** One row for each master key that is in use, and for each table that it is in use in. */
  async examples(): Promise<SealedRow[]> {
    const found: SealedRow[] = [];
    for (const [table, { examples }] of STATEMENTS) {
      const rows = await this.#run<{ keyId: string; place: string[]; box: Buffer }>(examples, []);
      found.push(...rows.map((row) => ({ table, key: row.place, keyId: row.keyId, box: row.box })));
    }
    return found;
  }

  /** How many rows of a table are sealed with a master key. Takes time in proportion to them, in small steps. */
  async count(table: SealedTable, keyId: string): Promise<number> {
    let count = 0;
    let after: readonly string[] | null = startOf(table);
    while (after !== null) {
      const [slice]: { count: number; last: string[] | null }[] = await this.#run(statementsOf(table).count, [keyId, ...after]);
      count += slice?.count ?? 0;
      after = slice?.last ?? null;
    }
    return count;
  }

  /** At most `limit` rows that are sealed with a master key, in the order of their keys, those after `after` if it is given. */
  async read(table: SealedTable, keyId: string, after: readonly string[] | undefined, limit: number): Promise<SealedRow[]> {
    const values = [keyId, ...(after ?? startOf(table)), limit];
    const rows = await this.#run<{ place: string[]; box: Buffer }>(statementsOf(table).read, values);
    return rows.map((row) => ({ table, key: row.place, keyId, box: row.box }));
  }

  /**
   * Puts new boxes in the place of old ones, in one statement. A row that has changed since it was read stays as it is,
   * and so does one that somebody else is changing: this waits for nobody. Returns how many were replaced.
   */
  async replace(table: SealedTable, rows: readonly Resealing[]): Promise<number> {
    if (rows.length === 0) return 0;
    const columns = KEYS[table].map((_, index) => rows.map(({ old }) => old.key[index]));
    const values = [...columns, rows.map(({ old }) => old.box), rows.map(({ sealed }) => sealed.box), rows.map(({ sealed }) => sealed.keyId)];
    const [row] = await this.#run<{ replaced: number }>(statementsOf(table).replace, values);
    return row?.replaced ?? 0;
  }

  /** Records what was done to the key ring, or to all that it has sealed. */
  async record(action: string, details: Readonly<Record<string, string>>, origin: Origin): Promise<void> {
    await this.#run(RECORD, [origin.at, action, origin.actor, origin.requestId, origin.peer, JSON.stringify(details)]);
  }
}

function statementsOf(table: SealedTable): Statements {
  const statements = STATEMENTS.get(table);
  if (statements === undefined) throw new Error(`there is no table ${table}`);
  return statements;
}

/** Before the first key: no member of a key is empty. */
function startOf(table: SealedTable): string[] {
  return KEYS[table].map(() => '');
}

function statementsOn(table: SealedTable): Statements {
  const columns = KEYS[table];
  const list = columns.join(', ');
  const after = columns.map((_, index) => `$${index + 2}`).join(', ');
  const ofKey = `from ${table} where key_id = $1 and (${list}) > (${after}) order by ${list}`;
  const given = columns.map((_, index) => `$${index + 1}::text[]`).join(', ');
  const [oldBoxes, newBoxes, keyIds] = [1, 2, 3].map((place) => `$${columns.length + place}`);
  return {
    // The key ids one by one, each by one look into the index: what lies between them is not read.
    examples: {
      name: `${table}_examples`,
      text: `with recursive used as (
          (select key_id from ${table} order by key_id limit 1)
          union all
          select (select key_id from ${table} where key_id > used.key_id order by key_id limit 1) from used where used.key_id is not null)
        select used.key_id as "keyId", example.place, example.box
        from used cross join lateral (select array[${list}] as place, box from ${table} where key_id = used.key_id order by ${list} limit 1) as example`,
    },
    count: {
      name: `${table}_count`,
      text: `with slice as materialized (select ${list} ${ofKey} limit ${SLICE})
        select count(*)::int as count, (select array[${list}] from slice offset ${SLICE - 1}) as last from slice`,
    },
    read: { name: `${table}_read_sealed`, text: `select array[${list}] as place, box ${ofKey} limit $${columns.length + 2}` },
    replace: {
      name: `${table}_replace_sealed`,
      text: `with
        given as (
          select * from unnest(${given}, ${oldBoxes}::bytea[], ${newBoxes}::bytea[], ${keyIds}::text[]) as given (${list}, old_box, new_box, new_key_id)),
        locked as (
          select given.* from ${table} join given using (${list})
          where ${table}.box = given.old_box for no key update of ${table} skip locked),
        replaced as (
          update ${table} set box = locked.new_box, key_id = locked.new_key_id from locked
          where ${columns.map((column) => `${table}.${column} = locked.${column}`).join(' and ')} and ${table}.box = locked.old_box
          returning 1)
        select count(*)::int as replaced from replaced`,
    },
  };
}
