import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { lockDevice, waitingBackends } from '../db/fixtures/rotations.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../support/service.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { RestClient } from '../wire/rest.ts';
import { authenticationJwt, introspect, issue, newToken, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import { pause, startChild } from './fixtures/child.ts';
import { operator } from './fixtures/device.ts';

/** Far below the grace for calls in flight, far above what a shutdown takes, milliseconds. */
const PROMPT = 4000;

describe('a service that is told to end while devices ask for tokens', () => {
  let own: TestDatabase;
  before(async () => {
    own = await createDatabase();
  });
  after(() => own[Symbol.asyncDispose]());

  it('answers every call in flight, and what it has answered counts after a restart', async () => {
    const settings = { KEYTURN_DATABASE_URL: own.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS };
    const device = { id: 'in-flight', pair: newPair(), kind: 'P-256' } as const;
    const clientId = device.id;
    const given: string[] = [];
    const checked = authenticationJwt(device);
    {
      await using child = await startChild(settings);
      using rest = new RestClient(child.url);
      using grpc = new GrpcClient(child.grpc);
      const clients = { rest, grpc };
      await operator(child.url, OPERATOR_TOKEN, 'POST', '/v1/devices', { device_id: device.id, public_key: pemOf(device.pair), scopes: ['refresh.token'] });
      const { access_token: token } = await newToken(clients, 'rest', device);
      const lock = await lockDevice(own.url, device.id);
      const answers = Promise.all([
        issue(clients, 'rest', { authorization: authenticationJwt(device), clientId }), issue(clients, 'grpc', { authorization: authenticationJwt(device), clientId }),
        renew(clients, 'rest', { authorization: token, clientId }), renew(clients, 'grpc', { authorization: token, clientId }),
      ]);
      const check = verifyJwt(clients, checked);
      await waitingBackends(own.url, 5);
      child.kill('SIGTERM');
      await pause(100);
      await lock.release();
      given.push(token, ...(await answers).map((answer) => tokenIn(answer).access_token));
      assert.match((await check).body, /"active":true/);
      assert.equal(await Promise.race([child.ended, pause(PROMPT)]), 0);
    }
    await using child = await startChild(settings);
    using rest = new RestClient(child.url);
    using grpc = new GrpcClient(child.grpc);
    for (const token of given) assert.match((await introspect({ rest, grpc }, 'rest', token)).body, /^{"active":true/);
    assert.equal(new Set(given).size, 5);
    assert.match((await verifyJwt({ rest, grpc }, checked)).body, /"active":false/);
  });
});
