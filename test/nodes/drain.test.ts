import assert from 'node:assert/strict';
import { credentials } from '@grpc/grpc-js';
import { describe, it } from 'mocha';
import { HealthClient } from '../../gen/grpc/health/v1/health.ts';
import type { HealthCheckResponse } from '../../gen/grpc/health/v1/health.ts';
import { eventually, pause } from '../faults/fixtures/child.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { makeUpdate } from '../wire/harness.ts';
import { Nodes } from './nodes.ts';

const NOT_SERVING = 2;

describe('a node that drains', () => {
  it('is not ready, serves on over both wires, keeps no connection open, and ends at once at a second signal', async () => {
    await using nodes = await Nodes.start({ KEYTURN_DRAIN_DELAY: '300' });
    const { first } = nodes;
    const updates = await Promise.all(WIRES.map(async (wire) => [wire, makeUpdate(await nodes.device())] as const));
    first.child.kill('SIGTERM');
    const page = await eventually(async () => {
      const answer = await first.rest.send({ method: 'GET', target: '/readyz' });
      assert.equal(answer.status, 503);
      return answer;
    });
    assert.deepEqual(page.headers.get('connection'), ['close']);
    assert.equal((await first.rest.send({ method: 'GET', target: '/livez' })).status, 200, 'it lives');
    assert.equal(await healthOf(first.child.grpc), NOT_SERVING);
    for (const [wire, update] of updates) assertAnswer(await first.sendUpdate(wire, update), 'OK');
    await pause(1_100);
    first.child.kill('SIGTERM');
    assert.equal(await first.child.ended, 1);
  });
});

async function healthOf(address: string): Promise<number> {
  const client = new HealthClient(address, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.check({ service: '' }, (error, response: HealthCheckResponse | undefined) => (error === null ? resolve(response?.status ?? 0) : reject(error)));
    });
  } finally {
    client.close();
  }
}
