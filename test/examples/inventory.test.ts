import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { PAGES, STARTING_PAGES } from './pages.ts';
import { documentAt } from './shell_blocks.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Which test or script runs the fenced blocks of a page, by page and language, but for those of pages.ts. */
const RUN_BY: Readonly<Record<string, readonly string[]>> = {
  'README.md sh': ['.ci/readme', '.ci/programs'],
  'README.md js': ['test/examples/huaweicloud_sdk.test.ts', 'test/examples/identity.test.ts'],
  'docs/command_line.md sh': ['test/cli/command_line_docs.test.ts'],
  'docs/rest_client.md ts': ['test/rest_client/docs.test.ts'],
  'docs/identity.md sh': ['test/examples/identity_docs.test.ts'],
  'docs/identity.md sql': ['test/examples/identity_docs.test.ts'],
  'docs/messages.md js': ['test/messages/webhooks.test.ts'],
  'docs/performance.md sh': ['.ci/programs'],
  'docs/reliability.md sh': ['.ci/programs'],
  'examples/go/README.md sh': ['.ci/client_go'],
  'examples/python/README.md sh': ['.ci/client_python'],
  'docs/tokens.md sh': ['test/examples/tokens_docs.test.ts', 'test/examples/tokens_password.test.ts'],
};

/** Languages that are shown and not run: bodies, requests, and what is printed. */
const SHOWN: ReadonlySet<string> = new Set(['', 'json', 'http']);

const pages = ['README.md', ...['docs', 'examples'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))]
  .filter((path) => path.endsWith('.md'))
  .toSorted();
const languages = pages.flatMap((page) => {
  const fences = documentAt(page).matchAll(/^ *```(\w*)\n[^]*?^ *```$/gm);
  return [...new Set(Array.from(fences, ([, language = '']) => language))].filter((language) => !SHOWN.has(language)).map((language) => `${page} ${language}`);
});

describe('what README, docs/ and the examples show', () => {
  it('is run: every page with commands or programs says by what', () => {
    const run = new Set([...Object.keys(RUN_BY), ...[...PAGES, ...STARTING_PAGES].map(({ page }) => `${page} sh`)]);
    assert.deepEqual(languages.filter((each) => !run.has(each)), [], 'run by nothing: add it to test/examples/pages.ts');
    assert.deepEqual([...run].filter((each) => !languages.includes(each)), [], 'there is no such block any more');
  });

  it('is run by tests and scripts that read the page', () => {
    for (const [block, runners] of Object.entries(RUN_BY)) {
      const [page = ''] = block.split(' ');
      for (const runner of runners) {
        const text = documentAt(runner);
        assert.ok(text.includes(page) || (page.startsWith('docs/') && text.includes('docs/*.md')) || text.includes(page.replace('docs/', '')), `${runner} reads ${page}`);
      }
    }
  });

  it('has no example that nothing runs', () => {
    const folders = readdirSync(join(ROOT, 'examples'));
    const runners = ['test', '.ci'].flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8', withFileTypes: false }).map((name) => `${folder}/${name}`));
    const texts = runners.filter((path) => path.startsWith('.ci/') || path.endsWith('.ts')).map((path) => documentAt(path)).join('\n') + documentAt('package.json') + documentAt('README.md');
    assert.deepEqual(folders.filter((name) => !texts.includes(`examples/${name}`)), []);
  });

  it('in README stands on lines whose first words .ci/readme and .ci/programs know', () => {
    const lines = Array.from(documentAt('README.md').matchAll(/^```sh\n([^]*?)^```$/gm), ([, block = '']) => block.trimEnd().split('\n')).flat();
    const whole = /^(?:ada|pump|look|as_pump|jwt|job|code|answer|token|renewed|kill|npx keyturn|curl|node)\b/;
    const unknown = lines.filter((line) => !/^(?:curl|node|npx buf|npx keyturn|npm run|npm ci) /.test(line) && !whole.test(line));
    assert.deepEqual(unknown, []);
  });
});
