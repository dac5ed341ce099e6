import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'mocha';
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts';
import { eventually, isAlive, isRoot, pidOf, query, quick, makeTemporaryFolder } from './fixtures/embedded.ts';
import { spawnHolder } from './fixtures/holder.ts';

describe('embedded PostgreSQL, when processes die', () => {
  const temporary = makeTemporaryFolder();
  const folder = join(temporary.path, 'postgres');
  const stopAtEnd: (() => void)[] = [];

  before(async () => {
    await using server = await startEmbeddedPostgres(quick(folder).options);
    await query(server, 'CREATE TABLE kept (n integer)');
  });
  afterEach(() => {
    for (const stop of stopAtEnd.splice(0)) stop();
  });
  after(() => temporary[Symbol.dispose]());

  it('comes back on its port with every committed row after kill -9 of the server', async () => {
    const { options, lines } = quick(folder);
    await using server = await startEmbeddedPostgres(options);
    for (const round of [1, 2]) {
      const killed = pidOf(server);
      await query(server, `INSERT INTO kept VALUES (${round})`);
      process.kill(killed, 'SIGKILL');
      const rows = await eventually(async () => {
        assert.notEqual(pidOf(server), killed);
        return query(server, 'SELECT count(*)::integer AS n FROM kept');
      });
      assert.deepEqual(rows, [{ n: round }]);
    }
    assert.equal(lines.filter((line) => line.startsWith('PostgreSQL ended unexpectedly')).length, 2);
  });

  it('can be disposed of while it is being restarted', async () => {
    const server = await startEmbeddedPostgres(quick(folder).options);
    process.kill(pidOf(server), 'SIGKILL');
    await eventually(async () => assert.equal(server.pid, undefined));
    await server[Symbol.asyncDispose]();
    assert.equal(server.pid, undefined);
    await assert.rejects(query(server, 'SELECT 1'), { code: 'ECONNREFUSED' });
  });

  it('loses no acknowledged row when the process that holds it is killed', async () => {
    const holder = spawnHolder(folder);
    stopAtEnd.push(holder.kill);
    const { pid } = await holder.ready;
    await eventually(async () => assert.ok(holder.committed() > 50));
    holder.kill();
    await holder.ended;
    assert.ok(isAlive(pid), 'the server outlives its holder');

    const { options, lines } = quick(folder);
    await using server = await startEmbeddedPostgres(options);
    assert.ok(lines.some((line) => line.startsWith('stopping the PostgreSQL server that an earlier process left')));
    assert.ok(!isAlive(pid));
    const [row] = await query<{ last: number; n: number }>(server, 'SELECT max(n) AS last, count(*)::integer AS n FROM held');
    assert.ok(row !== undefined);
    const { last, n } = row;
    assert.ok(last >= holder.committed(), `${last} of ${holder.committed()}`);
    assert.equal(n, last);
  });

  it('recovers when server and holder are killed together', async () => {
    const holder = spawnHolder(folder);
    stopAtEnd.push(holder.kill);
    const { pid } = await holder.ready;
    await eventually(async () => assert.ok(holder.committed() > 50));
    process.kill(pid, 'SIGKILL');
    holder.kill();
    await holder.ended;
    await using server = await startEmbeddedPostgres(quick(folder).options);
    const [row] = await query<{ last: number }>(server, 'SELECT max(n) AS last FROM held');
    assert.ok(row !== undefined && row.last >= holder.committed());
  });

  it('is stopped by its holder, not by a signal to the holder\'s process group', async () => {
    const holder = spawnHolder(folder);
    stopAtEnd.push(holder.kill);
    const { pid } = await holder.ready;
    // As a terminal's Ctrl-C does. The holder drains first; a server that had the signal too would fail its commits.
    process.kill(-holder.pid, 'SIGINT');
    await holder.ended;
    assert.ok(holder.output().endsWith('stopped\n'), holder.output().slice(-200));
    assert.ok(!isAlive(pid));
  });

  it('is killed in the end if it does not stop when disposed of', async () => {
    const server = await startEmbeddedPostgres(quick(folder).options, { graceMs: 100 });
    const pid = pidOf(server);
    process.kill(pid, 'SIGSTOP');
    await server[Symbol.asyncDispose]();
    assert.ok(!isAlive(pid));
  });

  it('is killed in the end if it does not stop when the next holder starts, which waits for its children', async () => {
    const holder = spawnHolder(folder);
    stopAtEnd.push(holder.kill);
    const { pid } = await holder.ready;
    process.kill(pid, 'SIGSTOP');
    holder.kill();
    await holder.ended;
    await using server = await startEmbeddedPostgres(quick(folder).options, { graceMs: 100 });
    assert.ok(!isAlive(pid));
    assert.deepEqual(await query(server, 'SELECT count(*)::integer AS n FROM kept'), [{ n: 2 }]);
  });

  it('goes with a holder that exits without stopping it', async () => {
    const holder = spawnHolder(folder);
    stopAtEnd.push(holder.kill);
    const { pid } = await holder.ready;
    process.kill(holder.pid, 'SIGUSR2');
    await holder.ended;
    await eventually(async () => assert.ok(!isAlive(pid)));
  });

  it('never signals a process that only has the pid of an old lock file', async () => {
    // In the cluster's folder, but no PostgreSQL; as root also one of the server's own account.
    const cluster = join(folder, 'cluster');
    const account = isRoot ? { uid: 65534, gid: 65534 } : {};
    const bystander = spawn('/bin/sleep', ['60'], { cwd: cluster, stdio: 'ignore', ...account });
    stopAtEnd.push(() => bystander.kill());
    await once(bystander, 'spawn');
    const lockFile = join(cluster, 'postmaster.pid');
    writeFileSync(lockFile, `${bystander.pid}\n/proc/self/cwd\n1700000000\n5432\n\n127.0.0.1\n`, { mode: 0o600 });
    if (isRoot) chownSync(lockFile, 65534, 65534);

    await using server = await startEmbeddedPostgres(quick(folder).options);
    await query(server, 'SELECT 1');
    assert.equal(bystander.exitCode, null);
    assert.equal(bystander.signalCode, null);
    assert.notEqual(Number(readFileSync(lockFile, 'utf8').split('\n')[0]), bystander.pid);
  });

  it('makes the cluster anew if the first start was killed half-way', async () => {
    const fresh = join(temporary.path, 'fresh');
    const holder = spawnHolder(fresh);
    stopAtEnd.push(holder.kill);
    await eventually(async () => {
      const unfinished = readdirSync(fresh).find((name) => /^initialising-\w+$/.test(name)) ?? 'none';
      assert.ok(existsSync(join(fresh, unfinished, 'base', '1')));
    });
    holder.kill();
    await assert.rejects(holder.ready, /ended before it was ready/);
    assert.ok(!existsSync(join(fresh, 'cluster')));

    await using server = await startEmbeddedPostgres(quick(fresh).options);
    await query(server, 'SELECT 1');
    assert.deepEqual(readdirSync(fresh).toSorted(), ['cluster', 'password']);
  });

  it('does not take a folder for its cluster that is none, and leaves it alone', async () => {
    const strange = join(temporary.path, 'strange');
    mkdirSync(join(strange, 'cluster'), { recursive: true, mode: 0o700 });
    writeFileSync(join(strange, 'cluster', 'precious'), 'kept');
    await assert.rejects(startEmbeddedPostgres(quick(strange).options), /move it away.*KEYTURN_DATA_DIR/);
    assert.equal(readFileSync(join(strange, 'cluster', 'precious'), 'utf8'), 'kept');
  });
});
