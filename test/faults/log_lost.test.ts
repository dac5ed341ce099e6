import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { openSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { freePort } from '../support/free_port.ts';
import { createDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';
import { eventually } from './fixtures/child.ts';
import { addDevice, newUpdate, sendUpdate } from './fixtures/device.ts';
import { LIST, RawClient } from './fixtures/grpc.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
/** Every write to it fails as on a full disk. */
const FULL = '/dev/full';

describe('a log that cannot be written', () => {
  it('is lost, and calls are answered all the same over both wires', async function () {
    if (!existsSync(FULL)) this.skip();
    await using database = await createDatabase();
    const [http, grpc] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const env = {
      PATH: process.env['PATH'], KEYTURN_HTTP_LISTEN: http, KEYTURN_GRPC_LISTEN: grpc,
      KEYTURN_DATABASE_URL: database.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS,
    };
    const child = spawn(process.execPath, [MAIN], { env, cwd: tmpdir(), stdio: ['ignore', 'ignore', openSync(FULL, 'w')] });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const url = `http://${http}`;
    await eventually(async () => assert.ok((await fetch(`${url}/readyz`)).ok));
    const update = newUpdate('logless', await addDevice(url, OPERATOR_TOKEN, 'logless'));
    for (const status of [200, 200]) assert.equal((await sendUpdate(url, update)).status, status);
    assert.equal((await fetch(`${url}/v1/nothing`)).status, 404);
    using client = new RawClient(grpc);
    assert.equal((await client.call(LIST, `Bearer ${OPERATOR_TOKEN}`, new Uint8Array())).code, 0);
    assert.equal((await client.call(LIST, 'Bearer wrong', new Uint8Array())).code, 16);
    assert.match(await (await fetch(`${url}/metrics`)).text(), /^keyturn_calls_in_flight 0$/m);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
  });
});
