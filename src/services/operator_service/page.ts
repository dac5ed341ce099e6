import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { decodeBase64url } from '../../crypto/base64.ts';
import { ApiError } from '../../errors.ts';

const DEFAULT_SIZE = 50;
const MOST = 1000;
const SEPARATOR = ' ';
const CURSOR_TEXT = /^[A-Za-z0-9._-]{1,128}$/;

/** The paging members of a list request. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** One answer of a list and the token for the next. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextPageToken: string;
}

/**
 * Reads one page: `load` gets the cursor of the token before and how many rows
 * to read; `cursorOf` gives the cursor of a row, an array of texts. A token is
 * opaque to callers: base64url of its texts. Refuses a negative size
 * and a token that this list did not make.
 */
export async function readPage<Row>(
  request: PageRequest,
  cursorLength: number,
  load: (after: readonly string[] | undefined, limit: number) => Promise<Row[]>,
  cursorOf: (row: Row) => readonly string[],
): Promise<Page<Row>> {
  const size = sizeOf(request.pageSize);
  const after = request.pageToken === '' ? undefined : parseToken(request.pageToken, cursorLength);
  // One row more than shown tells whether there is another page.
  const rows = await load(after, size + 1);
  const shown = rows.slice(0, size);
  const last = shown.at(-1);
  const isLast = rows.length <= size || last === undefined;
  return { rows: shown, nextPageToken: isLast ? '' : formatToken(cursorOf(last)) };
}

function sizeOf(asked: number): number {
  if (asked < 0) throw invalid('page_size', 'expects 1 to 1000, or nothing for 50');
  return asked === 0 ? DEFAULT_SIZE : Math.min(asked, MOST);
}

function formatToken(cursor: readonly string[]): string {
  return Buffer.from(cursor.join(SEPARATOR)).toString('base64url');
}

function parseToken(token: string, length: number): readonly string[] {
  const texts = decodeBase64url(token)?.toString().split(SEPARATOR);
  if (texts?.length !== length || !texts.every((text) => CURSOR_TEXT.test(text))) throw foreignToken();
  return texts;
}

function foreignToken(): ApiError {
  return invalid('page_token', 'expects the next_page_token of the answer before');
}

/** A cursor that is a number, as this list made it. */
export function integerCursor(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (!/^[0-9]{1,19}$/.test(text) || BigInt(text) > 2n ** 63n - 1n) throw foreignToken();
  return BigInt(text);
}

/** A refusal that names one field. */
export function invalid(field: string, description: string): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_INVALID_ARGUMENT, `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}
