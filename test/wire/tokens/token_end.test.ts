import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Clock } from '../../../src/clock.ts';
import { OPERATOR_TOKEN, startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { WIRES } from '../answer.ts';
import { GrpcClient } from '../grpc.ts';
import type { Clients, Device } from '../harness.ts';
import { newPair, pemOf } from '../jwt.ts';
import { RestClient } from '../rest.ts';
import { introspect, newToken, renew } from './kit.ts';
import { REFRESH, assertGranted, assertRefused } from './renewals.ts';

/** A time that stands still. */
class StillClock implements Clock {
  at = Date.UTC(2030, 0, 1);

  now(): Date {
    return new Date(this.at);
  }
}

describe('section 8: the end of a token, to the millisecond', () => {
  const clock = new StillClock();
  let service: TestService;
  let clients: Clients & { readonly rest: RestClient; readonly grpc: GrpcClient };
  before(async () => {
    service = await startService({ settings: { KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: '600' }, overrides: { clock } });
    clients = { rest: new RestClient(service.url), grpc: new GrpcClient(service.grpc) };
  });
  after(async () => {
    clients.rest[Symbol.dispose]();
    clients.grpc[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  async function register(id: string): Promise<Device> {
    const pair = newPair('P-256');
    const headers = [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ['Content-Type', 'application/json']] as const;
    const body = JSON.stringify({ device_id: id, public_key: pemOf(pair), scopes: [REFRESH] });
    assert.equal((await clients.rest.send({ target: '/v1/devices', headers, body })).status, 200);
    return { id, pair, kind: 'P-256' };
  }

  for (const wire of WIRES) {
    for (const milliseconds of [0, 1, 999]) {
      it(`${wire}: of one issued ${milliseconds} ms after a second; exp is that second and its life`, async () => {
        clock.at = Math.ceil(clock.at / 1000) * 1000 + milliseconds;
        const issued = clock.at;
        const device = await register(`end-${wire}-${milliseconds}`);
        const { access_token: token } = await newToken(clients, wire, device);
        const request = { authorization: token, clientId: device.id };
        const exp = Math.floor(issued / 1000) + 600;
        const active = `{"active":true,"sub":"${device.id}","scope":"${REFRESH}","iss":"${service.url}/","exp":${exp}}`;
        clock.at = issued + 599_999;
        assert.equal((await introspect(clients, wire, token)).body, active);
        assertGranted(await renew(clients, wire, request), REFRESH, 600);
        // Set back, the clock ends nothing.
        clock.at = issued - 3_600_000;
        assert.equal((await introspect(clients, wire, token)).body, active);
        assertGranted(await renew(clients, wire, request), REFRESH, 600);
        clock.at = issued + 600_000;
        assert.equal((await introspect(clients, wire, token)).body, '{"active":false}');
        assertRefused(await renew(clients, wire, request), 'TOKEN');
        clock.at = issued + 1_200_000;
      });
    }
  }
});
