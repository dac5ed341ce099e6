import assert from 'node:assert/strict';
import { chownSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { openDataFolder } from '../../src/data_folder.ts';
import { Findings } from '../../src/doctor/finding.ts';
import { judgeRoom } from '../../src/doctor/folder.ts';
import { startChild } from '../faults/fixtures/child.ts';
import { Folder, FREE, doctor, linesOf, oneLine } from './doctor.ts';
import type { Finding } from './doctor.ts';
import { keyturn } from './keyturn.ts';

const TOKEN = 'operator-token-of-the-tests';

function look(folder: Folder): Promise<readonly Finding[]> {
  return doctor({ ...FREE, KEYTURN_DATA_DIR: folder.data });
}

function judge(free: bigint): string[] {
  const findings = new Findings('folder');
  judgeRoom(findings, '/data', free);
  return linesOf(findings.list, 'folder');
}

/** Names, modes and times of all that is in a folder. */
function stateOf(folder: string): string[] {
  return ['.', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })].toSorted().map((name) => {
    const { mode, mtimeMs, uid } = statSync(join(folder, name));
    return `${name} ${mode} ${mtimeMs} ${uid}`;
  });
}

describe('doctor and the data folder', () => {
  it('finds a running service with its database, its clock and its listeners', async () => {
    using folder = new Folder();
    await using child = await startChild({ KEYTURN_DATA_DIR: folder.data });
    const findings = await doctor({
      KEYTURN_DATA_DIR: folder.data, KEYTURN_HTTP_LISTEN: child.url.replace('http://', ''), KEYTURN_GRPC_LISTEN: child.grpc,
    });
    assert.deepEqual(findings.filter(({ state }) => state !== 'good'), []);
    oneLine(findings, 'folder', /is this user's alone \(mode 0700\)/);
    oneLine(findings, 'folder', /the 6 files in it that must be private are so/);
    oneLine(findings, 'folder', new RegExp(`in use by a running service \\(pid ${child.pid}\\)`));
    oneLine(findings, 'database', /PostgreSQL 18\.\d+ answers at 127\.0\.0\.1:\d+\/keyturn as keyturn/);
    oneLine(findings, 'database', /has all migrations/);
    oneLine(findings, 'clock', /clock is 0\.\d{3} s/);
    assert.equal(linesOf(findings, 'listeners').filter((line) => line.endsWith('in use by a running Keyturn, which is ready')).length, 2);
    const secrets = ['operator.token', 'postgres/password'].map((name) => readFileSync(join(folder.data, name), 'utf8').trim());
    for (const secret of secrets) assert.ok(!JSON.stringify(findings).includes(secret), 'a secret is shown');
  });

  it('changes nothing in a folder without a running service, and says so of what was left by a killed one', async () => {
    using folder = new Folder();
    assert.equal((await keyturn(['migrate'], { environment: { KEYTURN_DATA_DIR: folder.data } })).code, 0);
    folder.write('data/lock.pid', `${process.pid}\n`, 0o600);
    const before = stateOf(folder.data);
    const findings = await look(folder);
    assert.deepEqual(stateOf(folder.data), before);
    assert.deepEqual(findings.filter(({ state }) => state !== 'good'), []);
    oneLine(findings, 'folder', /not in use by a running service/);
    oneLine(findings, 'database', /^good: the embedded PostgreSQL is not running, .*; start the service and run keyturn doctor again/);
    assert.deepEqual(linesOf(findings, 'clock'), ['good: not compared: there is no database to compare with']);
  });

  it('finds a folder that is held while its database does not run', async () => {
    using folder = new Folder();
    using held = openDataFolder(folder.data);
    const findings = await look(folder);
    oneLine(findings, 'folder', new RegExp(`^good: it is in use by a running service \\(pid ${process.pid}\\)$`));
    oneLine(findings, 'database', /^bad: the embedded PostgreSQL is not running, although the service .* - wait until/);
    oneLine(findings, 'clock', /^warning: not compared.* - see what is said of the database/);
    assert.throws(() => openDataFolder(held.path), /is using/, 'the lock was lost');
  });

  it('complains of rights that are too wide, and leaves them', async () => {
    using folder = new Folder();
    folder.write('data/', '', 0o755);
    folder.write('data/operator.token', TOKEN, 0o640);
    folder.write('data/postgres/', '', 0o750);
    folder.write('data/postgres/password', 'hush-hush', 0o604);
    const findings = await look(folder);
    oneLine(findings, 'folder', new RegExp(`^bad: ${folder.data} is open to other users \\(mode 0755\\) - run chmod 700 ${folder.data}$`));
    oneLine(findings, 'folder', /^bad: \S+\/operator\.token is open .*0640.* - run chmod 600 \S+\/operator\.token/);
    oneLine(findings, 'folder', /^bad: \S+\/postgres is open .*0750.* - run chmod 700 \S+\/postgres/);
    oneLine(findings, 'folder', /^bad: \S+\/postgres\/password is open .*0604.* - run chmod 600/);
    assert.equal(statSync(folder.data).mode & 0o777, 0o755);
    assert.ok(!/hush-hush|operator-token-of/.test(JSON.stringify(findings)));
  });

  it('complains of an operator token that the service will not take', async () => {
    using folder = new Folder();
    folder.write('data/', '', 0o700);
    folder.write('data/operator.token', 'short', 0o600);
    oneLine(await look(folder), 'folder', /^bad: \S+operator\.token expects 16 to 1024 .* - remove it/);
    folder.write('data/operator.token', '', 0o600);
    oneLine(await look(folder), 'folder', /^bad: the operator's token cannot be used: .* is empty.* - restore .*or remove it/);
  });

  it('complains of what is in the place of the folder or of a file in it', async () => {
    using folder = new Folder();
    folder.write('data', 'a file', 0o600);
    oneLine(await look(folder), 'folder', /^bad: \S+data is not a folder - remove that file, or set KEYTURN_DATA_DIR/);
    const below = await doctor({ ...FREE, KEYTURN_DATA_DIR: join(folder.data, 'below') });
    oneLine(below, 'folder', /^bad: .* cannot be made in \S+data: it is not a folder - .*set KEYTURN_DATA_DIR/);
    using other = new Folder();
    other.write('data/', '', 0o700);
    other.write('data/operator.token/', '', 0o700);
    oneLine(await look(other), 'folder', /^bad: \S+operator\.token is not a regular file - move it away/);
  });

  it('complains of another owner', async function () {
    // Only root can give files away.
    if (process.geteuid?.() !== 0) this.skip();
    using folder = new Folder();
    folder.write('data/', '', 0o700);
    folder.write('data/operator.token', TOKEN, 0o600);
    for (const path of [folder.data, join(folder.data, 'operator.token')]) chownSync(path, 65_534, 65_534);
    const findings = await look(folder);
    oneLine(findings, 'folder', /^bad: \S+data belongs to the user with uid 65534, not to this one \(uid 0\) - run doctor and the service as that user/);
    oneLine(findings, 'folder', /^bad: \S+operator\.token belongs to .* - run chown 0 /);
  });

  it('warns of a full disk', () => {
    assert.deepEqual(judge(2n ** 30n), ['good: 1.0 GiB are free in the file system of /data']);
    assert.deepEqual(judge(2n ** 30n - 2n ** 28n), [
      'warning: 0.8 GiB are free in the file system of /data - make room: a database that cannot write stops every rotation',
    ]);
  });
});
