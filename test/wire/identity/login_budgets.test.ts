import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { startService } from '../../support/service.ts';
import { WIRES } from '../answer.ts';
import { GrpcClient } from '../grpc.ts';
import { RestClient } from '../rest.ts';
import { secretIn, sendKey } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { SENT, login, pushToken } from './login.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import type { IdentityKey } from './signer.ts';

describe('identity binding: the budgets of POST /login', () => {
  it('are of the key and of the peer, and nobody else uses up that of a key', async () => {
    // Budgets refill all the time: here time stands still.
    let time = Date.now();
    await using service = await startService({
      settings: { KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE: '40', KEYTURN_PEER_FAILURES_PER_MINUTE: '100000' }, overrides: { clock: { now: () => new Date(time) } },
    });
    using rest = new RestClient(service.url);
    using grpc = new GrpcClient(service.grpc);
    const clients = { rest, grpc };
    const register = async (): Promise<IdentityKey> => {
      const made = newIdentityKey();
      secretIn(await sendKey(clients, 'rest', 'keyRegister', { jwt: selfSigned(made, { devtoken: 'token' }) }));
      return made;
    };
    const [key, other] = [await register(), await register()];

    for (let count = 0; count < 60; count += 1) {
      assertIdentityRefusal(await login(clients, 'rest', pushToken(key, {}, { signer: other.privateKey })), 'auth-error');
      assertIdentityRefusal(await login(clients, 'grpc', pushToken(key, { aud: 'https://other.example/' })), 'aud-error');
    }
    for (let count = 0; count < 30; count += 1) assertIdentityAnswer(await login(clients, count % 2 === 0 ? 'rest' : 'grpc', pushToken(key)), SENT);
    for (const wire of WIRES) {
      for (let count = 0; count < 20; count += 1) {
        const refused = await login(clients, wire, pushToken(key));
        assertIdentityRefusal(refused, 'rate-limit');
        assert.deepEqual(refused.headers.get('retry-after'), ['2']);
      }
    }
    // What the key asked for in vain has taken nothing of what its neighbours have left.
    for (let count = 0; count < 10; count += 1) assertIdentityAnswer(await login(clients, 'rest', pushToken(other)), SENT);
    for (let count = 0; count < 30; count += 1) assertIdentityRefusal(await login(clients, 'rest', pushToken(other)), 'rate-limit');
    // And what the peer asked for in vain has taken nothing of what the key has left.
    time += 15_000;
    for (let count = 0; count < 10; count += 1) assertIdentityAnswer(await login(clients, 'grpc', pushToken(other)), SENT);
    assertIdentityRefusal(await login(clients, 'grpc', pushToken(other)), 'rate-limit');
    time += 60_000;
    assertIdentityAnswer(await login(clients, 'rest', pushToken(key)), SENT);
    const sent = await service.app.database.run<{ count: number }>({ name: 'test_sent', text: 'select count(*)::int as count from message group by pk order by 1' }, []);
    assert.deepEqual(sent.map(({ count }) => count), [20, 31]);
  });
});
