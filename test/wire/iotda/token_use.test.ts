import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { createProject, createToken, createUser, operate } from '../../support/iotda.ts';
import type { TestUser } from '../../support/iotda.ts';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { withBench } from '../rows.ts';
import { PATIENT, askDevice, assertLetIn, assertRefused, countStatements } from './kit.ts';

const DAY = 86_400_000;

describe('tokens of users', () => {
  const bench = withBench(PATIENT);
  let other: string;
  before(async () => {
    other = await createProject(bench().service);
  });

  const issue = async (): Promise<{ user: TestUser; token: string }> => {
    const user = await createUser(bench().service);
    return { user, token: await createToken(bench().service, user) };
  };
  const post = (path: string, body: object = {}) => operate(bench().service, 'POST', path, body);

  for (const wire of WIRES) {
    const ask = (token: string, projectId?: string): Promise<Answer> => askDevice(bench(), wire, [['X-Auth-Token', token]], projectId);

    it(`${wire}: a token counts in the project of its user alone`, async () => {
      const { token } = await issue();
      assertLetIn(await ask(token));
      assertRefused(await ask(token, other), '022', 'IOTDA_PERMISSION_DENIED');
      assertRefused(await ask(token, 'nothing'), '022', 'IOTDA_PERMISSION_DENIED');
    });

    it(`${wire}: 002 for no token and for tokens that nobody has`, async () => {
      const { token } = await issue();
      assertRefused(await askDevice(bench(), wire, []), '002', 'IOTDA_UNAUTHENTICATED');
      for (const wrong of ['', 'x', `${token}x`, token.slice(1), token.toUpperCase(), 'A'.repeat(43), '\u00e4'.repeat(43), 'A'.repeat(4000)]) {
        if (wire === 'grpc' && !/^[ -~]*$/.test(wrong)) continue;
        assertRefused(await ask(wrong), '002', 'IOTDA_UNAUTHENTICATED');
      }
    });

    it(`${wire}: a repeated token counts as none`, async () => {
      const { token } = await issue();
      assertRefused(await askDevice(bench(), wire, [['X-Auth-Token', token], ['X-Auth-Token', token]]), '002');
    });

    it(`${wire}: a token of a user is no bearer token`, async () => {
      const { token } = await issue();
      assertRefused(await askDevice(bench(), wire, [['Authorization', `Bearer ${token}`]]), '002', 'IOTDA_UNAUTHENTICATED');
      assertRefused(await askDevice(bench(), wire, [['Authorization', token]]), '002');
    });

    it(`${wire}: actions that were given are all that a user may do`, async () => {
      const able = await createUser(bench().service, { actions: ['iotda:devices:query', 'iotda:devices:freeze'] });
      const unable = await createUser(bench().service, { actions: ['iotda:devices:freeze'] });
      assertLetIn(await ask(await createToken(bench().service, able)));
      assertRefused(await ask(await createToken(bench().service, unable)), '022', 'IOTDA_PERMISSION_DENIED');
    });

    const ENDS: readonly (readonly [string, (user: TestUser) => Promise<unknown>])[] = [
      ['the user was disabled', (user) => post(`/v1/users/${user.userId}:disable`)],
      ['the password was changed', (user) => post(`/v1/users/${user.userId}:setPassword`, { password: 'another password' })],
      ['the password was set to the same', (user) => post(`/v1/users/${user.userId}:setPassword`, { password: user.password })],
      ['the user was removed', (user) => operate(bench().service, 'DELETE', `/v1/users/${user.userId}`)],
      ['the user was disabled and enabled', async (user) => {
        await post(`/v1/users/${user.userId}:disable`);
        await post(`/v1/users/${user.userId}:enable`);
      }],
    ];
    for (const [name, end] of ENDS) {
      it(`${wire}: all tokens have ended once ${name}`, async () => {
        const { user, token } = await issue();
        const second = await createToken(bench().service, user);
        assertLetIn(await ask(token));
        await end(user);
        for (const each of [token, second]) assertRefused(await ask(each), '002', 'IOTDA_UNAUTHENTICATED');
      });
    }

    it(`${wire}: a user may be given tokens again once it is enabled, or by its new password`, async () => {
      const { user } = await issue();
      await post(`/v1/users/${user.userId}:disable`);
      await assert.rejects(createToken(bench().service, user), /The username or password is wrong/);
      await post(`/v1/users/${user.userId}:enable`);
      assertLetIn(await ask(await createToken(bench().service, user)));
      await post(`/v1/users/${user.userId}:setPassword`, { password: 'another password' });
      await assert.rejects(createToken(bench().service, user), /The username or password is wrong/);
      assertLetIn(await ask(await createToken(bench().service, { ...user, password: 'another password' })));
    });

    it(`${wire}: a token lives for a day`, async () => {
      const { token } = await issue();
      bench().service.clock.advance(DAY - 5_000);
      assertLetIn(await ask(token));
      bench().service.clock.advance(5_000);
      assertRefused(await ask(token), '002', 'IOTDA_TOKEN_EXPIRED');
    });
  }

  it('a request that signs wrongly is not saved by a good token, nor by that of the operator', async () => {
    const { token } = await issue();
    for (const good of [token, OPERATOR_TOKEN]) {
      assertRefused(await askDevice(bench(), 'rest', [['Authorization', 'SDK-HMAC-SHA256 x'], ['X-Auth-Token', good]]), '002');
    }
    assertLetIn(await askDevice(bench(), 'rest', [['Authorization', 'Basic x'], ['X-Auth-Token', token]]));
  });

  it('authentication is one statement', async () => {
    const { token } = await issue();
    const first = await countStatements(bench(), /^application_/);
    for (const each of [token, 'A'.repeat(43), OPERATOR_TOKEN]) await askDevice(bench(), 'rest', [['X-Auth-Token', each]]);
    assert.equal((await countStatements(bench(), /^application_/)) - first, 3);
  });
});

describe('users and their tokens at once', () => {
  const bench = withBench(PATIENT);

  it('no token is good that was issued while the user was disabled', async () => {
    const { service } = bench();
    const user = await createUser(service);
    for (let round = 0; round < 2; round += 1) {
      const tokens = Array.from({ length: 6 }, () => createToken(service, user).catch(() => undefined));
      const disabled = operate(service, 'POST', `/v1/users/${user.userId}:disable`, {});
      const [issued] = await Promise.all([Promise.all(tokens), disabled]);
      await operate(service, 'POST', `/v1/users/${user.userId}:enable`, {});
      for (const token of issued) {
        if (token === undefined) continue;
        assertRefused(await askDevice(bench(), 'rest', [['X-Auth-Token', token]]), '002');
      }
    }
    assertLetIn(await askDevice(bench(), 'rest', [['X-Auth-Token', await createToken(service, user)]]));
  });
});
