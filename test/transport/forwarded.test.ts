import assert from 'node:assert/strict';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ask } from './fixtures/sockets.ts';

const AUTHORIZED = { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' };
const CLIENT = '203.0.113.9';

/** X-Forwarded-For, and the peer if the sender is a trusted proxy. */
const ROWS: readonly (readonly [string[], string])[] = [
  [[], '127.0.0.1'],
  [[''], '127.0.0.1'],
  [[CLIENT], CLIENT],
  [[`192.0.2.1, ${CLIENT}, 10.1.2.3`], CLIENT],
  [['192.0.2.1', CLIENT, '10.1.2.3'], CLIENT],
  [['garbage'], '127.0.0.1'],
  [[`${CLIENT}:81`], CLIENT],
  [['[2001:DB8::0:1]:443'], '2001:db8::1'],
  [[`::ffff:${CLIENT}`], CLIENT],
  [['x'.repeat(4_000)], '127.0.0.1'],
];

for (const isTrusted of [true, false]) {
  describe(`X-Forwarded-For of a sender that is ${isTrusted ? '' : 'not '}trusted`, () => {
    let service: TestService;
    before(async () => {
      service = await startService({ settings: { KEYTURN_TRUSTED_PROXIES: isTrusted ? '127.0.0.1, 10.0.0.0/8' : '10.0.0.0/8' } });
    });
    after(() => service[Symbol.asyncDispose]());

    /** The peer of the one audit row and of the log line of a request. */
    async function peersOf(requestId: string): Promise<unknown[]> {
      const { body } = await ask(service.url, '/v1/audit-events', { headers: AUTHORIZED });
      const { audit_events: rows } = JSON.parse(body) as { audit_events: { request_id: string; peer: string }[] };
      const lines = service.lines.filter((line) => line['request_id'] === requestId && line['peer'] !== undefined);
      return [...rows.filter((row) => row.request_id === requestId), ...lines].map(({ peer }) => peer);
    }

    for (const [index, [values, peer]] of ROWS.entries()) {
      const expected = isTrusted ? peer : '127.0.0.1';
      const name = JSON.stringify(values).slice(0, 60);
      it(`${name} over REST`, async () => {
        const headers = { ...AUTHORIZED, 'x-request-id': `rest-${index}`, ...(values.length > 0 && { 'x-forwarded-for': values }) };
        const { status, body } = await ask(service.url, '/v1/projects', { method: 'POST', headers, body: `{"name":"p${index}"}` });
        assert.equal(status, 200, body);
        assert.deepEqual(new Set(await peersOf(`rest-${index}`)), new Set([expected]));
        assert.ok((await peersOf(`rest-${index}`)).length >= 2, 'an audit row and a line');
      });

      it(`${name} over gRPC`, async () => {
        const client = new Client(service.grpc, credentials.createInsecure());
        const metadata = new Metadata();
        metadata.set('authorization', AUTHORIZED.authorization);
        metadata.set('x-request-id', `grpc-${index}`);
        for (const value of values) metadata.add('x-forwarded-for', value);
        const { path, requestSerialize, responseDeserialize } = OperatorServiceService.createProject;
        await new Promise<void>((resolve, reject) => {
          const request = { name: `g${index}`, projectId: '' };
          client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, (error) => (error === null ? resolve() : reject(error)));
        });
        client.close();
        assert.deepEqual(new Set(await peersOf(`grpc-${index}`)), new Set([expected]));
      });
    }

    it('is in the line of a request that leads nowhere', async () => {
      await ask(service.url, '/nowhere', { headers: { 'x-request-id': 'nowhere', 'x-forwarded-for': CLIENT } });
      const line = service.lines.find((each) => each['request_id'] === 'nowhere');
      assert.equal(line?.['peer'], isTrusted ? CLIENT : '127.0.0.1');
    });
  });
}
