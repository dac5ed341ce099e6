import assert from 'node:assert/strict';
import { WIRES, assertNoInternals } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { withIdentities } from './bench.ts';
import type { IdentityBench } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import type { IdentityError } from './errors.ts';
import { WIDE, assertJobAnswer, confirmJob, confirmedJob, deleteJob, jwtIn, readyJob, retrieveJob, shownOf, updateJob, waitingJob, wrongCode } from './jobs.ts';
import type { OpenJob } from './jobs.ts';

const DAY = 86_400_000;
const CODE_LIFE = 600_000;

type Column = 'GET' | 'HEAD' | 'right code' | 'wrong code' | 'PUT' | 'DELETE';
/** A refusal, or the status of success. */
type Cell = 200 | 202 | 204 | IdentityError;

interface State {
  readonly name: string;
  readonly make: (bench: IdentityBench, wire: Wire) => Promise<OpenJob & { readonly jwt?: string }>;
  readonly cells: Readonly<Record<Column, Cell>>;
}

const GONE = 'unknown-job';
const NO_JOB: State['cells'] = { GET: GONE, HEAD: GONE, 'right code': GONE, 'wrong code': GONE, PUT: GONE, DELETE: GONE };
const WAITING = { GET: 204, HEAD: 204, 'wrong code': 'auth-error', PUT: 'job-not-confirmed', DELETE: 200 } as const;
const VOID: State['cells'] = { ...WAITING, 'right code': 'auth-error' };
const SIGNED = { 'right code': 202, 'wrong code': 'auth-error', PUT: 200, DELETE: 200 } as const;

const named = (job: string): State['make'] => async (bench, wire) => ({ ...(await readyJob(bench, { wire })), job });
const aged = (make: typeof waitingJob, age: number): State['make'] => async (bench, wire) => {
  const open = await make(bench, { wire });
  bench.service.clock.advance(age);
  return open;
};

/** The table of contracts/authentiq.md 7.4. */
const STATES: readonly State[] = [
  { name: 'none', make: named('AAAAAAAAAAAAAAAAAAAA'), cells: NO_JOB },
  { name: 'none: 19 characters', make: named('AAAAAAAAAAAAAAAAAAA'), cells: NO_JOB },
  { name: 'none: 21 characters', make: named('AAAAAAAAAAAAAAAAAAAAA'), cells: NO_JOB },
  { name: 'none: another alphabet', make: named('AAAAAAAAAAAAAAAAAAA+'), cells: NO_JOB },
  { name: 'none: a letter of another script', make: named('AAAAAAAAAAAAAAAAAAAä'), cells: NO_JOB },
  {
    name: 'deleted',
    make: async (bench, wire) => {
      const open = await readyJob(bench, { wire });
      assertJobAnswer(await deleteJob(bench, wire, open.job), 200, '{"status":"done"}');
      return open;
    },
    cells: NO_JOB,
  },
  {
    name: 'of a revoked key',
    make: async (bench, wire) => {
      const key = await bench.register();
      const open = await readyJob(bench, { wire, key });
      await bench.send(wire, 'keyRevoke', key);
      return open;
    },
    cells: NO_JOB,
  },
  {
    name: 'opened at the moment of the revocation of its key',
    make: async (bench, wire) => {
      const open = await confirmedJob(bench, { wire });
      await bench.sql.query(`update identity set state = 'REVOKED' where pk = $1`, [open.key.pk]);
      return open;
    },
    cells: NO_JOB,
  },
  { name: '24 h old, waiting', make: aged(waitingJob, DAY), cells: NO_JOB },
  { name: '24 h old, confirmed', make: aged(confirmedJob, DAY), cells: NO_JOB },
  { name: '24 h old, ready', make: aged(readyJob, DAY), cells: NO_JOB },
  { name: 'waiting', make: (bench, wire) => waitingJob(bench, { wire }), cells: { ...WAITING, 'right code': 202 } },
  { name: 'waiting, a second before the code expires', make: aged(waitingJob, CODE_LIFE - 1_000), cells: { ...WAITING, 'right code': 202 } },
  { name: 'waiting, code expired', make: aged(waitingJob, CODE_LIFE), cells: VOID },
  {
    name: 'waiting, code void',
    make: async (bench, wire) => {
      const open = await waitingJob(bench, { wire });
      for (let distance = 1; distance <= 5; distance += 1) assertIdentityRefusal(await confirmJob(bench, wire, open.job, wrongCode(open.code, distance)), 'auth-error');
      return open;
    },
    cells: VOID,
  },
  { name: 'confirmed', make: (bench, wire) => confirmedJob(bench, { wire }), cells: { ...SIGNED, GET: 204, HEAD: 204 } },
  { name: 'confirmed, code expired', make: aged(confirmedJob, CODE_LIFE), cells: { ...SIGNED, GET: 204, HEAD: 204 } },
  { name: 'ready', make: (bench, wire) => readyJob(bench, { wire }), cells: { ...SIGNED, GET: 200, HEAD: 200 } },
  { name: 'ready, a second before its end', make: aged(readyJob, DAY - 10_000), cells: { ...SIGNED, GET: 200, HEAD: 200 } },
];

const COLUMNS: readonly Column[] = ['GET', 'HEAD', 'right code', 'wrong code', 'PUT', 'DELETE'];

describe('section 7.4: the states of a job', () => {
  const bench = withIdentities(WIDE);

  const send = (wire: Wire, column: Column, { job, code }: OpenJob): Promise<Answer> => {
    switch (column) {
      case 'GET':
        return retrieveJob(bench(), wire, job);
      case 'HEAD':
        return bench().rest.send({ method: 'HEAD', target: `/scope/${encodeURIComponent(job)}` });
      case 'PUT':
        return updateJob(bench(), wire, job);
      case 'DELETE':
        return deleteJob(bench(), wire, job);
      default:
        return confirmJob(bench(), wire, job, column === 'right code' ? code : wrongCode(code));
    }
  };

  for (const { name, make, cells } of STATES) {
    for (const column of COLUMNS) {
      for (const wire of WIRES) {
        // HEAD is one of HTTP.
        if (column === 'HEAD' && wire === 'grpc') continue;
        const cell = cells[column];
        it(`${wire}: ${name}: ${column}: ${cell}`, async () => {
          const open = await make(bench(), wire);
          const answer = await send(wire, column, open);
          if (column === 'HEAD') return assertHead(answer, cell);
          if (typeof cell === 'string') return assertIdentityRefusal(answer, cell);
          assertJobAnswer(answer, cell, bodyOf(wire, column, cell, open, answer));
        });
      }
    }
  }
});

/** A refusal of HEAD has no body either. */
function assertHead(answer: Answer, cell: Cell): void {
  assertNoInternals(answer);
  assert.deepEqual([answer.status, answer.body], [typeof cell === 'string' ? 404 : cell, '']);
}

function bodyOf(wire: Wire, column: Column, cell: Cell, open: OpenJob & { readonly jwt?: string }, answer: Answer): string {
  const { jwt } = open;
  if (cell === 204) return wire === 'rest' ? '' : '{"jwt":""}';
  if (cell === 202) return '{"status":"confirmed"}';
  if (column === 'DELETE') return '{"status":"done"}';
  if (column === 'PUT') return `{"status":"ready","jwt":"${jwt ?? jwtIn(answer)}"}`;
  assert.ok(jwt);
  const claims = shownOf(open, jwt);
  return wire === 'rest' ? claims : `{"claims":${claims},"jwt":"${jwt}"}`;
}
