import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CALLERS } from '../races/crowd.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { CONFIRMED, DONE, newEmail, newPhone, secretIn, sendKey, storedKeyOf } from '../wire/identity/bench.ts';
import type { RegisteredKey } from '../wire/identity/bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal, identityErrorOf } from '../wire/identity/errors.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import type { IdentityKey } from '../wire/identity/signer.ts';
import { withNodes } from './nodes.ts';

const words = (answers: readonly Answer[]): string[] => answers.map((answer) => identityErrorOf(answer) ?? 'done').toSorted();

describe('two nodes: identity keys', () => {
  const nodes = withNodes();
  const register = async (key = newIdentityKey()): Promise<RegisteredKey> =>
    ({ ...key, secret: secretIn(await sendKey(nodes().first, 'rest', 'keyRegister', { jwt: selfSigned(key) })) });
  const bindAt = (index: number, key: IdentityKey, claims: object): Promise<Answer> => {
    const [node, wire] = nodes().turn(index);
    return sendKey(node, wire, 'keyBind', { pk: key.pk, jwt: selfSigned(key, claims) });
  };
  const addressesOf = async ({ pk }: IdentityKey): Promise<readonly string[]> => (await storedKeyOf(nodes().sql, pk))?.addresses ?? assert.fail();

  for (const wire of WIRES) {
    it(`${wire}: what is registered, bound and revoked at one node counts at the other at once`, async () => {
      const { first, second } = nodes();
      const [key, other] = [await register(), await register()];
      const claims = { email: newEmail(), phone: newPhone() };
      const bind = (node: typeof first, { pk, privateKey }: IdentityKey): Promise<Answer> => sendKey(node, wire, 'keyBind', { pk, jwt: selfSigned({ pk, privateKey }, claims) });
      assertIdentityAnswer(await bind(second, key), CONFIRMED);
      // Both nodes make the same keyed hash of an address.
      assertIdentityRefusal(await bind(first, other), 'duplicate-hash');
      assertIdentityAnswer(await sendKey(second, wire, 'keyRevoke', key), DONE);
      assertIdentityRefusal(await sendKey(first, wire, 'keyRetrieve', key), 'revoked-key');
      assertIdentityAnswer(await bind(first, other), CONFIRMED);
    });
  }

  it('two keys and one hash, over both nodes: one 200, one 409', async () => {
    for (let round = 0; round < 25; round += 1) {
      const keys = [await register(), await register()];
      const claims = { email: newEmail(), phone: newPhone() };
      const answers = await Promise.all(keys.map((key, index) => bindAt(round + index, key, claims)));
      assert.deepEqual(words(answers), ['done', 'duplicate-hash']);
      assert.deepEqual((await Promise.all(keys.map(addressesOf))).flat(), ['email', 'phone']);
    }
  });

  it('one key and one new hash, at both nodes at once: both 200', async () => {
    for (let round = 0; round < 25; round += 1) {
      const key = await register();
      const claims = { email: newEmail(), iat: Math.floor(Date.now() / 1000) };
      assert.deepEqual(words(await Promise.all([bindAt(round, key, claims), bindAt(round + 1, key, claims)])), ['done', 'done']);
      assert.deepEqual(await addressesOf(key), ['email']);
    }
  });

  it(`${CALLERS} registrations of one key, over both nodes: one 201`, async () => {
    const key = newIdentityKey();
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => {
      const [node, wire] = nodes().turn(index);
      return sendKey(node, wire, 'keyRegister', { jwt: selfSigned(key) });
    }));
    assert.deepEqual(words(answers).filter((word) => word === 'done').length, 1);
    assert.deepEqual(new Set(words(answers)), new Set(['done', 'duplicate-key']));
  });

  it(`${CALLERS} PUTs of one JWT, over both nodes: all 200`, async () => {
    const key = await register();
    const claims = { email: newEmail(), phone: newPhone(), devtoken: 'd', iat: Math.floor(Date.now() / 1000) };
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => bindAt(index, key, claims)));
    assert.deepEqual(new Set(words(answers)), new Set(['done']));
    assert.deepEqual(await addressesOf(key), ['email', 'phone']);
  });

  it('the replay guard counts over both nodes', async () => {
    const key = await register();
    const now = Math.floor(Date.now() / 1000);
    const iats = Array.from({ length: 32 }, (_, index) => now - ((index * 19) % 32));
    await Promise.all(iats.map((iat, index) => bindAt(index, key, { iat, devtoken: String(iat) })));
    const stored = await storedKeyOf(nodes().sql, key.pk);
    assert.deepEqual([stored?.lastIat, stored?.devtoken], [now, String(now)]);
    for (const index of [0, 1, 2, 3]) assertIdentityRefusal(await bindAt(index, key, { iat: now - 1 }), 'auth-error');
  });
});
