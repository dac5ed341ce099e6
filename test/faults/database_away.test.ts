import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { HealthClient } from '../../gen/grpc/health/v1/health.ts';
import { UpdatePublicKeyRequest } from '../../gen/keyturn/v1/device_key_service.ts';
import type { Pair } from '../crypto/keys.ts';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { contentOf } from '../db/fixtures/rotations.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { eventually } from './fixtures/child.ts';
import { E500, addDevice, newUpdate, operator, request, sendUpdate } from './fixtures/device.ts';
import { LIST, RawClient, UPDATE } from './fixtures/grpc.ts';

const SERVICES = ['', 'keyturn.v1.DeviceKeyService', 'keyturn.v1.OperatorService'];

describe('with the database away', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let service: TestService;
  let key: Pair;
  const heard: number[] = [];
  let health: HealthClient;
  const watches: { cancel(): void }[] = [];
  /** What the watch heard, without what it heard again. */
  const changes = (): number[] => heard.filter((status, index) => status !== heard[index - 1]);
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database: own });
    key = await addDevice(service.url, OPERATOR_TOKEN, 'd-1');
    health = new HealthClient(service.grpc, credentials.createInsecure());
    const watch = health.watch({ service: SERVICES[1] ?? '' });
    watch.on('data', ({ status }: { status: number }) => void heard.push(status));
    watch.on('error', () => undefined);
    watches.push(watch);
  });
  after(async () => {
    for (const watch of watches) watch.cancel();
    health.close();
    await service[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  const check = (name: string): Promise<number> =>
    new Promise((resolve, reject) => {
      health.check({ service: name }, (error, response) => (error === null ? resolve(response.status) : reject(error)));
    });

  it('everything was well before', async () => {
    for (const name of SERVICES) assert.equal(await check(name), 1, name);
    await assert.rejects(check('keyturn.v1.Nobody'), { code: 5 });
    await eventually(() => assert.deepEqual(changes(), [1]));
    assert.equal((await request(`${service.url}/readyz`)).status, 200);
  });

  it('a rotation is E500 over REST and INTERNAL over gRPC, and changes nothing', async () => {
    const content = await contentOf(own.url);
    const update = newUpdate('d-1', key);
    proxy.stop();
    const answer = await sendUpdate(service.url, update);
    assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [500, E500, 'application/json']);
    using client = new RawClient(service.grpc);
    const outcome = await client.call(UPDATE, update.jwt, UpdatePublicKeyRequest.encode({ pop: update.pop }).finish());
    assert.deepEqual([outcome.code, outcome.reason], [13, 'DEVICE_SERVICE_FAILED']);
    assert.deepEqual(await contentOf(own.url), content);
  });

  it('the operator API is 503 in RPC_STATUS and UNAVAILABLE', async () => {
    for (const [method, path, body] of [
      ['GET', '/v1/devices'], ['GET', '/v1/devices/d-1'], ['DELETE', '/v1/devices/d-1'], ['GET', '/v1/projects'], ['GET', '/v1/audit-events'],
      ['GET', '/v1/devices/d-1/keys'], ['GET', '/v1/devices/d-1/jwks.json'], ['POST', '/v1/devices', { device_id: 'd-2' }], ['POST', '/v1/devices/d-1:freeze', {}],
    ] as const) {
      const answer = await operator(service.url, OPERATOR_TOKEN, method, path, body);
      assert.equal(answer.status, 503, `${method} ${path} ${answer.body}`);
      const { code, message, details } = JSON.parse(answer.body) as { code: number; message: string; details: object[] };
      assert.deepEqual([code, message], [14, 'The service cannot answer at the moment; try again.']);
      assert.deepEqual(details[0], { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'UNAVAILABLE', domain: 'keyturn' });
    }
    using client = new RawClient(service.grpc);
    const outcome = await client.call(LIST, `Bearer ${OPERATOR_TOKEN}`, new Uint8Array());
    assert.deepEqual([outcome.code, outcome.reason], [14, 'UNAVAILABLE']);
  });

  it('refusals that need no database are what they always are', async () => {
    assert.equal((await operator(service.url, 'wrong-operator-token', 'GET', '/v1/devices')).status, 401);
    assert.equal((await sendUpdate(service.url, { ...newUpdate('d-1', key), jwt: 'no.jwt.x' })).status, 401);
    assert.equal((await request(`${service.url}/nowhere`)).status, 404);
  });

  it('the service lives, is not ready, and its health says so to those who ask and who watch', async () => {
    const [live, ready] = [await request(`${service.url}/livez`), await request(`${service.url}/readyz`)];
    assert.deepEqual([live.status, live.body, ready.status], [200, 'ok', 503]);
    for (const name of SERVICES) assert.equal(await check(name), 2, name);
    await eventually(() => assert.deepEqual(changes(), [1, 2]));
  });

  it('and back again, everything recovers without a restart', async () => {
    proxy.restore();
    await eventually(async () => assert.equal((await request(`${service.url}/readyz`)).status, 200));
    await eventually(() => assert.deepEqual(changes(), [1, 2, 1]));
    assert.equal((await sendUpdate(service.url, newUpdate('d-1', key))).status, 200);
    const failures = service.lines.filter((line) => line['message'] === 'call failed');
    assert.ok(failures.length > 0 && failures.every((line) => line['level'] === 'error' && typeof line['request_id'] === 'string'));
    const passwords = new URL(own.url).password;
    assert.ok(!JSON.stringify(service.lines).includes(passwords), 'the log has the password of the database');
  });

  it('a health watch was told of changes only (grpc.health.v1, Watch)', () => {
    assert.deepEqual(heard, changes());
  });
});
