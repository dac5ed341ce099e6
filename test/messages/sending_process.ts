import { once } from 'node:events';
import { build } from '../../src/app.ts';
import { readConfig } from '../../src/config/index.ts';
import type { SendingPoint } from '../../src/fault_points.ts';

/** The service with the settings that the command line gives, killed by itself at the first sending point of that name. */
const [settings = '{}', killedAt] = process.argv.slice(2) as [string?, SendingPoint?];
const released = once(process, 'disconnect');
await using app = await build(readConfig(JSON.parse(settings) as Record<string, string>), {
  atSendingPoint(point) {
    if (point === killedAt) process.kill(process.pid, 'SIGKILL');
  },
});
process.send?.(`http://127.0.0.1:${app.http.port}`);
await released;
