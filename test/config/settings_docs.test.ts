import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'mocha';

const SOURCES = new URL('../../src/config/', import.meta.url);
const PAGES = ['docs/settings.md', 'docs/identity.md'];

describe('docs/settings.md', () => {
  it('lists every setting that the service reads, and none that it does not; those of identity keys have their own page', () => {
    const read = new Set(readdirSync(SOURCES).flatMap((name) => readFileSync(new URL(name, SOURCES), 'utf8').match(/\bKEYTURN_[A-Z0-9_]*[A-Z0-9]\b/g) ?? []));
    const shown = new Set(PAGES.flatMap((page) => rowsOf(readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8'))));
    assert.deepEqual([...read].filter((name) => !shown.has(name)), []);
    assert.deepEqual([...shown].filter((name) => !read.has(name) && !/^KEYTURN_(?:SERVER|TEST)/.test(name)), []);
  });
});

/** The variables in the first column of tables. */
function rowsOf(page: string): string[] {
  return page.split('\n').flatMap((line) => /^\|([^|]*)\|/.exec(line)?.[1]?.match(/KEYTURN_[A-Z0-9_]*[A-Z0-9]\b/g) ?? []).filter((name) => name !== 'KEYTURN_AUTHENTIQ');
}
