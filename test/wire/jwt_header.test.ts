import { HEADER_ROWS } from './jwt_rows/header.ts';
import { asUpdates } from './jwt_rows/row.ts';
import { runRows, withBench } from './rows.ts';

describe('section 5: the header of the JWT', () => {
  const bench = withBench();
  runRows(bench, asUpdates(HEADER_ROWS));
});
