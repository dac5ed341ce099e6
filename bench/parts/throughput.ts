import { TARGETS } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { Wire } from '../load/protocol.ts';
import { IN_FLIGHT } from '../options.ts';
import type { Options } from '../options.ts';
import { LoadedServer } from '../side.ts';
import type { Workbench } from '../workbench.ts';
import { takeTurns } from './turns.ts';

/** Rotations over a wire, Keyturn beside the floor. */
export async function measureThroughput(bench: Workbench, wire: Wire, options: Options): Promise<Figure[]> {
  const { devices } = options;
  return takeTurns({
    name: wire,
    word: 'rotation',
    target: TARGETS[wire],
    start: (side) => LoadedServer.start(bench, { name: `${wire}_${side}`, side, wire, inFlight: IN_FLIGHT, fleet: devices, devices }),
  }, options);
}
