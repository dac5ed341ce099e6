import { describe, it } from 'mocha';
import { RenewTokenRequest } from '../../../gen/keyturn/v1/device_token_service.ts';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import type { Bench } from '../harness.ts';
import { withBench } from '../rows.ts';
import { newToken, renew, tokenIn } from './kit.ts';
import { MANY_FAILURES, REFUSALS, assertGranted, assertRefused, holder, renewIts } from './renewals.ts';
import type { Holder, RefusalName } from './renewals.ts';

const ORDER = Object.keys(REFUSALS) as RefusalName[];
/** Faults of a request, and of what has happened to its device and token before. */
const OF_REQUEST: readonly RefusalName[] = ['LARGE', 'TOKEN', 'FORM', 'CLIENT', 'SCOPE'];
const OF_STATE: readonly RefusalName[] = ['REFRESH', 'EXHAUSTED', 'RATE'];
/** 87 characters in the form of a token that nobody has. */
const UNKNOWN = `${'A'.repeat(43)}.${'A'.repeat(43)}`;

type Faults = ReadonlySet<RefusalName>;

/** All sets of the given faults, the empty one first. */
function subsets(names: readonly RefusalName[]): Faults[] {
  return Array.from({ length: 2 ** names.length }, (_, bits) => new Set(names.filter((_name, index) => (bits >> index) % 2 === 1)));
}

/** A holder in a state, where a chain may be renewed once and a device may ask three times a minute. */
async function holderIn(bench: Bench, wire: Wire, state: Faults): Promise<Holder> {
  const ofWhole = !state.has('REFRESH') || state.has('EXHAUSTED');
  const first = await holder(bench, wire, ofWhole ? {} : { asked: 'telemetry.write' });
  let asked = 1;
  let { token } = first;
  if (state.has('EXHAUSTED')) {
    const renewed = tokenIn(await renewIts(bench, wire, first, { scope: 'telemetry.write' }));
    asked += 1;
    if (state.has('REFRESH')) token = renewed.access_token;
  }
  for (; state.has('RATE') && asked < 3; asked += 1) await newToken(bench, wire, first.device);
  return { device: first.device, token };
}

function send(bench: Bench, wire: Wire, { device, token }: Holder, faults: Faults): Promise<Answer> {
  const authorization = faults.has('TOKEN') ? UNKNOWN : token;
  const clientId = faults.has('CLIENT') ? 'somebody.else' : device.id;
  const scope = faults.has('SCOPE') ? 'telemetry.write firmware.write' : 'telemetry.write';
  const padding = faults.has('LARGE') ? 'x'.repeat(16_385) : '';
  if (wire === 'grpc') {
    const message = Buffer.from(RenewTokenRequest.encode({ clientId, scope }).finish());
    return renew(bench, wire, { authorization, body: faults.has('FORM') ? Buffer.concat([message, Buffer.of(0xff)]) : message });
  }
  const json = JSON.stringify({ client_id: clientId, scope, padding });
  return renew(bench, wire, { authorization, body: faults.has('FORM') ? json.slice(0, -1) : json });
}

describe('section 8.2: of all that is wrong at once, the first in the order decides', () => {
  const bench = withBench({ ...MANY_FAILURES, KEYTURN_IOTHENTIX_MAX_RENEWALS: '1', KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '3' });

  for (const wire of WIRES) {
    const ofRequest = subsets(OF_REQUEST.filter((name) => wire === 'rest' || name !== 'LARGE'));
    for (const state of subsets(OF_STATE)) {
      it(`${wire}: every set of faults of the request, besides ${[...state].join(', ') || 'nothing'} before`, async () => {
        const own = await holderIn(bench(), wire, state);
        for (const faults of ofRequest.filter(({ size }) => size + state.size > 0)) {
          const first = ORDER.find((name) => faults.has(name) || state.has(name));
          if (first !== undefined) assertRefused(await send(bench(), wire, own, faults), first);
        }
        // Not one of the refused calls has taken anything.
        if (state.size === 0) assertGranted(await send(bench(), wire, own, new Set()), 'telemetry.write');
      });
    }
  }
});
