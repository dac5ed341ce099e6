import { once } from 'node:events';
import { build } from '../../src/app.ts';
import { readConfig } from '../../src/config/index.ts';
import type { Arm, Ready } from './messages.ts';

/** The service with fault points, on the folder and the ports that the command line names, until its parent lets go of it. */
const [dataDir, http, grpc] = process.argv.slice(2);
const released = once(process, 'disconnect');
// A terminal sends it to parent and child; the parent says what follows.
process.on('SIGINT', () => {});

let armed: Arm | undefined;
process.on('message', (arm: Arm) => {
  armed = arm;
  process.send?.('armed');
});

const config = readConfig({
  KEYTURN_DATA_DIR: dataDir,
  KEYTURN_HTTP_LISTEN: http,
  KEYTURN_GRPC_LISTEN: grpc,
  KEYTURN_LOG_LEVEL: 'warn',
});
await using app = await build(config, {
  atFaultPoint(point) {
    if (point === armed?.point && Math.random() < armed.probability) process.kill(process.pid, 'SIGKILL');
  },
});
if (app.embedded === undefined) throw new Error('it has no server of its own');
const { user, password, host, port, database } = app.embedded;
const ready: Ready = {
  url: `http://${app.http.host}:${app.http.port}`,
  grpc: `${app.grpc.host}:${app.grpc.port}`,
  databaseUrl: `postgres://${user}:${password}@${host}:${port}/${database}`,
  operatorToken: app.operatorToken,
};
process.send?.(ready);
await released;
