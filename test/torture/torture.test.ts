import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { torture } from './torture.ts';

const KILLS = 20;

describe('sixteen devices that rotate their keys, and applications that reset secrets, while the service is killed', () => {
  it(`survive ${KILLS} kills: none is bricked, nothing acknowledged is lost, and the books agree`, async function () {
    this.timeout(300_000);
    const lines: string[] = [];
    const report = await torture({ devices: 16, kills: KILLS, progress: (line) => lines.push(line) });
    assert.deepEqual(report.faults, [], lines.join('\n'));
    const { bricked, lost, kills } = report;
    assert.deepEqual({ bricked, lost, kills }, { bricked: 0, lost: 0, kills: KILLS }, lines.join('\n'));
    assert.ok(report.rotations >= 16 + KILLS, `${report.rotations} rotations`);
    assert.ok(report.resets >= KILLS, `${report.resets} resets`);
  });
});
