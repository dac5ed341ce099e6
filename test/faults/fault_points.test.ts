import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { FAULT_POINTS } from '../../src/fault_points.ts';
import type { FaultPoint } from '../../src/fault_points.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { auditBooks } from '../torture/books.ts';
import { Service } from '../torture/service.ts';
import { thumbprintOf } from '../wire/jwt.ts';
import { eventually } from './fixtures/child.ts';
import { addDevice, newUpdate, sendUpdate } from './fixtures/device.ts';

/** What a killed service has done by then, and what the device has heard. */
const AT: Readonly<Record<FaultPoint, { committed: boolean; heard: number | undefined }>> = {
  before_write: { committed: false, heard: undefined },
  after_write: { committed: true, heard: undefined },
  before_reply: { committed: true, heard: undefined },
  after_reply: { committed: true, heard: 200 },
};

describe('fault points', function () {
  this.timeout(60_000);
  it('are passed in their order, those of the write by rotations only', async () => {
    const passed: FaultPoint[] = [];
    await using service = await startService({ overrides: { atFaultPoint: (point) => passed.push(point) } });
    const key = await addDevice(service.url, OPERATOR_TOKEN, 'd-1');
    await eventually(() => assert.deepEqual(passed.splice(0), ['before_reply', 'after_reply']));
    const update = newUpdate('d-1', key);
    assert.equal((await sendUpdate(service.url, update)).status, 200);
    await eventually(() => assert.deepEqual(passed.splice(0), FAULT_POINTS));
    for (const [sent, status] of [[update, 200], [newUpdate('d-1', key), 401]] as const) {
      assert.equal((await sendUpdate(service.url, sent)).status, status);
      await eventually(() => assert.deepEqual(passed.splice(0), ['before_reply', 'after_reply']));
    }
  });

  it('are the places where a kill leaves all or nothing, and the identical request settles it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-faults-'));
    try {
      await using service = await Service.start(folder);
      for (const point of FAULT_POINTS) {
        const key = await addDevice(service.url, service.operatorToken, point);
        const update = newUpdate(point, key);
        await service.arm({ point, probability: 1 });
        const answer = await sendUpdate(service.url, update).catch(() => undefined);
        await service.untilKilled();
        await service.restart();
        const { committed, heard } = AT[point];
        assert.equal(answer?.status, heard, point);
        const witness = { deviceId: point, first: thumbprintOf(key), acknowledged: [] };
        const before = await auditBooks(service.databaseUrl, witness);
        assert.deepEqual([before.rotations, before.faults], [committed ? 1 : 0, []], point);

        const again = await sendUpdate(service.url, update);
        assert.deepEqual([again.status, again.headers.get('idempotent-replayed')], [200, committed ? 'true' : null], point);
        const acknowledged = [{ old: thumbprintOf(key), next: thumbprintOf(update.next) }];
        const after = await auditBooks(service.databaseUrl, { ...witness, acknowledged });
        assert.deepEqual(after, { rotations: 1, lost: [], faults: [] }, point);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
