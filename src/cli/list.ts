import type { JsonObject } from '@bufbuild/protobuf';
import { asObject } from './json.ts';

/** The paging members of a request. */
export interface PageRequest {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** A list as one document, as if it had been one page. */
export interface List {
  readonly document: JsonObject;
  readonly rows: readonly JsonObject[];
}

const MOST_OF_A_PAGE = 1000;

/** Reads the pages of a list, whose rows are in `member`, to the end or up to `limit` rows. */
export async function readList(
  member: string,
  limit: number,
  ask: (page: PageRequest) => Promise<JsonObject>,
): Promise<List> {
  const rows: JsonObject[] = [];
  let pageToken = '';
  do {
    const page = await ask({ pageSize: Math.min(limit - rows.length, MOST_OF_A_PAGE), pageToken });
    const found = page[member];
    if (Array.isArray(found)) rows.push(...found.map(asObject));
    pageToken = typeof page['next_page_token'] === 'string' ? page['next_page_token'] : '';
  } while (pageToken !== '' && rows.length < limit);
  return { document: { [member]: rows, next_page_token: pageToken }, rows };
}
