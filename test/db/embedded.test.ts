import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { freeLoopbackPort } from '../../src/db/embedded/connection.ts';
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts';
import { isAlive, isRoot, pidOf, query, quick, makeTemporaryFolder } from './fixtures/embedded.ts';

describe('embedded PostgreSQL', () => {
  // The temporary folder has mode 0700 and, as root, an owner whom the server's account is not.
  const temporary = makeTemporaryFolder();
  const folder = join(temporary.path, 'data', 'postgres');
  const first: { password: string; lines: string[] } = { password: '', lines: [] };

  before(async () => {
    const { options, lines } = quick(folder);
    await using server = await startEmbeddedPostgres(options);
    await query(server, 'CREATE TABLE kept (word text)');
    await query(server, "INSERT INTO kept VALUES ('committed')");
    first.password = server.password;
    first.lines = lines;
  });
  after(() => temporary[Symbol.dispose]());

  it('keeps rows and password over a restart', async () => {
    await using server = await startEmbeddedPostgres(quick(folder).options);
    assert.deepEqual(await query(server, 'SELECT word FROM kept'), [{ word: 'committed' }]);
    assert.equal(server.password, first.password);
  });

  it('is PostgreSQL 18 in UTF8 and C locale, with checksums, on loopback only', async () => {
    await using server = await startEmbeddedPostgres(quick(folder).options);
    const settings = await query(server, `
      SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,
             current_setting('data_checksums') AS checksums, current_setting('listen_addresses') AS addresses,
             current_setting('unix_socket_directories') AS sockets, current_setting('max_connections') AS connections,
             current_setting('log_statement') AS statements, current_setting('fsync') AS fsync,
             (SELECT datcollate FROM pg_database WHERE datname = current_database()) AS collation`);
    assert.deepEqual(settings, [{
      version: '18.4', encoding: 'UTF8', checksums: 'on', addresses: '127.0.0.1', sockets: '', connections: '100',
      statements: 'none', fsync: 'off', collation: 'C',
    }]);
  });

  it('names the folder in cluster_name', async () => {
    await using server = await startEmbeddedPostgres(quick(folder).options);
    const [row] = await query<{ name: string }>(server, "SELECT current_setting('cluster_name') AS name");
    assert.match(row?.name ?? '', /^keyturn-[A-Za-z0-9-]*data-postgres-[0-9a-f]{8}$/);
  });

  it('admits nobody without the password, not even from this machine', async () => {
    await using server = await startEmbeddedPostgres(quick(folder).options);
    await assert.rejects(query({ ...server, password: 'wrong' }, 'SELECT 1'), { code: '28P01' });
    const rules = await query(server, 'SELECT DISTINCT auth_method FROM pg_hba_file_rules');
    assert.deepEqual(rules, [{ auth_method: 'scram-sha-256' }]);
  });

  it('leaves two private entries, the cluster and the password, and no password file of initdb', () => {
    assert.deepEqual(readdirSync(folder).toSorted(), ['cluster', 'password']);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, 'cluster')).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder, 'password')).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'password')).uid, process.geteuid?.());
  });

  it('runs as an unprivileged account when started by root', async function () {
    if (!isRoot) this.skip();
    await using server = await startEmbeddedPostgres(quick(folder).options);
    const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
    assert.match(status, /^Uid:\t65534\t65534\t65534\t65534$/m);
    assert.match(status, /^Gid:\t65534\t65534\t65534\t65534$/m);
    assert.match(status, /^Groups:\s*$/m);
    assert.equal(statSync(join(folder, 'cluster')).uid, 65534);
    assert.equal(statSync(folder).uid, 0);
  });

  it('hands the server no variable of the environment', async function () {
    if (process.platform !== 'linux') this.skip();
    await using server = await startEmbeddedPostgres(quick(folder).options);
    const names = readFileSync(`/proc/${server.pid}/environ`, 'utf8').split('\0').map((entry) => entry.split('=')[0]);
    assert.deepEqual(names.filter((name) => !['LC_ALL', 'TZ', ''].includes(name ?? '')), []);
  });

  it('logs neither the password nor what statements contain', async () => {
    const { options, lines } = quick(folder);
    await using server = await startEmbeddedPostgres(options);
    await assert.rejects(query(server, "SELECT 'Secret1'::integer"));
    await assert.rejects(query(server, "DO $$ BEGIN RAISE WARNING 'Secret2'; RAISE EXCEPTION 'Secret3'; END $$"));
    const all = [...first.lines, ...lines].join('\n');
    assert.match(all, /ready to accept connections/);
    assert.ok(!all.includes('Secret'), all);
    assert.ok(!all.includes(first.password));
  });

  it('has ended, with all its processes, once disposed of', async () => {
    const server = await startEmbeddedPostgres(quick(folder).options);
    const pid = pidOf(server);
    const rows = await query<{ pid: number }>(server, 'SELECT pid FROM pg_stat_activity');
    await server[Symbol.asyncDispose]();
    assert.equal(server.pid, undefined);
    assert.deepEqual([pid, ...rows.map((row) => row.pid)].filter(isAlive), []);
    await assert.rejects(query(server, 'SELECT 1'), { code: 'ECONNREFUSED' });
    await server[Symbol.asyncDispose]();
  });

  it('takes another port if the chosen one is taken', async () => {
    const occupant = createServer();
    const taken = await freeLoopbackPort();
    occupant.listen(taken, '127.0.0.1');
    await once(occupant, 'listening');
    try {
      const ports = [taken, taken, await freeLoopbackPort()];
      const choosePort = async (): Promise<number> => ports.shift() ?? 0;
      await using server = await startEmbeddedPostgres(quick(folder).options, { choosePort });
      assert.deepEqual(await query(server, 'SELECT word FROM kept'), [{ word: 'committed' }]);
      assert.notEqual(server.port, taken);
      assert.deepEqual(ports, []);
    } finally {
      occupant.close();
    }
  });

  it('reports settings that the server refuses, in its own words', async () => {
    const settings = { shared_buffers: 'plenty' };
    await assert.rejects(startEmbeddedPostgres({ ...quick(folder).options, settings }), /shared_buffers.*plenty/s);
  });

  it('refuses a cluster of another major version and leaves it as it is', async () => {
    const path = join(folder, 'cluster', 'PG_VERSION');
    writeFileSync(path, '15\n');
    try {
      await assert.rejects(startEmbeddedPostgres(quick(folder).options), /made by PostgreSQL 15.*brings PostgreSQL 18/);
    } finally {
      writeFileSync(path, '18\n');
    }
    await using server = await startEmbeddedPostgres(quick(folder).options);
    assert.deepEqual(await query(server, 'SELECT word FROM kept'), [{ word: 'committed' }]);
  });

  it('refuses a password that others can read, and one that is not the role\'s', async () => {
    const path = join(folder, 'password');
    try {
      chmodSync(path, 0o644);
      await assert.rejects(startEmbeddedPostgres(quick(folder).options), /chmod 600/);
      chmodSync(path, 0o600);
      writeFileSync(path, 'wrong');
      await assert.rejects(startEmbeddedPostgres(quick(folder).options), /password beside .* is not that of its role/);
    } finally {
      chmodSync(path, 0o600);
      writeFileSync(path, first.password);
    }
  });
});
