import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { credentials, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { HealthCheckResponse_ServingStatus, HealthClient } from '../../gen/grpc/health/v1/health.ts';
import { DeviceKeyServiceClient } from '../../gen/keyturn/v1/device_key_service.ts';
import { runHere } from '../cli/keyturn.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { OPTIONS, grpcClient, listDevices, reflectedServices } from './fixtures/grpc.ts';
import { ask } from './fixtures/sockets.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';

const AUTHORIZED = { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' };
const NOT_FOUND = '{"code":5,"message":"There is nothing at this path.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ROUTE_NOT_FOUND","domain":"keyturn"}]}';
const IDENTITY_NOT_FOUND = '{"error":404,"type":"not-found","title":"Not found","detail":"No such resource exists."}';
const DEVICE_NOT_FOUND = '{"error":{"code":404,"status":"Not Found","request":"r-1","message":"The requested resource could not be found"}}';

for (const hasTls of [false, true]) {
  describe(`an operator listener ${hasTls ? 'with' : 'without'} TLS`, () => {
    let folder: TlsFolder;
    let service: TestService;
    let operatorUrl: string;
    let tls: { ca: string } | undefined;
    before(async () => {
      folder = tlsFolder();
      tls = hasTls ? { ca: folder.ca.cert } : undefined;
      service = await startService({ settings: { KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0', ...(hasTls ? folder.settings : {}) } });
      operatorUrl = `${hasTls ? 'https' : 'http'}://${service.operator}`;
    });
    after(async () => {
      await service[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });
    const channel = () => (tls === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(tls.ca)));

    it('serves the operator over REST and gRPC on one port', async () => {
      assert.equal((await ask(operatorUrl, '/v1/devices', { headers: AUTHORIZED }, tls)).status, 200);
      assert.equal((await ask(operatorUrl, '/v1/devices', {}, tls)).status, 401);
      using client = grpcClient(service.operator, tls);
      assert.equal(await listDevices(client), status.OK);
      assert.equal(await listDevices(client, { authorization: 'Bearer wrong' }), status.UNAUTHENTICATED);
    });

    it('is the only one that does', async () => {
      for (const [method, path] of [['GET', '/v1/devices'], ['POST', '/v1/devices'], ['OPTIONS', '/v1/devices'], ['DELETE', '/v1/devices/x'], ['POST', '/v1/devices/x:freeze'], ['GET', '/v1/audit-events']] as const) {
        const answer = await ask(service.url, path, { method, headers: AUTHORIZED }, tls);
        assert.deepEqual([answer.status, answer.body], [404, NOT_FOUND], `${method} ${path}`);
      }
      using client = grpcClient(service.grpc, tls);
      assert.equal(await listDevices(client), status.UNIMPLEMENTED);
    });

    it('serves no device', async () => {
      const headers = { ...AUTHORIZED, 'x-request-id': 'r-1' };
      const answer = await ask(operatorUrl, '/device/update/pubkey', { method: 'POST', headers, body: '{}' }, tls);
      assert.deepEqual([answer.status, answer.body], [404, DEVICE_NOT_FOUND]);
      for (const [path, notFound] of [['/', NOT_FOUND], ['/v2', NOT_FOUND], ['/key/x', IDENTITY_NOT_FOUND]] as const) {
        const other = await ask(operatorUrl, path, { headers }, tls);
        assert.deepEqual([other.status, other.body], [404, notFound], path);
      }
      const client = new DeviceKeyServiceClient(service.operator, channel(), OPTIONS);
      const code = await new Promise((resolve) => client.updatePublicKey({ pop: '' }, (error: ServiceError | null) => resolve(error?.code)));
      client.close();
      assert.equal(code, status.UNIMPLEMENTED);
      assert.equal((await ask(service.url, '/device/update/pubkey', { method: 'POST', body: '{}' }, tls)).status, 401, 'it is on the other one');
    });

    it('tells by health and reflection what it serves, and the public one likewise', async () => {
      const { SERVING } = HealthCheckResponse_ServingStatus;
      const OWN = ['grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection'];
      // What the operator may do in the place of an application is served to both, and so is what either may check.
      const SHARED = ['DeviceSecretService', 'DeviceTokenService', 'IamService', 'IotDeviceService', 'OperatorService'].map((name) => `keyturn.v1.${name}`);
      const OF_DEVICES = ['keyturn.v1.DeviceKeyService', 'keyturn.v1.IdentityBindingService'];
      for (const [address, here, elsewhere] of [
        [service.operator, [], OF_DEVICES],
        [service.grpc, OF_DEVICES, []],
      ] as const) {
        const client = new HealthClient(address, channel(), OPTIONS);
        const check = (name: string) =>
          new Promise((resolve) => client.check({ service: name }, (error: ServiceError | null, answer) => resolve(error?.code ?? answer.status)));
        for (const name of ['', ...SHARED, ...here]) assert.equal(await check(name), SERVING, name);
        for (const name of elsewhere) assert.equal(await check(name), status.NOT_FOUND, name);
        client.close();
        assert.deepEqual(await reflectedServices(address, channel()), [...OWN, ...SHARED, ...here].toSorted());
      }
    });

    it('has the pages, and so has the public one', async () => {
      for (const base of [operatorUrl, service.url]) {
        for (const page of ['/livez', '/readyz', '/metrics']) assert.equal((await ask(base, page, {}, tls)).status, 200, base + page);
      }
    });

    if (!hasTls) {
      it('is where the command line looks', async () => {
        const environment = { KEYTURN_GRPC_LISTEN: service.grpc, KEYTURN_OPERATOR_LISTEN: service.operator, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN };
        const { code, stdout, stderr } = await runHere(['device', 'list', '--json'], environment);
        assert.deepEqual([code, stderr], [0, '']);
        assert.deepEqual(JSON.parse(stdout), { devices: [], next_page_token: '' });
        const wrong = await runHere(['device', 'list', '--server', service.grpc], environment);
        assert.notEqual(wrong.code, 0);
      });
    }
  });
}
