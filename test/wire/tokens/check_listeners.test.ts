import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createAccessKey } from '../../support/iotda.ts';
import { startService } from '../../support/service.ts';
import { retryAfterOf } from '../../limits/fixtures.ts';
import { GrpcClient } from '../grpc.ts';
import { Bench } from '../harness.ts';
import type { Clients } from '../harness.ts';
import { RestClient } from '../rest.ts';
import { newPair, pemOf } from '../jwt.ts';
import { OPERATOR, accessKey, askKeySet, basic, keySet, shown, verified } from './checks.ts';
import { authenticationJwt, verifyJwt } from './kit.ts';

function clientsOf(url: string, address: string): Clients & Disposable {
  const [rest, grpc] = [new RestClient(url), new GrpcClient(address)];
  return {
    rest,
    grpc,
    [Symbol.dispose]() {
      rest[Symbol.dispose]();
      grpc[Symbol.dispose]();
    },
  };
}

describe('checks of devices beside an operator listener', () => {
  it('are for access keys at the main listeners, and for the operator at its own alone', async () => {
    await using service = await startService({ settings: { KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
    using main = clientsOf(service.url, service.grpc);
    using own = clientsOf(`http://${service.operator}`, service.operator);
    const device = { id: 'gate-7', pair: newPair(), kind: 'P-256' as const };
    const created = await own.rest.send({ target: '/v1/devices', headers: [['Authorization', OPERATOR], ['Content-Type', 'application/json']], body: JSON.stringify({ device_id: device.id, public_key: pemOf(device.pair) }) });
    assert.equal(created.status, 200, created.body);
    const { accessKey: name, secretKey } = await createAccessKey({ url: `http://${service.operator}` });
    const checker = basic(`${name}:${secretKey}`);

    const jwt = authenticationJwt(device);
    const refused = await verifyJwt(main, jwt);
    assert.deepEqual([refused.status, refused.reason], [16, 'DEVICE_UNAUTHENTICATED']);
    assert.deepEqual(await verified(own, jwt), shown(device, true));
    assert.deepEqual(await verified(main, authenticationJwt(device), checker), shown(device, true));
    assert.deepEqual(await verified(own, authenticationJwt(device), checker), shown(device, true));
    for (const wire of ['rest', 'grpc'] as const) {
      assert.equal((await askKeySet(main, wire, device.id)).reason, 'UNAUTHENTICATED', wire);
      assert.equal((await keySet(own, wire, device.id)).length, 1);
      assert.equal((await keySet(main, wire, device.id, { authorization: checker })).length, 1);
    }
    const listed = await main.rest.send({ method: 'GET', target: `/v1/devices/${device.id}/keys`, headers: [['Authorization', checker]] });
    assert.deepEqual([listed.status, listed.reason], [404, 'ROUTE_NOT_FOUND']);
  });
});

describe('checks of devices beyond the rate of the operator', () => {
  it('are refused with when to come back, and spend nothing; access keys go on', async () => {
    await using bench = await Bench.start({ KEYTURN_OPERATOR_CALLS_PER_MINUTE: '10' });
    const device = await bench.device();
    const checker = await accessKey(bench);
    const jwt = authenticationJwt(device);
    let sent = 2;
    let answer = await askKeySet(bench, 'grpc', device.id);
    for (; answer.status === 0; sent += 1) answer = await askKeySet(bench, 'grpc', device.id);
    assert.ok(sent >= 10, String(sent));
    assert.deepEqual([answer.status, answer.reason], [8, 'RATE_LIMITED']);
    const seconds = retryAfterOf(answer) ?? 0;
    assert.ok(seconds >= 1 && seconds <= 7, String(seconds));
    const rest = await askKeySet(bench, 'rest', device.id, { headers: [['If-None-Match', '*']] });
    assert.deepEqual([rest.status, rest.reason, rest.headers.get('cache-control'), rest.headers.get('etag')], [429, 'RATE_LIMITED', ['no-store'], undefined]);
    assert.ok((retryAfterOf(rest) ?? 0) >= 1);
    const refused = await verifyJwt(bench, jwt);
    assert.deepEqual([refused.status, refused.reason, refused.body], [8, 'DEVICE_CHECK_RATE_LIMITED', 'Slow down']);
    assert.ok((retryAfterOf(refused) ?? 0) >= 1);
    assert.deepEqual(await verified(bench, jwt, checker.authorization), shown(device, true));
    assert.equal((await keySet(bench, 'rest', device.id, { authorization: checker.authorization })).length, 1);
    bench.service.clock.advance(60_000);
    assert.deepEqual(await verified(bench, authenticationJwt(device)), shown(device, true));
  });
});
