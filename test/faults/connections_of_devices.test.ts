import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { RestClient } from '../wire/rest.ts';
import { authOf, connectOf, decide, deviceAuth } from '../wire/secrets.ts';
import { eventually } from './fixtures/child.ts';

describe('decisions on devices with the database away', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let service: TestService;
  let clients: { readonly rest: RestClient; readonly grpc: GrpcClient };
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database: own });
    clients = { rest: new RestClient(service.url), grpc: new GrpcClient(service.grpc) };
  });
  after(async () => {
    clients.rest[Symbol.dispose]();
    clients.grpc[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  it('are return code 3 as an answer, logged and counted as a failure; what needs no database is decided', async () => {
    proxy.stop();
    assert.deepEqual(await decide(clients, connectOf('d', 'primary-1')), [3, '', '', 0]);
    assert.deepEqual(await decide(clients, { clientId: 'd', userName: '', password: '' }), [2, '', '', 0]);
    assert.deepEqual(await decide(clients, { ...connectOf('d', 'primary-1'), userName: 'other' }), [4, '', '', 0]);
    const metrics = (await clients.rest.send({ method: 'GET', target: '/metrics' })).body;
    assert.match(metrics, /^keyturn_connection_decisions_total\{return_code="3"\} 1$/m);
    const failures = service.lines.filter(({ level, message }) => level === 'error' && message === 'a connection could not be decided on');
    assert.equal(failures.length, 1);
    assert.match(String(failures[0]?.['request_id']), /^[0-9a-f]{32}$/);
    assert.ok(!JSON.stringify(service.lines).includes(connectOf('d', 'primary-1').password));
  });

  for (const wire of WIRES) {
    it(`${wire}: device-auth is 001`, async () => {
      const answer = await deviceAuth(clients, wire, authOf('d', 'primary-1'));
      const wanted = wire === 'rest' ? [500, '{"error_code":"IOTDA.000001","error_msg":"Internal server error."}'] : [13, 'Internal server error.'];
      assert.deepEqual([answer.status, answer.body], wanted);
    });
  }

  it('are made again when it is back', async () => {
    proxy.restore();
    await eventually(async () => assert.deepEqual(await decide(clients, connectOf('d', 'primary-1')), [4, '', '', 0]));
  });
});
