import { assertAnswer, WIRES } from './answer.ts';
import type { Want, Wire } from './answer.ts';
import { Bench, assertRotated, assertUntouched, makeUpdate } from './harness.ts';
import type { DeviceOptions, Update, UpdateOptions, WireRequest } from './harness.ts';
import type { Environment } from '../../src/config/index.ts';
import type { Draft } from './jwt.ts';

/** One case: a good update of a new device, but for what the row changes, and its answer. */
export interface Row {
  readonly name: string;
  readonly want: Want;
  /** The reason over gRPC, where several fit the envelope. */
  readonly reason?: string;
  readonly device?: DeviceOptions;
  readonly update?: UpdateOptions;
  /** Changes the JWT before it is signed; `bench` gives the clock. */
  readonly edit?: (draft: Draft, bench: Bench) => void;
  readonly request?: (update: Update) => WireRequest;
  /** The wires it concerns; both unless given. */
  readonly wires?: readonly Wire[];
}

/** For rows about raw HTTP. */
export const REST: readonly Wire[] = ['rest'];

/** Rows about raw HTTP. */
export function restOnly(rows: readonly Row[]): Row[] {
  return rows.map((row) => Object.assign({}, row, { wires: REST }));
}

/** Rows that all have one answer. */
export function all(want: Want, rows: readonly Omit<Row, 'want'>[], reason?: string): Row[] {
  return rows.map((row) => Object.assign({ want }, row, reason === undefined ? {} : { reason }));
}

/** The whole of a describe block's life with one service. */
export function withBench(settings: Environment = {}): () => Bench {
  let bench: Bench | undefined;
  before(async () => {
    bench = await Bench.start(settings);
  });
  after(() => bench?.[Symbol.asyncDispose]());
  return () => {
    if (bench === undefined) throw new Error('the bench is not there yet');
    return bench;
  };
}

/** Runs every row over its wires, each on a device of its own. */
export function runRows(bench: () => Bench, rows: readonly Row[]): void {
  for (const row of rows) {
    for (const wire of row.wires ?? WIRES) it(`${row.want} ${wire}: ${row.name}`, () => runRow(bench(), wire, row));
  }
}

async function runRow(bench: Bench, wire: Wire, row: Row): Promise<void> {
  const device = await bench.device(row.device);
  const edit = row.edit && ((draft: Draft) => row.edit?.(draft, bench));
  const update = makeUpdate(device, { ...row.update, ...(edit === undefined ? {} : { edit }) });
  const request = { authorization: update.jwt, pop: update.pop, ...row.request?.(update) };
  const answer = await bench.send(wire, request);
  assertAnswer(answer, row.want, { reason: row.reason, requestId: request.requestId });
  if (row.want === 'OK') return assertRotated(bench, update);
  await assertUntouched(bench, device);
  await assertJtiUnburnt(bench, wire, row, update);
}

/** A good request with the jti of the refused one goes through. */
async function assertJtiUnburnt(bench: Bench, wire: Wire, { device }: Row, { device: caller, jti }: Update): Promise<void> {
  if (device?.frozen === true) await bench.operator('POST', `/v1/devices/${caller.id}:unfreeze`);
  if (device?.updatesAllowed === false) {
    await bench.sql.query('update device set updates_allowed = true where device_id = $1', [caller.id]);
  }
  const good = makeUpdate(caller, { jti, kind: 'P-256' });
  assertAnswer(await bench.sendUpdate(wire, good), 'OK');
  await assertRotated(bench, good);
}
