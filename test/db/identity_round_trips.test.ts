import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { CONFIRMED, DONE, newEmail, newPhone, secretIn, sendKey } from '../wire/identity/bench.ts';
import type { KeyMethod, KeyRequest } from '../wire/identity/bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from '../wire/identity/errors.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { RestClient } from '../wire/rest.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';

describe('round trips of a call on identity keys', () => {
  it('are one read and one write, and none for what is refused by its form', async () => {
    await using database = await createDatabase();
    await using proxy = await startProxy(database.url);
    await using service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database });
    using rest = new RestClient(service.url);
    using grpc = new GrpcClient(service.grpc);
    for (const wire of WIRES) {
      const key = newIdentityKey();
      const claims = { email: newEmail(), phone: newPhone(), devtoken: 'd' };
      const asked = async (method: KeyMethod, request: KeyRequest) => {
        proxy.asked.length = 0;
        const answer = await sendKey({ rest, grpc }, wire, method, request);
        const ran = proxy.asked.filter(({ kind, name }) => kind !== 'parse' && name !== 'ping').map(({ kind, name, text }) => `${kind} ${name}${text}`);
        return { answer, ran };
      };
      const registered = await asked('keyRegister', { jwt: selfSigned(key) });
      const secret = secretIn(registered.answer);
      assert.deepEqual(registered.ran, ['bind identity_register']);
      for (const method of ['keyBind', 'keyUpdate'] as const) {
        const { answer, ran } = await asked(method, { pk: key.pk, jwt: selfSigned(key, claims) });
        assertIdentityAnswer(answer, CONFIRMED);
        assert.deepEqual(ran, ['bind identity_read', 'bind identity_change']);
      }
      const forged = await asked('keyBind', { pk: key.pk, jwt: selfSigned(key, claims, { signer: newIdentityKey().privateKey }) });
      assertIdentityRefusal(forged.answer, 'auth-error');
      assert.deepEqual(forged.ran, ['bind identity_read']);
      for (const [method, request, word] of [['keyBind', { pk: key.pk, jwt: 'x' }, 'bad-request'], ['keyRetrieve', { pk: 'x' }, 'unknown-key'], ['keyRevoke', { pk: 'x', secret }, 'unknown-key']] as const) {
        const { answer, ran } = await asked(method, request);
        assertIdentityRefusal(answer, word);
        assert.deepEqual(ran, []);
      }
      assert.deepEqual((await asked('keyRetrieve', { pk: key.pk })).ran, ['bind identity_read']);
      const revoked = await asked('keyRevoke', { pk: key.pk, secret });
      assertIdentityAnswer(revoked.answer, DONE);
      assert.deepEqual(revoked.ran, ['bind identity_read', 'simple begin', 'bind identity_lock', 'bind identity_revoke', 'simple commit']);
      assert.deepEqual((await asked('keyRevoke', { pk: key.pk, secret })).ran, ['bind identity_read']);
    }
  });
});
