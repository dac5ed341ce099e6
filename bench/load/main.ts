import { percentile } from '../statistics.ts';
import type { LoadClient } from './client.ts';
import { GrpcClient } from './grpc_client.ts';
import { Lanes } from './lanes.ts';
import type { Command, LoadResult, Reply } from './protocol.ts';
import { RestClient } from './rest_client.ts';

/** The load process: its arguments are the wire, the port and the number of requests in flight; its orders come by IPC. */
const HOST = '127.0.0.1';
const [wire, port = '', inFlight = ''] = process.argv.slice(2);

function main<Request>(client: LoadClient<Request>): void {
  const lanes = new Lanes<Request>(Number(inFlight), (update) => client.encode(update));
  process.on('message', (command: Command) => {
    void obey(command, client, lanes)
      .catch((error: unknown): Reply => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }))
      .then((reply) => process.send?.(reply));
  });
  process.on('disconnect', () => process.exit(0));
}

async function obey<Request>(command: Command, client: LoadClient<Request>, lanes: Lanes<Request>): Promise<Reply> {
  switch (command.kind) {
    case 'devices':
      return { kind: 'devices', keys: lanes.addDevices(command.deviceIds) };
    case 'prepare':
      lanes.prepare(command.count);
      return { kind: 'prepared' };
    default:
      await client.open();
      try {
        return { kind: 'ran', ...(await run(command.seconds, client, lanes)) };
      } finally {
        client.close();
      }
  }
}

/** Ends for all lanes when one has nothing left: with fewer in flight it would be another measurement. */
async function run<Request>(seconds: number, client: LoadClient<Request>, lanes: Lanes<Request>): Promise<LoadResult> {
  const latencies: number[] = [];
  const start = performance.now();
  let end = start + seconds * 1000;
  const sendAll = async (lane: number): Promise<void> => {
    for (let at = start; at < end; ) {
      const request = lanes.next(lane);
      if (request === undefined) {
        end = 0;
        return;
      }
      const sent = performance.now();
      await client.send(lane, request);
      at = performance.now();
      latencies.push(at - sent);
    }
  };
  await Promise.all(Array.from({ length: lanes.count }, (_, lane) => sendAll(lane)));
  const elapsed = (performance.now() - start) / 1000;
  return { rotations: latencies.length, seconds: elapsed, p50: percentile(latencies, 50), p99: percentile(latencies, 99) };
}

if (wire === 'grpc') main(new GrpcClient(HOST, Number(port)));
else main(new RestClient(HOST, Number(port), Number(inFlight)));
