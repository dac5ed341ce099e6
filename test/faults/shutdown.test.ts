import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { credentials } from '@grpc/grpc-js';
import { HealthClient } from '../../gen/grpc/health/v1/health.ts';
import { lockDevice, waitingBackends } from '../db/fixtures/rotations.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { READY, eventually, logOf, pause, spawnService, startChild } from './fixtures/child.ts';
import { addDevice, newUpdate, operator, request, sendUpdate } from './fixtures/device.ts';
import { MASTER_KEYS } from '../support/service.ts';

const TOKEN = 'operator-token-of-the-tests';
/** Far below the grace for calls in flight, far above what a shutdown takes. */
const PROMPT = 4000;

describe('a service in a process of its own', () => {
  let own: TestDatabase;
  let settings: Readonly<Record<string, string>>;
  before(async () => {
    own = await createDatabase();
    settings = { KEYTURN_DATABASE_URL: own.url, KEYTURN_OPERATOR_TOKEN: TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS };
  });
  after(() => own[Symbol.asyncDispose]());

  it('finishes a call in flight at SIGTERM and exits 0', async () => {
    await using child = await startChild(settings);
    const update = newUpdate('in-flight', await addDevice(child.url, TOKEN, 'in-flight'));
    const lock = await lockDevice(own.url, 'in-flight');
    const answer = sendUpdate(child.url, update);
    await waitingBackends(own.url, 1);
    child.kill('SIGTERM');
    await assert.rejects(async () => {
      for (let tries = 0; tries < 100; tries += 1) {
        await request(`${child.url}/livez`);
        await pause(20);
      }
    }, 'new connections are refused');
    await lock.release();
    const { status, body } = await answer;
    assert.deepEqual([status, body], [200, '{"Success":"Public key updated"}']);
    assert.equal(await Promise.race([child.ended, pause(PROMPT)]), 0);
  });

  it('takes the same signal twice within a moment, as a terminal and npm send it, for one', async () => {
    await using child = await startChild(settings);
    const update = newUpdate('twice', await addDevice(child.url, TOKEN, 'twice'));
    const lock = await lockDevice(own.url, 'twice');
    const answer = sendUpdate(child.url, update);
    await waitingBackends(own.url, 1);
    child.kill('SIGINT');
    await pause(50);
    child.kill('SIGINT');
    await pause(50);
    await lock.release();
    assert.equal((await answer).status, 200, 'the call in flight finishes');
    assert.equal(await Promise.race([child.ended, pause(PROMPT)]), 0);
  });

  it('does not wait for idle connections, nor for those that never asked for anything', async () => {
    await using child = await startChild(settings);
    const { hostname, port } = new URL(child.url);
    const idle = connect(Number(port), hostname);
    idle.on('error', () => undefined);
    await request(`${child.url}/livez`);
    await pause(100);
    child.kill('SIGTERM');
    assert.equal(await Promise.race([child.ended, pause(PROMPT)]), 0);
    idle.destroy();
  });

  it('ends its own streams at SIGTERM, of which a health watch is one', async () => {
    await using child = await startChild(settings);
    const client = new HealthClient(child.grpc, credentials.createInsecure());
    const stream = client.watch({ service: '' });
    const heard: number[] = [];
    stream.on('data', (message: { status: number }) => void heard.push(message.status));
    stream.on('error', () => undefined);
    for (let tries = 0; heard.length === 0 && tries < 100; tries += 1) await pause(20);
    child.kill('SIGTERM');
    const code = await Promise.race([child.ended, pause(PROMPT)]);
    client.close();
    assert.deepEqual(heard, [1, 2], 'SERVING, then NOT_SERVING');
    assert.equal(code, 0, `it still runs ${PROMPT} ms after SIGTERM`);
  });

  it('prints one line when it serves, and JSON lines elsewhere, without any secret', async () => {
    await using child = await startChild({ ...settings, KEYTURN_LOG_LEVEL: 'debug' });
    const secret = 'a-secret-in-a-field';
    const update = newUpdate('quiet', await addDevice(child.url, TOKEN, 'quiet'));
    assert.equal((await sendUpdate(child.url, { ...update, pop: 'not a proof' })).status, 400);
    assert.equal((await sendUpdate(child.url, { ...update, jwt: `${update.jwt}x` })).status, 401);
    assert.equal((await sendUpdate(child.url, update)).status, 200);
    assert.equal((await sendUpdate(child.url, update)).status, 200);
    assert.equal((await operator(child.url, TOKEN, 'POST', '/v1/devices', { device_id: 'x', secret })).status, 200);
    assert.equal((await operator(child.url, TOKEN, 'POST', '/v1/devices', { device_id: 'y', secret: `${secret}.` })).status, 400);
    assert.equal((await operator(child.url, `${TOKEN}-wrong`, 'GET', '/v1/devices')).status, 401);
    await request(`${child.url}/device/update/pubkey?jwt=${update.jwt}`, { method: 'POST' });
    child.kill('SIGTERM');
    assert.equal(await child.ended, 0);
    assert.match(child.stdout(), READY);
    const calls = logOf(child).filter((line) => String(line['message']).startsWith('call'));
    assert.ok(calls.some((line) => line['method'] === '/keyturn.v1.DeviceKeyService/UpdatePublicKey' && line['request_id'] === 'r-1'));
    for (const hidden of [update.jwt, ...update.jwt.split('.').slice(1), update.pop, 'not a proof', TOKEN, secret, 'postgres://']) {
      assert.ok(!child.stderr().includes(hidden), `the log has ${hidden}`);
    }
    for (const line of logOf(child)) assert.ok(typeof line['level'] === 'string' && !Number.isNaN(Date.parse(String(line['time']))));
  });

  it('warns in a JSON line, too, when it is reachable from outside without TLS', async () => {
    await using child = spawnService({ ...settings, KEYTURN_HTTP_LISTEN: '0.0.0.0:0' });
    await eventually(() => assert.match(child.stdout(), /^keyturn ready http=http:\/\/0\.0\.0\.0:\d+ grpc=127\.0\.0\.1:\d+ store=postgres\n$/));
    assert.match(child.stderr(), /"host":"0\.0\.0\.0".*no TLS/);
    assert.doesNotThrow(() => logOf(child), child.stderr());
  });

  it('has nothing but GET, HEAD and OPTIONS on its pages', async () => {
    await using child = await startChild(settings);
    for (const path of ['/livez', '/readyz', '/metrics']) {
      assert.equal((await fetch(child.url + path, { method: 'HEAD' })).status, 200, path);
      const refused = await fetch(child.url + path, { method: 'POST' });
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET, HEAD, OPTIONS'], path);
      const options = await fetch(child.url + path, { method: 'OPTIONS' });
      assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, OPTIONS'], path);
    }
  });

  it('shows its state and its metrics', async () => {
    await using child = await startChild(settings);
    for (const page of ['/livez', '/readyz']) {
      const answer = await request(child.url + page);
      assert.deepEqual([answer.status, answer.body], [200, 'ok']);
      assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    }
    await operator(child.url, TOKEN, 'GET', '/v1/devices/secret-looking-id');
    const { status, body, headers } = await request(`${child.url}/metrics`);
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    assert.match(body, /^keyturn_calls_total\{method="\/keyturn\.v1\.OperatorService\/GetDevice",wire="rest",reason="DEVICE_NOT_FOUND"\} 1$/m);
    assert.match(body, /^keyturn_call_duration_seconds_count\{/m);
    assert.match(body, /^process_cpu_seconds_total /m);
    assert.ok(!body.includes('secret-looking-id'));
  });
});
