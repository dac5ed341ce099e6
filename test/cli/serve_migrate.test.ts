import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { openDataFolder } from '../../src/data_folder.ts';
import { createDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';
import { ended, keyturn, start } from './keyturn.ts';

const LISTEN = { KEYTURN_HTTP_LISTEN: '127.0.0.1:0', KEYTURN_GRPC_LISTEN: '127.0.0.1:0' };

describe('keyturn serve and migrate', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('migrates once, needs neither token nor keys for it, and serves what was migrated until SIGTERM', async () => {
    await using database = await createDatabase();
    const environment = { KEYTURN_DATABASE_URL: database.url };
    const first = await keyturn(['migrate'], { environment });
    assert.deepEqual([first.code, first.stderr], [0, '']);
    assert.match(first.stdout, /^the database of KEYTURN_DATABASE_URL was migrated: 0001(?:, \d{4})*\n$/);
    const again = await keyturn(['migrate'], { environment });
    assert.equal(again.stdout, 'the database of KEYTURN_DATABASE_URL is up to date, nothing was changed\n');

    const child = start(['serve'], { environment: { ...environment, ...LISTEN, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS } });
    const end = ended(child);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    const { code, stdout } = await end;
    assert.equal(code, 0);
    assert.match(stdout, /^keyturn ready http=http:\/\/127\.0\.0\.1:\d+ grpc=127\.0\.0\.1:\d+ store=postgres\n$/);
  });

  it('migrates the embedded database', async () => {
    const { code, stdout, stderr } = await keyturn(['migrate', '--json'], { environment: { KEYTURN_DATA_DIR: join(folder, 'new') } });
    assert.deepEqual([code, stderr], [0, '']);
    const { store, migrations } = JSON.parse(stdout) as { store: string; migrations: string[] };
    assert.deepEqual([store, migrations[0]], ['embedded', '0001']);
  });

  it('leaves a data folder that is in use alone', async () => {
    const used = join(folder, 'used');
    using lock = openDataFolder(used);
    const { code, stderr } = await keyturn(['migrate'], { environment: { KEYTURN_DATA_DIR: used } });
    assert.equal(code, 1);
    assert.equal(stderr, `keyturn: another Keyturn (pid ${process.pid}) is using ${lock.path}; stop it or set KEYTURN_DATA_DIR to another folder\n`);
  });

  it('says which database does not answer, without its password', async () => {
    const environment = { KEYTURN_DATABASE_URL: 'postgres://me:pass-word@127.0.0.1:1/x' };
    const { code, stderr } = await keyturn(['migrate'], { environment });
    assert.equal(code, 1);
    assert.match(stderr, /^keyturn: [^\n]*127\.0\.0\.1:1[^\n]*\n$/);
    assert.doesNotMatch(stderr, /pass-word/);
  });

  it('complains of bad settings', async () => {
    const environment = { KEYTURN_LOG_LEVEL: 'loud', KEYTURN_DATA_DIR: folder };
    const results = await Promise.all(['serve', 'migrate'].map((command) => keyturn([command], { environment })));
    for (const { code, stderr } of results) {
      assert.deepEqual([code, stderr], [2, 'keyturn: bad settings\n  KEYTURN_LOG_LEVEL expects one of debug, info, warn, error, silent\n']);
    }
  });
});
