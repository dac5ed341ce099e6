import type { Server } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Listens on a free loopback port, says so on standard output, and ends the process at SIGTERM. */
export function serve(server: Server): void {
  server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
}

/** Says on standard output where a server of the benchmark serves, and ends the process at SIGTERM. */
export function announce(port: number): void {
  process.stdout.write(`serving on ${port}\n`);
  process.on('SIGTERM', () => process.exit(0));
}
