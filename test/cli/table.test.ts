import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { cut, keep, recordLines, tableLines, wrap } from '../../src/cli/table.ts';
import { widthOf } from '../../src/cli/text_width.ts';

const COLUMNS = [keep('device_id'), keep('updates_allowed'), wrap('updated_at'), cut('key_thumbprint')];
const TIME = '2026-11-22T16:21:54.123Z';
const THUMBPRINT = 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U';
const ROWS = [['pump-7', 'yes', TIME, THUMBPRINT], ['水泵', 'no', TIME, '-']];
const plain = (line: string): string => line;

describe('tables', () => {
  it('are as wide as they are where nothing is narrow', () => {
    assert.deepEqual(tableLines(COLUMNS, ROWS, undefined, plain), [
      `DEVICE_ID  UPDATES_ALLOWED  UPDATED_AT                KEY_THUMBPRINT`,
      `pump-7     yes              ${TIME}  ${THUMBPRINT}`,
      `水泵       no               ${TIME}  -`,
    ]);
    assert.deepEqual(tableLines(COLUMNS, ROWS, 97, plain), tableLines(COLUMNS, ROWS, undefined, plain));
  });

  it('fold heads first, then cut what is shown elsewhere', () => {
    assert.deepEqual(tableLines(COLUMNS, ROWS, 72, plain), [
      `DEVICE_ID  UPDATES_    UPDATED_AT                KEY_THUMBPRINT`,
      `           ALLOWED`,
      `pump-7     yes         ${TIME}  dR1cZzYf-uC6r5L1VOmnKj…`,
      `水泵       no          ${TIME}  -`,
    ]);
  });

  it('fold cells after that', () => {
    assert.deepEqual(tableLines(COLUMNS, ROWS, 50, plain), [
      `DEVICE_ID  UPDATES_    UPDATED_AT       KEY_`,
      `           ALLOWED                      THUMBPRINT`,
      `pump-7     yes         2026-11-22       dR1cZzYf-…`,
      `                       T16:21:54.123Z`,
      `水泵       no          2026-11-22       -`,
      `                       T16:21:54.123Z`,
    ]);
  });

  it('are no tables where that is not enough', () => {
    assert.equal(tableLines(COLUMNS, ROWS, 40, plain), undefined);
  });

  it('are painted without a change of their width', () => {
    const painted = tableLines([keep('state'), keep('device_id')], [['FROZEN', 'a'], ['ACTIVE', 'b']], 20, (line, cell) => (cell === 'FROZEN' ? `<${line}>` : line));
    assert.deepEqual(painted, ['STATE   DEVICE_ID', '<FROZEN>  a', 'ACTIVE  b']);
  });

  it('fit whatever they hold, and keep what people copy', () => {
    const cell = fc.string({ unit: fc.constantFrom(...Array.from('ab水-. é\u0301')), minLength: 1, maxLength: 60 }).filter((text) => text === text.trim());
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }), fc.integer({ min: 20, max: 200 }), (rows, width) => {
        const lines = tableLines([keep('a'), wrap('b'), cut('c')], rows, width, plain);
        const least = Math.max(...rows.map(([kept]) => widthOf(kept))) + 24;
        if (lines === undefined) assert.ok(least > width);
        else {
          for (const line of lines) assert.ok(widthOf(line) <= width, JSON.stringify(line));
          for (const [kept] of rows) assert.ok(lines.some((line) => line.startsWith(kept)));
        }
      }),
    );
  });
});

describe('records', () => {
  const record = [['device_id', 'pump-7'], ['scopes', 'telemetry.write refresh.token'], ['key_thumbprint', THUMBPRINT]] as const;

  it('are a line a member', () => {
    const wide = ['device_id       pump-7', 'scopes          telemetry.write refresh.token', `key_thumbprint  ${THUMBPRINT}`];
    assert.deepEqual(recordLines(record, undefined, plain), wide);
    assert.deepEqual(recordLines(record, 80, plain), wide);
  });

  it('fold at blanks, and leave a long word whole on a line of its own', () => {
    assert.deepEqual(recordLines(record, 43, plain), [
      'device_id       pump-7', 'scopes          telemetry.write', '                refresh.token', 'key_thumbprint', THUMBPRINT,
    ]);
  });
});
