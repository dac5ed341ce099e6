import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import { Bench } from '../harness.ts';
import { authenticationJwt, introspect, newToken, renew, tokenIn, verifyJwt } from './kit.ts';

describe('a token of a device', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start();
  });
  after(() => bench[Symbol.asyncDispose]());

  for (const wire of WIRES) {
    it(`is issued, looked at, renewed, and ends when its device is frozen (${wire})`, async () => {
      const device = await bench.device({ scopes: ['telemetry.write', 'refresh.token'] });
      const token = await newToken(bench, wire, device);
      assert.deepEqual({ ...token, access_token: '' }, { access_token: '', expires_in: 3599, scope: 'telemetry.write refresh.token', token_type: 'bearer' });
      const seen = await introspect(bench, wire, token.access_token);
      const { exp } = JSON.parse(seen.body) as { exp: number };
      assert.equal(seen.body, `{"active":true,"sub":"${device.id}","scope":"telemetry.write refresh.token","iss":"${bench.service.url}/","exp":${exp}}`);
      assert.ok(Math.abs(exp - Date.now() / 1000 - 3599) < 5, String(exp));
      const renewed = tokenIn(await renew(bench, wire, { authorization: token.access_token, clientId: device.id, scope: 'telemetry.write' }));
      assert.equal(renewed.scope, 'telemetry.write');
      await bench.operator('POST', `/v1/devices/${device.id}:freeze`);
      for (const { access_token: text } of [token, renewed]) assert.equal((await introspect(bench, wire, text)).body, '{"active":false}');
    });
  }

  it('is not needed by a gateway, which checks the JWT itself, once', async () => {
    const device = await bench.device({ scopes: ['a'] });
    const jwt = authenticationJwt(device);
    assert.equal((JSON.parse((await verifyJwt(bench, jwt)).body) as { active: boolean }).active, true);
    assert.equal((JSON.parse((await verifyJwt(bench, jwt)).body) as { active: boolean }).active, false);
    const set = await bench.operator('GET', `/v1/devices/${device.id}/jwks.json`);
    assert.equal(set.status, 200, set.body);
    assert.deepEqual((JSON.parse(set.body) as { keys: object[] }).keys.map((key) => Object.keys(key)), [['kty', 'crv', 'x', 'y', 'kid', 'use', 'alg', 'thumbprint', 'state']]);
  });
});
