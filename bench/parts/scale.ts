import { TARGETS, progress } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { Options } from '../options.ts';
import { LoadedServer } from '../side.ts';
import { median } from '../statistics.ts';
import type { Workbench } from '../workbench.ts';

const SMALL_FLEET = 1000;
const WARM_UP_SECONDS = 2;

/** The time of one rotation at a time with a large fleet and with a small one, of the same Keyturn, in turn. */
export async function measureScale(bench: Workbench, options: Options): Promise<Figure[]> {
  const fleets = [SMALL_FLEET, options.fleet];
  const servers: LoadedServer[] = [];
  for (const [index, fleet] of fleets.entries()) {
    progress(`scale: register ${fleet} devices`);
    const devices = Math.min(options.devices, fleet);
    const server = await LoadedServer.start(bench, { name: `scale_${index}`, side: 'subject', wire: 'rest', inFlight: 1, fleet, devices });
    await server.round(Math.min(WARM_UP_SECONDS, options.seconds));
    servers.push(server);
  }
  const times: number[][] = fleets.map(() => []);
  const order = [...servers.entries()];
  for (let number = 1; number <= options.rounds; number += 1) {
    for (const [index, server] of number % 2 === 1 ? order : order.toReversed()) {
      const { p50 } = await server.round(options.seconds);
      times[index]?.push(p50);
      progress(`scale: round ${number}/${options.rounds} ${fleets[index]} devices, p50 ${p50.toFixed(3)} ms`);
    }
  }
  for (const server of servers) await server[Symbol.asyncDispose]();
  const [small = Number.NaN, large = Number.NaN] = times.map(median);
  return [
    { name: `scale p50 with ${SMALL_FLEET} devices`, value: small, unit: 'ms' },
    { name: `scale p50 with ${options.fleet} devices`, value: large, unit: 'ms' },
    { name: 'scale p50, large fleet over small', value: large / small, unit: 'ratio', target: TARGETS.scale },
  ];
}
