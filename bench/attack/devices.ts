import { setTimeout as sleep } from 'node:timers/promises';
import { deviceIdOf } from '../fleet.ts';
import { freshRest, grpc, keptRest } from './lanes.ts';
import type { Course, Rotator } from './lanes.ts';
import type { DevicesCommand, DevicesOptions, DevicesReply, Lane, LaneResult } from './protocol.ts';
import { tokenRotator } from './token_lanes.ts';

/** The process of the good devices: its argument are its options as JSON; it rotates from one order to the other. */
const options = JSON.parse(process.argv[2] ?? '{}') as DevicesOptions;

const rotators = options.lanes.map((lane, index) => ({ lane, rotator: make(lane, deviceIdOf(index + 1)) }));
let stopping = new AbortController();
let running: Promise<LaneResult[]> = Promise.resolve([]);

process.on('message', (command: DevicesCommand) => {
  if (command.kind === 'start') {
    stopping = new AbortController();
    running = Promise.all(rotators.map(({ lane, rotator }) => run(lane, rotator)));
    return;
  }
  stopping.abort();
  void running.then((lanes) => reply({ kind: 'result', lanes }));
});
process.on('disconnect', () => process.exit(0));
reply({ kind: 'keys', keys: rotators.map(({ rotator }) => rotator.firstKey) });

function make(lane: Lane, deviceId: string): Rotator {
  switch (lane) {
    case 'rest fresh':
      return freshRest(options, deviceId);
    case 'rest kept':
      return keptRest(options, deviceId);
    case 'grpc fresh':
    case 'grpc kept':
      return grpc(options, deviceId, lane === 'grpc kept');
    default:
      return tokenRotator(options, lane, deviceId);
  }
}

async function run(lane: Lane, rotator: Rotator): Promise<LaneResult> {
  const latencies: number[] = [];
  const course: Course = { broken: 0, refusals: [] };
  while (!stopping.signal.aborted) {
    const start = performance.now();
    try {
      await rotator.rotate(course);
    } catch (error) {
      course.refusals.push(error instanceof Error ? error.message : String(error));
    }
    const took = performance.now() - start;
    latencies.push(took);
    await sleep(Math.max(0, options.pace - took), undefined, { signal: stopping.signal }).catch(() => {});
  }
  return { lane, latencies, broken: course.broken, refusals: course.refusals };
}

function reply(message: DevicesReply): void {
  process.send?.(message);
}
