import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { freePort } from '../support/free_port.ts';
import { createDatabase } from '../support/postgres.ts';
import { dataFolder, eventually, postmasterOf, spawnService, startChild } from './fixtures/child.ts';
import { whileHung } from './fixtures/own_postgres.ts';
import { MASTER_KEYS } from '../support/service.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const TOKEN = 'operator-token-of-the-tests';

describe('what is neither there nor away', () => {
  it('a database that hangs is not ready within seconds, and comes back by itself', async function () {
    if (process.platform !== 'linux') this.skip();
    using folder = dataFolder();
    await using child = await startChild({ KEYTURN_DATA_DIR: folder.path });
    assert.equal((await fetch(`${child.url}/readyz`)).status, 200);
    await whileHung(postmasterOf(folder.cluster), async () => {
      const start = performance.now();
      assert.equal((await fetch(`${child.url}/readyz`)).status, 503);
      assert.ok(performance.now() - start < 4_000, 'the probe waits for the database');
      assert.equal((await fetch(`${child.url}/livez`)).status, 200);
    });
    await eventually(async () => assert.equal((await fetch(`${child.url}/readyz`)).status, 200));
  });

  it('a database name that is not there is named, and nothing is made of it', async () => {
    await using database = await createDatabase();
    const url = new URL(database.url);
    url.pathname += '_misspelt';
    const settings = { KEYTURN_DATABASE_URL: url.href, KEYTURN_OPERATOR_TOKEN: TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS };
    for (const attempt of ['first', 'second']) {
      const child = spawnService(settings);
      assert.equal(await child.ended, 1, attempt);
      assert.match(child.stderr(), /database "keyturn_test_\w+_misspelt" does not exist; check KEYTURN_DATABASE_URL/);
    }
  });

  it('a reader of the ready line that has gone is no fault', async () => {
    await using database = await createDatabase();
    const http = `127.0.0.1:${await freePort()}`;
    const env = {
      PATH: process.env['PATH'], KEYTURN_HTTP_LISTEN: http, KEYTURN_GRPC_LISTEN: '127.0.0.1:0',
      KEYTURN_DATABASE_URL: database.url, KEYTURN_OPERATOR_TOKEN: TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS,
    };
    const child = spawn(process.execPath, [MAIN], { env, cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString()));
    const ended = new Promise((resolve) => child.once('close', resolve));
    const isReady = (): Promise<boolean> => fetch(`http://${http}/readyz`).then(({ ok }) => ok, () => false);
    while (child.exitCode === null && !(await isReady())) await sleep(50);
    // The line is written once it is ready.
    await sleep(200);
    assert.equal(child.exitCode, null, stderr);
    child.kill('SIGTERM');
    assert.equal(await ended, 0, stderr);
    assert.doesNotMatch(stderr, /EPIPE|Unhandled/);
  });

  it('an operator token that no call could bear is refused with its file', async () => {
    for (const text of ['x', 'a token of several words']) {
      using folder = dataFolder();
      mkdirSync(folder.path, { mode: 0o700 });
      const file = join(folder.path, 'operator.token');
      writeFileSync(file, text);
      chmodSync(file, 0o600);
      const child = spawnService({ KEYTURN_DATA_DIR: folder.path });
      assert.equal(await child.ended, 1);
      assert.ok(child.stderr().includes(`${file} expects 16 to 1024 visible ASCII characters`), child.stderr());
    }
  });
});
