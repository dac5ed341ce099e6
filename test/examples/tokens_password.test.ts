import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'mocha';
import { describeWith } from '../support/machine.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { MISSING, blocksOf, documentAt } from './shell_blocks.ts';
import { runWithServers } from './token_blocks.ts';

const PAGE = documentAt('docs/tokens.md');
const HEADING = '### With a password';
const REGISTERED = blocksOf(PAGE, '## Get a token', 'sh');

/** In place of the start that the page shows, which the test makes itself: what it would be started with. */
const STARTED = 'npm() { env | grep ^KEYTURN_IOTHENTIX_; }\n';

describeWith(MISSING, 'introspection with a password', () => {
  it('is set up line by line as docs/tokens.md shows it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-example-'));
    await using database = await createDatabase();
    const [setUp = '', used = ''] = blocksOf(PAGE, HEADING, 'sh').split(/(?<=npm start\n)/);
    let printed: string;
    {
      await using service = await startService({ database });
      printed = await runWithServers(STARTED + REGISTERED + setUp, service, folder);
    }
    const settings = Object.fromEntries(Array.from(printed.matchAll(/^(KEYTURN_IOTHENTIX_\w+)=(.+)$/gm), ([, name = '', value = '']) => [name, value]));
    assert.deepEqual(Object.keys(settings).toSorted(), ['KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS', 'KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH']);
    await using service = await startService({ database, settings });
    const answers = (await runWithServers(used, service, folder)).split('\n').filter((line) => line.startsWith('{'));
    rmSync(folder, { recursive: true, force: true });
    assert.equal(answers[0], '{"device":"meter-3"}');
    assert.match(answers[1] ?? '', /^\{"error":\{"code":401,"status":"Unauthorized",/);
    assert.equal(answers.length, 2);
  }).timeout(120_000);
});
