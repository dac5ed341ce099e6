import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { DeviceSecretServiceService } from '../../../gen/keyturn/v1/device_secret_service.ts';
import { createAccessKey, createProject, createToken, createUser, operate } from '../../support/iotda.ts';
import type { ApplicationRequest } from '../../support/iotda.ts';
import { OPERATOR_TOKEN, startService } from '../../support/service.ts';
import type { Credentials } from '../../support/signer.ts';
import { freePort } from '../../support/free_port.ts';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { GrpcClient } from '../grpc.ts';
import { RestClient } from '../rest.ts';
import { withBench } from '../rows.ts';
import { PATIENT, askDevice, assertLetIn, assertRefused, sendSigned } from './kit.ts';

const SHOW: ApplicationRequest = { method: 'GET', path: '/v5/iot/default/devices/nobody' };
const OPERATOR = [['X-Auth-Token', OPERATOR_TOKEN]] as const;

function basic({ accessKey, secretKey }: Credentials, scheme = 'Basic'): string {
  return `${scheme} ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
}

describe('the style of refusals', () => {
  const gateway = withBench({ ...PATIENT, KEYTURN_IOTDA_ERROR_STYLE: 'gateway' });
  const usual = withBench(PATIENT);
  const send = (bench: typeof usual, method: string, target: string): Promise<Answer> => bench().rest.send({ method, target });

  it('no and wrong tokens', async () => {
    for (const headers of [[], [['X-Auth-Token', 'wrong']]] as const) {
      assertRefused(await askDevice(usual(), 'rest', headers), '002');
      assertRefused(await askDevice(gateway(), 'rest', headers), 'G token');
      assertRefused(await askDevice(gateway(), 'grpc', headers), 'G token', 'IOTDA_UNAUTHENTICATED');
    }
  });

  it('wrong signatures', async () => {
    const wrong = { accessKey: 'A', secretKey: 'B' };
    assertRefused(await sendSigned(usual(), wrong, SHOW), '002');
    assertRefused(await sendSigned(gateway(), wrong, SHOW), 'G signature');
    assertRefused(await askDevice(gateway(), 'rest', [['Authorization', 'SDK-HMAC-SHA256']]), 'G signature');
  });

  it('expired tokens', async () => {
    for (const [bench, refused] of [[usual, '002'], [gateway, 'G expired']] as const) {
      const { service } = bench();
      const token = await createToken(service, await createUser(service));
      service.clock.advance(86_400_000);
      for (const wire of WIRES) assertRefused(await askDevice(bench(), wire, [['X-Auth-Token', token]]), refused, 'IOTDA_TOKEN_EXPIRED');
    }
  });

  it('paths and methods that are not there', async () => {
    for (const target of ['/v5/nothing', '/v5', '/v5/iot/default/devices/a/b/c', '/v5/iot/%zz/devices']) {
      assertRefused(await send(usual, 'GET', target), 'N029');
      assertRefused(await send(gateway, 'GET', target), 'G path');
    }
    for (const method of ['PATCH', 'PUT']) {
      assertRefused(await send(usual, method, '/v5/iot/default/devices'), 'N029');
      assertRefused(await send(gateway, method, '/v5/iot/default/devices'), 'G method');
    }
    assertRefused(await send(gateway, 'GET', '/v3/nothing'), 'G path');
  });

  it('other refusals keep their code, and those of /v3 all their bytes', async () => {
    assertRefused(await askDevice(gateway(), 'rest', OPERATOR, 'nothing'), 'G022');
    assertRefused(await send(gateway, 'GET', '/v3/projects'), 'I401P');
    assertRefused(await gateway().rest.send({ target: '/v3/auth/tokens', body: '{' }), 'I400');
  });
});

describe('the operator as an application', () => {
  const bench = withBench(PATIENT);
  const off = withBench({ ...PATIENT, KEYTURN_IOTDA_OPERATOR_TOKEN: 'off' });

  for (const wire of WIRES) {
    it(`${wire}: may act in every project that there is`, async () => {
      const other = await createProject(bench().service);
      for (const project of ['default', other]) assertLetIn(await askDevice(bench(), wire, OPERATOR, project));
      assertRefused(await askDevice(bench(), wire, OPERATOR, 'nothing'), '022', 'IOTDA_PERMISSION_DENIED');
    });

    it(`${wire}: is nobody if a setting says so`, async () => {
      assertRefused(await askDevice(off(), wire, OPERATOR), '002');
      assertRefused(await askDevice(off(), wire, [['Authorization', `Bearer ${OPERATOR_TOKEN}`]]), '002');
    });
  }

  it('proves itself over gRPC by a bearer token too, over REST it does not', async () => {
    const bearer = [['Authorization', `Bearer ${OPERATOR_TOKEN}`]] as const;
    assertLetIn(await askDevice(bench(), 'grpc', bearer));
    assertRefused(await askDevice(bench(), 'rest', bearer), '002');
  });

  it('counts at its own listener alone, if there is one', async () => {
    const port = await freePort();
    await using stack = new AsyncDisposableStack();
    const service = stack.use(await startService({ settings: { ...PATIENT, KEYTURN_OPERATOR_LISTEN: `127.0.0.1:${port}` } }));
    const clients = (url: string, grpc: string) => ({ rest: stack.use(new RestClient(url)), grpc: stack.use(new GrpcClient(grpc)) });
    const open = clients(service.url, service.grpc);
    const own = clients(`http://${service.operator}`, service.operator);
    for (const wire of WIRES) {
      assertRefused(await askDevice(open, wire, OPERATOR), '002');
      assertLetIn(await askDevice(own, wire, OPERATOR));
    }
  });
});

describe('throttling of applications', () => {
  const bench = withBench({ ...PATIENT, KEYTURN_IOTDA_APPLICATION_RATE_LIMIT: '3' });

  it('counts the calls of a user, whatever token and wire it comes with, and says when to come back', async () => {
    const { service } = bench();
    const user = await createUser(service);
    const [one, two] = [await createToken(service, user), await createToken(service, user)];
    for (const [wire, token] of [['rest', one], ['grpc', two], ['rest', two]] as const) assertLetIn(await askDevice(bench(), wire, [['X-Auth-Token', token]]));
    for (const wire of WIRES) {
      const answer = await askDevice(bench(), wire, [['X-Auth-Token', one]], 'nothing');
      assertRefused(answer, '429', 'IOTDA_THROTTLED');
      assert.match(answer.headers.get('retry-after')?.[0] ?? '', /^(?:1?\d|20)$/);
    }
    service.clock.advance(20_000);
    assertLetIn(await askDevice(bench(), 'rest', [['X-Auth-Token', one]]));
  });

  it('counts for each access key on its own; a wrong signature and the operator do not count', async () => {
    const { service } = bench();
    const [one, two] = [await createAccessKey(service), await createAccessKey(service)];
    for (let turn = 0; turn < 5; turn += 1) assertRefused(await sendSigned(bench(), { ...one, secretKey: 'x' }, SHOW), '002');
    for (let turn = 0; turn < 3; turn += 1) assertLetIn(await sendSigned(bench(), one, SHOW));
    assertRefused(await sendSigned(bench(), one, SHOW), '429');
    assertLetIn(await sendSigned(bench(), two, SHOW));
    for (let turn = 0; turn < 5; turn += 1) assertLetIn(await askDevice(bench(), 'rest', OPERATOR));
  });
});

describe('what asks about connections', () => {
  const bench = withBench(PATIENT);
  let own: Credentials;
  before(async () => {
    own = await createAccessKey(bench().service);
  });

  const ask = (...authorization: readonly string[]): Promise<Answer> =>
    bench().grpc.call(DeviceSecretServiceService.authenticateConnection, { clientId: 'x', userName: 'x', password: 'x' }, authorization.map((value) => ['authorization', value]));

  it('is the operator or an access key with its secret key', async () => {
    for (const authorization of [`Bearer ${OPERATOR_TOKEN}`, basic(own), basic(own, 'basic')]) assert.equal((await ask(authorization)).status, 0, authorization);
  });

  it('has the right to do so', async () => {
    const able = await createAccessKey(bench().service, 'default', ['iotda:devices:authenticate']);
    assert.equal((await ask(basic(able))).status, 0);
    const unable = await createAccessKey(bench().service, 'default', ['iotda:devices:query']);
    assertRefused(await ask(basic(unable)), '022', 'IOTDA_PERMISSION_DENIED');
  });

  it('is nobody else', async () => {
    const token = await createToken(bench().service, await createUser(bench().service));
    const wrong = [
      basic({ ...own, secretKey: `${own.secretKey}x` }), basic({ ...own, secretKey: own.secretKey.toLowerCase() }), basic({ ...own, secretKey: '' }), basic({ ...own, accessKey: 'A'.repeat(20) }),
      basic({ ...own, accessKey: '' }), 'Basic', 'Basic ', 'Basic !', `Basic ${own.accessKey}`, `Basic ${Buffer.from(own.accessKey).toString('base64')}`, `Bearer ${token}`, 'Bearer x', '', OPERATOR_TOKEN,
    ];
    for (const authorization of wrong) assertRefused(await ask(authorization), '002', 'IOTDA_UNAUTHENTICATED');
    assertRefused(await ask(), '002', 'IOTDA_UNAUTHENTICATED');
  });

  it('is not an access key that was removed', async () => {
    const removed = await createAccessKey(bench().service);
    await operate(bench().service, 'DELETE', `/v1/access-keys/${removed.accessKey}`);
    assertRefused(await ask(basic(removed)), '002', 'IOTDA_UNAUTHENTICATED');
  });
});
