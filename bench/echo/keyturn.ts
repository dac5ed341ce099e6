import { Caller } from '../../gen/keyturn/options/v1/options.ts';
import type { Authenticator } from '../../src/call/authenticate/authenticator.ts';
import type { OperatorPrincipal } from '../../src/call/authenticate/principal.ts';
import { bind, joinEndpoints } from '../../src/call/endpoints.ts';
import { Pipeline } from '../../src/call/pipeline.ts';
import { Telemetry } from '../../src/call/telemetry.ts';
import { Turnstile } from '../../src/call/turnstile.ts';
import { systemClock } from '../../src/clock.ts';
import { boundHeap } from '../../src/heap.ts';
import { createLog } from '../../src/log.ts';
import { createMetrics } from '../../src/metrics.ts';
import { Acceptor } from '../../src/transport/acceptor.ts';
import { Peers } from '../../src/transport/peers.ts';
import { RestHandler } from '../../src/transport/rest/handler.ts';
import { Transcoder } from '../../src/transport/rest/index.ts';
import { RestServer } from '../../src/transport/rest/server.ts';
import { announce } from '../floor/serve.ts';
import { loadEcho } from './contract.ts';

/**
 * Keyturn's way of a REST call, composed as the service does it, on the contract
 * of the echo; only its callers need no token. Its argument is the folder of the
 * generated contract.
 */
const { contract, definition } = await loadEcho(process.argv[2] ?? '');
const open: Authenticator<OperatorPrincipal> = {
  async authenticate() {
    return { kind: 'operator' };
  },
  authorize() {},
  limit() {},
};

const log = createLog('info');
const echo = async (request: object): Promise<object> => request;
const endpoints = joinEndpoints(contract, bind(definition, { echo }));
const pipeline = new Pipeline({
  contract,
  endpoints,
  authenticators: new Map([[Caller.CALLER_OPERATOR, open]]),
  turnstile: new Turnstile(60, systemClock),
  observer: new Telemetry(log, createMetrics()),
});
const transcoder = new Transcoder(endpoints, contract);
const handler = new RestHandler({ transcoder, pipeline, pages: new Map(), envelopes: { words: new Map(), iotda: 'iotda', typePrefix: '', mediaTypes: new Map() }, takesOperator: true });
const wire = new RestServer({ handler, peers: new Peers(), log });
const acceptor = new Acceptor({ wire, protocols: [], tls: undefined, connections: 2048, cut: () => {} });
announce(await acceptor.listen({ host: '127.0.0.1', port: 0 }));
boundHeap();
