import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { ecPair } from '../crypto/keys.ts';
import { lockDevice, waitingBackends } from '../db/fixtures/rotations.ts';
import { eventually } from '../faults/fixtures/child.ts';
import { newUpdate, pemOf } from '../faults/fixtures/device.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ask, openConnections, tcp, tls } from './fixtures/sockets.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';

const NAMES = ['destroyed', 'reset', 'half-closed', 'gRPC'];

/** Calls of devices whose connection breaks while they are worked on. */
for (const hasTls of [false, true]) {
  describe(`connections ${hasTls ? 'with' : 'without'} TLS that break during a call`, () => {
    let folder: TlsFolder;
    let service: TestService;
    before(async () => {
      folder = tlsFolder();
      service = await startService({ settings: hasTls ? folder.settings : {} });
    });
    after(async () => {
      await service[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });

    it('leave nothing behind, and the service goes on', async () => {
      const { cert: ca } = folder.ca;
      const headers = { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' };
      const updates = await Promise.all(NAMES.map(async (_, index) => {
        const pair = ecPair('P-256');
        const body = JSON.stringify({ device_id: `device-${index}`, public_key: pemOf(pair) });
        assert.equal((await ask(service.url, '/v1/devices', { method: 'POST', headers, body }, { ca })).status, 200);
        return newUpdate(`device-${index}`, pair);
      }));
      const locks = await Promise.all(updates.map((_, index) => lockDevice(service.databaseUrl, `device-${index}`)));
      const port = service.app.http.port;
      const send = async (index: number): Promise<{ socket: Socket; raw: Socket }> => {
        const raw = await tcp(port);
        const socket = hasTls ? await tls(port, { ca, socket: raw }) : raw;
        const { jwt, pop } = updates[index] ?? { jwt: '', pop: '' };
        const body = JSON.stringify({ pop });
        socket.write(`POST /device/update/pubkey HTTP/1.1\r\nHost: x\r\nAuthorization: ${jwt}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
        return { socket, raw };
      };
      const [destroyed, reset, half] = await Promise.all([send(0), send(1), send(2)]);
      const { jwt, pop } = updates[3] ?? { jwt: '', pop: '' };
      const session = connectHttp2(`${hasTls ? 'https' : 'http'}://${service.grpc}`, { ca, servername: 'localhost' });
      const stream = session.request({ ':method': 'POST', ':path': '/keyturn.v1.DeviceKeyService/UpdatePublicKey', 'content-type': 'application/grpc', te: 'trailers', authorization: jwt });
      stream.on('error', () => undefined);
      const message = Buffer.from(pop);
      stream.write(Buffer.concat([Buffer.from([0, 0, 0, 0, message.length + 2, 10, message.length]), message]));
      stream.end();
      await waitingBackends(service.databaseUrl, NAMES.length);
      destroyed.socket.destroy();
      reset.raw.resetAndDestroy();
      half.socket.end();
      session.destroy();
      await eventually(async () => assert.deepEqual(await openConnections(service.url, { ca }), { http: 0, grpc: 0 }));
      for (const lock of locks) await lock.release();
      await eventually(async () => assert.match((await ask(service.url, '/metrics', {}, { ca })).body, /^keyturn_calls_in_flight 0$/m));
      for (const { jwt: again, pop: proof } of updates) {
        const answer = await ask(service.url, '/device/update/pubkey', { method: 'POST', headers: { ...headers, authorization: again }, body: JSON.stringify({ pop: proof }) }, { ca });
        assert.deepEqual([answer.status, answer.body], [200, '{"Success":"Public key updated"}'], 'the identical request settles it');
      }
    });
  });
}
