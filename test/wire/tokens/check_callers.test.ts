import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createToken, createUser } from '../../support/iotda.ts';
import type { Answer } from '../answer.ts';
import { assertNoInternals } from '../answer.ts';
import type { Clients, Device } from '../harness.ts';
import { thumbprintOf } from '../jwt.ts';
import { withBench } from '../rows.ts';
import { GET_KEY_SET, NOBODY, OPERATOR, VERIFY, accessKey, askKeySet, basic, keySet, shown, verified } from './checks.ts';
import { NOTHING, storedTokens } from './issue_rows.ts';
import { authenticationJwt, verifyJwt } from './kit.ts';

/** A call that checks a device, and how it refuses: status and reason. */
interface Check {
  readonly name: string;
  readonly action: string;
  readonly ask: (clients: Clients, device: Device, authorization?: string) => Promise<Answer>;
  readonly success: number;
  readonly unauthenticated: readonly [number, string];
  readonly denied: readonly [number, string];
}

const CHECKS: readonly Check[] = [
  {
    name: 'VerifyDeviceJwt',
    action: VERIFY,
    ask: (clients, device, authorization = OPERATOR) => verifyJwt(clients, authenticationJwt(device), authorization),
    success: 0,
    unauthenticated: [16, 'DEVICE_UNAUTHENTICATED'],
    denied: [7, 'DEVICE_CHECK_NOT_ALLOWED'],
  },
  {
    name: 'GetDeviceKeySet over REST',
    action: GET_KEY_SET,
    ask: (clients, { id }, authorization = OPERATOR) => askKeySet(clients, 'rest', id, { authorization }),
    success: 200,
    unauthenticated: [401, 'UNAUTHENTICATED'],
    denied: [403, 'PERMISSION_DENIED'],
  },
  {
    name: 'GetDeviceKeySet over gRPC',
    action: GET_KEY_SET,
    ask: (clients, { id }, authorization = OPERATOR) => askKeySet(clients, 'grpc', id, { authorization }),
    success: 0,
    unauthenticated: [16, 'UNAUTHENTICATED'],
    denied: [7, 'PERMISSION_DENIED'],
  },
];

for (const { name, action, ask, success, unauthenticated, denied } of CHECKS) {
  describe(`who may call ${name}`, () => {
    const bench = withBench();

    async function assertRefused(answer: Answer, [status, reason]: readonly [number, string], device?: Device): Promise<void> {
      assert.deepEqual([answer.status, answer.reason], [status, reason], answer.body);
      assertNoInternals(answer);
      if (answer.wire === 'rest') {
        assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
        assert.equal(answer.headers.get('etag'), undefined);
        assert.equal(answer.headers.has('www-authenticate'), status === 401);
      }
      if (device !== undefined) assert.deepEqual(await storedTokens(bench().sql, device.id), NOTHING);
    }

    it('the operator', async () => {
      assert.equal((await ask(bench(), await bench().device())).status, success);
    });

    it('an access key with the action, or with all of them, and no other', async () => {
      for (const actions of [[action], [], [action, 'iotda:devices:query']]) {
        assert.equal((await ask(bench(), await bench().device(), (await accessKey(bench(), actions)).authorization)).status, success);
      }
      for (const actions of [['iotda:devices:query'], ['iotda:devices:authenticate'], [action === VERIFY ? GET_KEY_SET : VERIFY]]) {
        const device = await bench().device();
        await assertRefused(await ask(bench(), device, (await accessKey(bench(), actions)).authorization), denied, device);
      }
    });

    it('nobody else', async () => {
      const { authorization } = await accessKey(bench());
      const [accessKeyId = '', secretKey = ''] = Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':');
      const device = await bench().device();
      const wrong = [
        '', 'Basic', 'Basic ', 'Basic !', 'Bearer', 'Bearer wrong', `Bearer ${secretKey}`, `Bearer ${accessKeyId}`, OPERATOR.replace('Bearer ', ''), OPERATOR.replace('Bearer ', 'Basic '),
        basic(''), basic(':'), basic(accessKeyId), basic(`${accessKeyId}:`), basic(`${accessKeyId}:${secretKey} `), basic(`${accessKeyId}:${secretKey.toUpperCase()}`), basic(`:${secretKey}`),
        basic(`${accessKeyId.toLowerCase()}:${secretKey}`), basic(`nobody:${secretKey}`), `${authorization}=`, authorization.replace(' ', '  '), authenticationJwt(device), `Bearer ${authenticationJwt(device)}`,
      ];
      for (const each of wrong) await assertRefused(await ask(bench(), device, each), unauthenticated, device);
      assert.equal((await ask(bench(), device, authorization.replace('Basic', 'bAsIc'))).status, success);
      await bench().operator('DELETE', `/v1/access-keys/${accessKeyId}`);
      await assertRefused(await ask(bench(), await bench().device(), authorization), unauthenticated);
    });

    it('no user, be it by token or by password', async () => {
      const user = await createUser(bench().service);
      const device = await bench().device();
      const token = await createToken(bench().service, user);
      for (const each of [`Bearer ${token}`, basic(`${user.name}:${user.password}`), basic(`${user.userId}:${user.password}`)]) await assertRefused(await ask(bench(), device, each), unauthenticated, device);
    });
  });
}

describe('what an access key may check', () => {
  const bench = withBench();
  before(() => bench().operator('POST', '/v1/projects', { project_id: 'theirs', name: 'theirs' }));

  it('are the devices of its project: those of others are as unknown, and stay as they are', async () => {
    const [ours, theirs] = [await bench().device(), await bench().device({ projectId: 'theirs' })];
    const { authorization } = await accessKey(bench());
    const jwt = authenticationJwt(theirs);
    assert.deepEqual(await verified(bench(), jwt, authorization), NOBODY);
    await bench().operator('POST', `/v1/devices/${theirs.id}:freeze`);
    assert.deepEqual(await verified(bench(), jwt, authorization), NOBODY, 'frozen ones too');
    assert.deepEqual(await storedTokens(bench().sql, theirs.id), NOTHING);
    await bench().operator('POST', `/v1/devices/${theirs.id}:unfreeze`);
    assert.deepEqual(await verified(bench(), jwt), shown(theirs, true, { projectId: 'theirs' }));
    assert.deepEqual(await verified(bench(), authenticationJwt(ours), authorization), shown(ours, true));
    for (const wire of ['rest', 'grpc'] as const) {
      const answers = await Promise.all([theirs.id, 'nobody'].map((id) => askKeySet(bench(), wire, id, { authorization, headers: [['x-request-id', 'r']], retired: true })));
      assert.equal(answers[0]?.reason, 'DEVICE_NOT_FOUND');
      assert.deepEqual([answers[0]?.status, answers[0]?.body], [answers[1]?.status, answers[1]?.body]);
      assert.equal((await keySet(bench(), wire, ours.id, { authorization }))[0]?.['thumbprint'], thumbprintOf(ours.pair));
    }
  });

  it('is settled by one Authorization: two of them are none', async () => {
    const device = await bench().device();
    const { authorization } = await accessKey(bench());
    for (const more of [OPERATOR, authorization]) {
      const { status, reason } = await askKeySet(bench(), 'rest', device.id, { authorization, headers: [['authorization', more]] });
      assert.deepEqual([status, reason], [401, 'UNAUTHENTICATED']);
    }
  });

  it('does not depend on a user token that comes along', async () => {
    const device = await bench().device();
    const token = await createToken(bench().service, await createUser(bench().service));
    const headers = [['x-auth-token', token]] as const;
    for (const wire of ['rest', 'grpc'] as const) {
      const answer = await askKeySet(bench(), wire, device.id, { authorization: '', headers });
      assert.equal(answer.reason, 'UNAUTHENTICATED');
      assert.equal((await keySet(bench(), wire, device.id, { headers })).length, 1);
    }
  });
});
