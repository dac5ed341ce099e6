import { PAYLOAD_ROWS } from './jwt_rows/payload.ts';
import { asUpdates } from './jwt_rows/row.ts';
import { runRows, withBench } from './rows.ts';

describe('section 5: the payload of the JWT', () => {
  const bench = withBench();
  runRows(bench, asUpdates(PAYLOAD_ROWS));
});
