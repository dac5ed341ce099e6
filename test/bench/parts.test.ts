import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'mocha';
import { selfTimes, sumBy } from '../../bench/cpu_profile.ts';
import { spread } from '../../bench/fleet.ts';
import { frame, readTextMessage, textMessage, unframe } from '../../bench/grpc_frame.ts';
import { PARTS } from '../../bench/options.ts';
import { median, percentile } from '../../bench/statistics.ts';
import { TOKEN_PARTS, tokenOf } from '../../bench/tokens/kinds.ts';

function node(id: number, functionName: string, url: string) {
  return { id, callFrame: { functionName, url, lineNumber: 6 } };
}

describe('parts of the benchmark', () => {
  it('takes the middle', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(median([])));
  });

  it('takes percentiles by nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);
    assert.equal(percentile(values, 50), 100);
    assert.equal(percentile(values, 99), 198);
    assert.equal(percentile([7], 99), 7);
  });

  it('spreads devices over a fleet', () => {
    assert.deepEqual(spread(10, 5), [1, 3, 5, 7, 9]);
    assert.deepEqual(spread(3, 3), [1, 2, 3]);
  });

  it('frames messages as gRPC does', () => {
    const framed = frame(textMessage('ab'));
    assert.equal(framed.toString('hex'), '00000000040a026162');
    assert.equal(readTextMessage(unframe(framed)), 'ab');
    assert.throws(() => unframe(framed.subarray(0, 8)));
    assert.throws(() => unframe(Buffer.concat([framed, framed])));
    const long = textMessage('a'.repeat(300));
    assert.equal(long.toString('hex', 0, 4), '0aac0261');
    assert.equal(readTextMessage(long), 'a'.repeat(300));
    assert.throws(() => readTextMessage(long.subarray(0, 300)));
    assert.throws(() => textMessage('a'.repeat(2 ** 14)));
  });

  it('makes tokens that are all different and have the form of real ones', () => {
    const tokens = new Set(Array.from({ length: 1000 }, (_, index) => tokenOf(index + 1)));
    assert.equal(tokens.size, 1000);
    for (const token of tokens) assert.match(token, /^[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}$/);
  });

  it('names every part in its help', () => {
    const { stdout, status } = spawnSync(process.execPath, ['bench/main.ts', '--help'], { encoding: 'utf8' });
    assert.equal(status, 0);
    for (const part of PARTS) assert.ok(stdout.includes(`"${part}"`), part);
    for (const part of TOKEN_PARTS) assert.equal(stdout.split(`"${part}"`).length, 3, `${part} can be measured and profiled`);
  });

  it('sums self times within a span and leaves waiting out', () => {
    const src = new URL('../../src/app.ts', import.meta.url).href;
    const dependency = new URL('../../node_modules/@scope/name/lib/index.js', import.meta.url).href;
    const nodes = [node(1, 'build', src), node(2, 'f', dependency), node(3, '(idle)', ''), node(4, 'f', dependency)];
    const profile = { nodes, startTime: 1000, samples: [1, 2, 3, 4, 1], timeDeltas: [10, 20, 30, 40, 50] };
    const times = selfTimes(profile, 1010, 1100);
    assert.deepEqual(times, [
      { place: '@scope/name', name: 'f:7', microseconds: 60 },
      { place: 'src/app.ts', name: 'build:7', microseconds: 10 },
    ]);
    assert.deepEqual(sumBy(times, ({ name }) => name.slice(-1)), [['7', 70]]);
  });
});
