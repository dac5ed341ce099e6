import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { AccessKeyStore } from '../../src/db/access_key.ts';
import { ApplicationStore } from '../../src/db/application.ts';
import { ProductStore } from '../../src/db/product.ts';
import { TokenStore } from '../../src/db/token.ts';
import { UserStore } from '../../src/db/user.ts';
import { withAskedDatabase } from './fixtures/asked_database.ts';
import { assertIndexed } from './fixtures/plans.ts';
import { ORIGIN } from './fixtures/rotations.ts';

const BYTES = Buffer.alloc(32, 1);
const HUSH = 'hush-0123456789';

function digest(index: number): Buffer {
  return Buffer.alloc(32, index);
}

describe('statements of applications', () => {
  const own = withAskedDatabase(2);
  const { asked, run } = own;

  const [applications, tokens, users, accessKeys, products] = [new ApplicationStore(run), new TokenStore(run), new UserStore(run), new AccessKeyStore(run), new ProductStore(run)];
  const user = { userId: HUSH, name: HUSH, domain: HUSH, projectId: 'default', password: BYTES, actions: [HUSH] };

  /** Work of one statement, and whether all its tables have a key to look up. */
  const WORK: readonly (readonly [name: string, keyed: boolean, work: () => Promise<unknown>])[] = [
    ['a project', true, () => applications.hasProject(HUSH)],
    ['a token', true, () => applications.findToken(BYTES)],
    ['an access key', true, () => applications.findAccessKey(HUSH)],
    ['the project of an application', true, () => applications.project(HUSH)],
    ['projects of a name', true, () => applications.showProjects(HUSH, ORIGIN)],
    ['all projects', false, () => applications.showProjects(undefined, ORIGIN)],
    ['a new user', true, () => users.create(user, ORIGIN)],
    ['a user who signs in', true, () => tokens.findUser(HUSH, HUSH)],
    ['a new token', true, () => tokens.issue({ tokenSha256: BYTES, userId: HUSH, generation: 0, expiresAt: ORIGIN.at }, ORIGIN)],
    ['a user', true, () => users.get(HUSH)],
    ['users', true, () => users.list(undefined, undefined, 10)],
    ['users of a project', true, () => users.list('default', HUSH, 10)],
    ['a new password', true, () => users.setPassword(HUSH, BYTES, ORIGIN)],
    ['a user to disable', true, () => users.setDisabled(HUSH, true, ORIGIN)],
    ['a user to enable', true, () => users.setDisabled(HUSH, false, ORIGIN)],
    ['a user to remove', true, () => users.remove(HUSH, ORIGIN)],
    ['a new access key', true, () => accessKeys.create({ accessKey: HUSH, projectId: 'default', keyId: 'k', box: BYTES, actions: null }, ORIGIN)],
    ['access keys', true, () => accessKeys.list(undefined, undefined, 10)],
    ['access keys of a project', true, () => accessKeys.list('default', HUSH, 10)],
    ['an access key to remove', true, () => accessKeys.remove(HUSH, ORIGIN)],
    ['a new product', true, () => products.create({ productId: HUSH, projectId: 'default', name: HUSH, protocolType: HUSH, nbIot: true }, ORIGIN)],
    ['products', true, () => products.list(undefined, undefined, 10)],
    ['products of a project', true, () => products.list('default', ['default', HUSH], 10)],
  ];

  for (const [name, keyed, work] of WORK) {
    it(`are one, with an index, for ${name}`, async () => {
      asked.length = 0;
      await work();
      const [statement, ...more] = asked;
      assert.ok(statement);
      assert.deepEqual(more, []);
      assert.ok(!statement.text.includes(HUSH));
      await assertIndexed(own.url, statement.text, keyed);
    });
  }

  it('take a signature once, however many ask at once', async () => {
    const taken = await Promise.all(Array.from({ length: 16 }, () => applications.spendSignature(BYTES, ORIGIN.at)));
    assert.equal(taken.filter((each) => each).length, 1);
    assert.ok(await applications.spendSignature(Buffer.alloc(32, 2), ORIGIN.at));
  });

  it('issue no token to a user who was changed since, and tell of no ended token', async () => {
    const issue = (index: number, generation: number) => tokens.issue({ tokenSha256: digest(index), userId: 'u', generation, expiresAt: ORIGIN.at }, ORIGIN);
    await users.create({ ...user, userId: 'u', name: 'u' }, ORIGIN);
    assert.ok(await issue(10, 0));
    const { userId, expiresAt } = (await applications.findToken(digest(10))) ?? assert.fail();
    assert.deepEqual([userId, expiresAt], ['u', ORIGIN.at]);
    await users.setPassword('u', BYTES, ORIGIN);
    assert.equal(await applications.findToken(digest(10)), undefined);
    assert.ok(!(await issue(11, 0)));
    assert.ok(await issue(11, 1));
    await users.setDisabled('u', true, ORIGIN);
    assert.equal(await applications.findToken(digest(11)), undefined);
    assert.ok(!(await issue(12, 2)));
    await users.setDisabled('u', false, ORIGIN);
    assert.ok(await issue(12, 2));
    await users.remove('u', ORIGIN);
    assert.equal(await applications.findToken(digest(12)), undefined);
    assert.ok(!(await issue(13, 2)));
  });
});
