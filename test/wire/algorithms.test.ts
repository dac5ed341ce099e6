import { EVERY_ALGORITHM } from './harness.ts';
import { newPair } from './jwt.ts';
import { ALGORITHM_ROWS, DEFAULT_ROWS, HALF, HALF_ROWS } from './jwt_rows/algorithms.ts';
import { asUpdates } from './jwt_rows/row.ts';
import { runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

const fresh = newPair();

describe('section 5.1: algorithms, all on', () => {
  runRows(withBench(EVERY_ALGORITHM), [
    ...asUpdates(ALGORITHM_ROWS),
    { name: 'signed by the new key', want: 'E401', wires: ['rest'], update: { next: fresh }, edit: (draft) => void (draft.signer = fresh.privateKey) },
  ]);
});

describe('section 5.1: algorithms as by default', () => {
  const refused = (['P-384', 'Ed25519', 'RSA'] as const).map((kind): Row => ({ name: `a new key of type ${kind} is off`, want: 'E400', reason: 'PUBLIC_KEY_INVALID', update: { kind } }));
  runRows(withBench(), [...asUpdates(DEFAULT_ROWS), ...refused]);
});

describe('section 5.1: one of two algorithms of a key type', () => {
  runRows(withBench(HALF), [
    ...asUpdates(HALF_ROWS),
    { name: 'to Ed25519', want: 'OK', update: { kind: 'Ed25519' } },
    { name: 'to P-384, which is off', want: 'E400', reason: 'PUBLIC_KEY_INVALID', update: { kind: 'P-384' } },
  ]);
});
