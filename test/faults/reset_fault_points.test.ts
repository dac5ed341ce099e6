import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { Pool } from 'pg';
import { FAULT_POINTS } from '../../src/fault_points.ts';
import type { FaultPoint } from '../../src/fault_points.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { Service } from '../torture/service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { RestClient } from '../wire/rest.ts';
import { assertReset, secretsOf, sendReset, sendRestReset, storedResetOf } from '../wire/resets.ts';
import { eventually } from './fixtures/child.ts';
import { operator } from './fixtures/device.ts';

/** What a killed service has done by then. */
const COMMITTED: Readonly<Record<FaultPoint, boolean>> = { before_write: false, after_write: true, before_reply: true, after_reply: true };

describe('fault points of a reset', function () {
  this.timeout(60_000);

  it('are passed in their order, those of the write for replays too, by both wires', async () => {
    const passed: FaultPoint[] = [];
    await using service = await startService({ overrides: { atFaultPoint: (point) => passed.push(point) } });
    using rest = new RestClient(service.url);
    using grpc = new GrpcClient(service.grpc);
    await operator(service.url, OPERATOR_TOKEN, 'POST', '/v1/devices', { device_id: 'd-1' });
    await eventually(() => assert.deepEqual(passed.splice(0), ['before_reply', 'after_reply']));
    for (const wire of WIRES) {
      const expected = FAULT_POINTS.filter((point) => wire === 'rest' || point !== 'after_reply');
      for (const replayed of [false, true]) {
        assert.equal((await sendReset({ rest, grpc }, wire, { device: 'd-1', key: wire })).headers.has('idempotent-replayed'), replayed);
        await eventually(() => assert.deepEqual(passed.splice(0), expected));
      }
    }
  });

  for (const force of [false, true]) {
    it(`are the places where a kill leaves all or nothing, and the retry gets the stored answer, by force: ${force}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'keyturn-faults-'));
      try {
        await using service = await Service.start(folder);
        const ring = service.keyRing();
        for (const point of FAULT_POINTS) {
          await operator(service.url, service.operatorToken, 'POST', '/v1/devices', { device_id: point });
          const request = { device: point, key: 'k', token: service.operatorToken, body: { force_disconnect: force } };
          const send = async (): Promise<Answer> => {
            using rest = new RestClient(service.url);
            return await sendRestReset(rest, request);
          };
          await service.arm({ point, probability: 1 });
          const heard = await send().catch(() => undefined);
          await service.untilKilled();
          assert.equal(heard !== undefined, point === 'after_reply', point);
          await service.restart();
          const sql = new Pool({ connectionString: service.databaseUrl, max: 1 });
          const before = await secretsOf(sql, point, ring);
          assert.deepEqual(Object.keys(before), COMMITTED[point] ? ['PRIMARY'] : []);
          const secret = assertReset(await send(), point, { secret: before.PRIMARY, replayed: COMMITTED[point] });
          if (heard !== undefined) assertReset(heard, point, { secret });
          assert.deepEqual(await secretsOf(sql, point, ring), { PRIMARY: secret });
          const events = force ? ['device_secret.reset', 'session.close'] : ['device_secret.reset'];
          assert.deepEqual(await storedResetOf(sql, point), { audits: 1, events, records: 1, slots: ['PRIMARY'] });
          await sql.end();
        }
      } finally {
        rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
      }
    });
  }
});
