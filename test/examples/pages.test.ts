import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'mocha';
import { issue } from '../support/certificates.ts';
import { describeWith } from '../support/machine.ts';
import { createDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { temporaryFolder } from '../support/temporary_folder.ts';
import { PAGES, STARTING_PAGES } from './pages.ts';
import type { PageRun } from './pages.ts';
import { MISSING, blocksOf, documentAt, runShell } from './shell_blocks.ts';
import { runWithServers } from './token_blocks.ts';

/** The lines of a page with those before them; places that only readers have are replaced in the page's own. */
function linesOf({ page, heading, before = '', places = {} }: PageRun): string {
  const document = documentAt(page);
  const [title = ''] = document.split('\n');
  const lines = Object.entries(places).reduce((text, [place, stand]) => text.replaceAll(place, stand), blocksOf(document, heading ?? title, 'sh'));
  assert.notEqual(lines, '', `${page} has shell lines`);
  return `${before}\n${lines}`;
}

/** Starts the service as a page says, waits for its ready line, and takes it along when the shell ends. */
const SERVE = `trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT
serve() {
  node src/start.js > "$KEYTURN_DATA_DIR/out" 2> "$KEYTURN_DATA_DIR/err" &
  until grep '^keyturn ready' "$KEYTURN_DATA_DIR/out"; do kill -0 $! || { cat "$KEYTURN_DATA_DIR/err" >&2; exit 1; }; sleep 0.1; done
  export KEYTURN_SERVER=$(sed -n 's/.* grpc=\\([^ ]*\\) .*/\\1/p' "$KEYTURN_DATA_DIR/out")
}
npm() { serve; }
npx() { if [ "$1 $2" = 'keyturn serve' ]; then serve; elif [ "$1" = keyturn ]; then shift; node src/keyturn.js "$@"; else "node_modules/.bin/$1" "\${@:2}"; fi; }`;

describeWith(MISSING, 'the commands of docs/', () => {
  for (const run of PAGES) {
    it(`${run.page} run as they stand`, async () => {
      using folder = temporaryFolder('page');
      writeFileSync(join(folder.path, 'operator.token'), OPERATOR_TOKEN, { mode: 0o600 });
      await using service = await startService();
      const printed = await runWithServers(linesOf(run), service, folder.path);
      for (const expected of run.expected) assert.match(printed, expected);
    }).timeout(120_000);
  }

  for (const run of STARTING_PAGES) {
    it(`${run.page} start the service and run as they stand`, async () => {
      using folder = temporaryFolder('page');
      const { cert, key } = issue();
      for (const [name, text] of [['tls.crt', cert], ['tls.key', key], ['operator.token', OPERATOR_TOKEN]] as const) writeFileSync(join(folder.path, name), text, { mode: 0o600 });
      await using database = await createDatabase();
      const lines = linesOf(run).replaceAll('DATABASE_OF_ITS_OWN', database.url).replaceAll(/\bdata\//g, `${folder.path}/`);
      const printed = await runShell(`${SERVE}\n${lines}`, { KEYTURN_DATA_DIR: folder.path, KEYTURN_HTTP_LISTEN: '127.0.0.1:0', KEYTURN_GRPC_LISTEN: '127.0.0.1:0' });
      for (const expected of run.expected) assert.match(printed, expected);
    }).timeout(120_000);
  }
});
