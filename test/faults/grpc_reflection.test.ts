import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'mocha';
import { BadRequest, ErrorInfo } from '../../gen/google/rpc/error_details.ts';
import { BUF } from '../contract/images.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { addDevice, newUpdate } from './fixtures/device.ts';

const SERVICES = [
  'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection', 'keyturn.v1.DeviceKeyService', 'keyturn.v1.DeviceSecretService',
  'keyturn.v1.IamService', 'keyturn.v1.IotDeviceService', 'keyturn.v1.OperatorService',
];
/** The last one is served over gRPC alone. */
const METHODS = [
  'keyturn.v1.DeviceKeyService/UpdatePublicKey', 'keyturn.v1.OperatorService/CreateDevice', 'grpc.health.v1.Health/Watch',
  'keyturn.v1.DeviceSecretService/AuthenticateConnection',
];

/** A client that knows no schema but what reflection tells it: `buf curl`, outside of the repository. */
describe('gRPC reflection', () => {
  let service: TestService;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  const curl = async (protocol: string, target: string, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> => {
    const url = `http://${service.grpc}${target}`;
    const all = ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--reflect-protocol', protocol, ...args, url];
    const child = spawn(BUF, all, { cwd: tmpdir(), stdio: ['ignore', 'pipe', 'pipe'] });
    const code = new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await code, out, err };
  };

  for (const protocol of ['grpc-v1', 'grpc-v1alpha']) {
    describe(protocol, () => {
      it('lists services and methods', async () => {
        const services = await curl(protocol, '', '--list-services');
        assert.deepEqual(services.out.trim().split('\n').filter((line) => SERVICES.includes(line)).toSorted(), SERVICES, services.err);
        const methods = await curl(protocol, '', '--list-methods');
        for (const name of METHODS) {
          assert.ok(methods.out.split('\n').includes(name), `${name} in ${methods.out}${methods.err}`);
        }
      });

      it('is enough to make a rotation, and to repeat it', async () => {
        const id = `r-${protocol}`;
        const update = newUpdate(id, await addDevice(service.url, OPERATOR_TOKEN, id));
        const args = ['-H', `authorization: ${update.jwt}`, '-d', JSON.stringify({ pop: update.pop }), '-v'];
        const [first, again] = [
          await curl(protocol, '/keyturn.v1.DeviceKeyService/UpdatePublicKey', ...args),
          await curl(protocol, '/keyturn.v1.DeviceKeyService/UpdatePublicKey', ...args),
        ];
        assert.deepEqual(JSON.parse(first.out), { Success: 'Public key updated' }, first.err);
        assert.ok(!/idempotent-replayed/i.test(first.err));
        assert.deepEqual(JSON.parse(again.out), { Success: 'Public key updated' }, again.err);
        assert.match(again.err, /idempotent-replayed: true/i);
        assert.match(again.err, /x-request-id: [0-9a-f-]{36}/i);
      });

      it('is enough to read why an operator is refused', async () => {
        const { code, err } = await curl(
          protocol, '/keyturn.v1.OperatorService/CreateDevice',
          '-H', `authorization: Bearer ${OPERATOR_TOKEN}`, '-d', JSON.stringify({ deviceId: 'no good', scopes: ['a b'] }),
        );
        assert.notEqual(code, 0);
        const error = JSON.parse(err) as { code: string; details: { type: string; value: string }[] };
        assert.equal(error.code, 'invalid_argument');
        const valueOf = (type: string): Buffer =>
          Buffer.from(error.details.find((detail) => detail.type === type)?.value ?? assert.fail(err), 'base64');
        const { reason, domain } = ErrorInfo.decode(valueOf('google.rpc.ErrorInfo'));
        assert.deepEqual([reason, domain], ['INVALID_ARGUMENT', 'keyturn']);
        const { fieldViolations } = BadRequest.decode(valueOf('google.rpc.BadRequest'));
        assert.deepEqual(fieldViolations.map(({ field }) => field.replace(/\[.*/, '')), ['device_id', 'scopes']);
      });
    });
  }
});
