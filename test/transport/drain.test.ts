import assert from 'node:assert/strict';
import { Agent, request as httpsRequest } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { ecPair } from '../crypto/keys.ts';
import { lockDevice, waitingBackends } from '../db/fixtures/rotations.ts';
import { eventually, pause, spawnService } from '../faults/fixtures/child.ts';
import { newUpdate, pemOf } from '../faults/fixtures/device.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { grpcClient, listDevices } from './fixtures/grpc.ts';
import { ask, tcp, tls, untilEnd } from './fixtures/sockets.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';
import { MASTER_KEYS } from '../support/service.ts';

const TOKEN = 'operator-token-of-the-tests';
/** Far below the grace for calls in flight, far above what a shutdown takes. */
const PROMPT = 5_000;
const READY = /^keyturn ready http=(http|https):\/\/127\.0\.0\.1:(\d+) grpc=127\.0\.0\.1:(\d+) store=postgres operator=127\.0\.0\.1:(\d+)\n$/;

describe('the end of a service', () => {
  let own: TestDatabase;
  let folder: TlsFolder;
  before(async () => {
    own = await createDatabase();
    folder = tlsFolder();
  });
  after(async () => {
    await own[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function start(settings: Readonly<Record<string, string>>) {
    const child = spawnService({ KEYTURN_DATABASE_URL: own.url, KEYTURN_OPERATOR_TOKEN: TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS, KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0', ...settings });
    await eventually(() => assert.match(child.stdout(), READY));
    const [, scheme, http, grpc, operator] = READY.exec(child.stdout()) ?? [];
    return { child, scheme, http: Number(http), grpc: Number(grpc), operator: Number(operator) };
  }

  it('with TLS waits for the request in flight, and for nothing else', async () => {
    const { child, scheme, http, grpc, operator } = await start(folder.settings);
    await using _ = child;
    assert.equal(scheme, 'https');
    const { cert: ca } = folder.ca;
    const pair = ecPair('P-256');
    const device = JSON.stringify({ device_id: 'draining', public_key: pemOf(pair) });
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const added = await ask(`https://127.0.0.1:${operator}`, '/v1/devices', { method: 'POST', headers, body: device }, { ca });
    assert.equal(added.status, 200, added.body);
    const { jwt, pop } = newUpdate('draining', pair);
    const lock = await lockDevice(own.url, 'draining');
    const agent = new Agent({ keepAlive: true, ca });
    const update = httpsRequest(`https://127.0.0.1:${http}/device/update/pubkey`, { method: 'POST', agent, headers: { authorization: jwt, 'content-type': 'application/json' } });
    update.end(JSON.stringify({ pop }));
    const answered = once(update, 'response') as Promise<[IncomingMessage]>;
    await waitingBackends(own.url, 1);
    const idle = await Promise.all([http, grpc, operator].flatMap((port) => [tcp(port), tls(port, { ca })]));
    using client = grpcClient(`127.0.0.1:${operator}`, { ca });
    assert.equal(await listDevices(client), 0);
    child.kill('SIGTERM');
    await Promise.all(idle.map((socket) => untilEnd(socket, PROMPT)));
    await lock.release();
    const [answer] = await answered;
    assert.deepEqual([answer.statusCode, answer.headers.connection], [200, 'close']);
    answer.resume();
    assert.equal(await Promise.race([child.ended, pause(PROMPT)]), 0, child.stderr());
    agent.destroy();
  });

  it('without TLS does not wait for who has not said what it speaks', async () => {
    const { child, scheme, operator } = await start({});
    await using _ = child;
    assert.equal(scheme, 'http');
    const [silent, begun] = await Promise.all([tcp(operator), tcp(operator)]);
    begun.write('PR');
    using client = grpcClient(`127.0.0.1:${operator}`);
    assert.equal(await listDevices(client), 0);
    child.kill('SIGTERM');
    await Promise.all([silent, begun].map((socket) => untilEnd(socket, PROMPT)));
    assert.equal(await Promise.race([child.ended, pause(PROMPT)]), 0, child.stderr());
  });
});
