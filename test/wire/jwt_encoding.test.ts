import { assertAnswer } from './answer.ts';
import { UPDATE, assertRotated, assertUntouched, makeUpdate } from './harness.ts';
import { ENCODING_ROWS } from './jwt_rows/encoding.ts';
import { asUpdates } from './jwt_rows/row.ts';
import { REST, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

const REPEATED: readonly Row[] = [
  { name: 'no authorization', want: 'E401', request: () => ({ authorization: undefined }) },
  { name: 'authorization twice, equal', want: 'E401', wires: REST, request: ({ jwt }) => ({ headers: [['Authorization', jwt]] }) },
  { name: 'authorization twice, in two spellings', want: 'E401', wires: REST, request: ({ jwt }) => ({ headers: [['AUTHORIZATION', `Bearer ${jwt}`]] }) },
  { name: 'authorization twice, once empty', want: 'E401', wires: REST, request: () => ({ headers: [['authorization', '']] }) },
  { name: 'the JWT in Proxy-Authorization', want: 'E401', wires: REST, request: ({ jwt }) => ({ authorization: undefined, headers: [['Proxy-Authorization', jwt]] }) },
  { name: 'the JWT in Authorisation', want: 'E401', wires: REST, request: ({ jwt }) => ({ authorization: undefined, headers: [['Authorisation', jwt]] }) },
  { name: 'the JWT in the query', want: 'E401', wires: REST, request: ({ jwt }) => ({ authorization: undefined, target: `${UPDATE}?authorization=${jwt}` }) },
];

/** A filler in the payload that makes the JWT as long as asked for. */
function long(length: number): NonNullable<Row['edit']> {
  return (draft) => {
    const rest = (length - 1 - 1 - 86 - Math.ceil((JSON.stringify(draft.header).length * 4) / 3)) * 0.75;
    const bare = JSON.stringify({ ...draft.payload, x: '' }).length;
    draft.payload['x'] = 'x'.repeat(Math.floor(rest) - bare);
  };
}

describe('section 5: how the JWT is sent', () => {
  const bench = withBench();
  runRows(bench, [...asUpdates(ENCODING_ROWS), ...REPEATED]);

  for (const [target, want] of [[8192, 'OK'], [8193, 'E401']] as const) {
    it(`${want}: a JWT of ${target} characters`, async () => {
      for (const wire of ['rest', 'grpc'] as const) {
        for (const prefix of ['', 'Bearer ']) {
          const device = await bench().device();
          // A shift of the header's length reaches every length that four letters for three bytes skip.
          const candidates = Array.from({ length: 16 }, (_, shift) =>
            makeUpdate(device, {
              edit(draft) {
                draft.headerText = `${JSON.stringify(draft.header)}${' '.repeat(shift % 3)}`;
                long(target - Math.floor(shift / 3))(draft, bench());
              },
            }),
          );
          const update = candidates.find(({ jwt }) => jwt.length === target);
          if (update === undefined) throw new Error(`none of ${candidates.map(({ jwt }) => jwt.length).join()}`);
          const answer = await bench().send(wire, { authorization: prefix + update.jwt, pop: update.pop });
          assertAnswer(answer, want);
          await (want === 'OK' ? assertRotated(bench(), update) : assertUntouched(bench(), device));
        }
      }
    });
  }
});
