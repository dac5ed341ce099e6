import { freePort } from '../support/free_port.ts';
import type { TestService } from '../support/service.ts';
import { runLines } from './shell_blocks.ts';

/** What is neither a page's nor `runLines`' part: no server is left behind, and `npx` runs what is installed. */
const PRELUDE = `trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
npx() { if [ "$1" = keyturn ]; then shift; node src/keyturn.js "$@"; else "node_modules/.bin/$1" "\${@:2}"; fi; }`;

/**
 * Runs shell lines of a document that may start the servers of examples/resource_server, on free ports in place of 9000
 * and 9001 and upon this service; none of them outlives the lines.
 */
export async function runWithServers(lines: string, service: TestService, dataFolder: string): Promise<string> {
  const [introspection, jwks] = [await freePort(), await freePort()];
  const own = lines
    .replaceAll('localhost:9000', `localhost:${introspection}`)
    .replaceAll('localhost:9001', `localhost:${jwks}`)
    .replaceAll('node examples/resource_server/introspection.mjs', `PORT=${introspection} node examples/resource_server/introspection.mjs`)
    .replaceAll('node examples/resource_server/jwks.mjs', `PORT=${jwks} node examples/resource_server/jwks.mjs`)
    .replaceAll('http://127.0.0.1:50051', `http://${service.grpc}`);
  return runLines(`${PRELUDE}\n${own}`, service, dataFolder, { KEYTURN_URL: service.url, HOME: dataFolder });
}
