import type { LoadClient } from './client.ts';
import { GrpcClient } from './grpc_client.ts';
import { Lanes } from './lanes.ts';
import { answerOrders } from './orders.ts';
import type { Command, Reply } from './protocol.ts';
import { RestClient } from './rest_client.ts';
import { sendFor } from './timed.ts';

/** The load process: its arguments are the wire, the port and the number of requests in flight; its orders come by IPC. */
const HOST = '127.0.0.1';
const [wire, port = '', inFlight = ''] = process.argv.slice(2);

function main<Request>(client: LoadClient<Request>): void {
  const lanes = new Lanes<Request>(Number(inFlight), (update) => client.encode(update));
  answerOrders((command) => obey(command, client, lanes));
}

async function obey<Request>(command: Command, client: LoadClient<Request>, lanes: Lanes<Request>): Promise<Reply> {
  switch (command.kind) {
    case 'devices':
      return { kind: 'devices', keys: lanes.addDevices(command.deviceIds) };
    case 'prepare':
      lanes.prepare(command.count);
      return { kind: 'prepared' };
    default:
      return { kind: 'ran', ...(await sendFor(command.seconds, lanes.count, client, (lane) => lanes.next(lane))) };
  }
}

if (wire === 'grpc') main(new GrpcClient(HOST, Number(port)));
else main(new RestClient(HOST, Number(port), Number(inFlight)));
