import assert from 'node:assert/strict';
import { waitingBackends } from '../../db/fixtures/rotations.ts';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { newEmail, newPhone, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal, identityErrorOf } from './errors.ts';
import { WIDE, claimsOf, deleteJob, requestJob, storedJobsOf, waitingJob } from './jobs.ts';
import { PENDING, boundKey, revocationCode, revokeNosecret } from './revocations.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import type { IdentityKey } from './signer.ts';

const WINDOW = 600_000;

/** The seconds of Retry-After, which a 429 has over both wires. */
function waitOf(answer: Answer): number {
  assertIdentityRefusal(answer, 'rate-limit');
  const [seconds = ''] = answer.headers.get('retry-after') ?? [];
  assert.match(seconds, /^[1-9][0-9]*$/);
  return Number(seconds);
}

/** Asks for a message to an address or number. */
function ask(bench: Parameters<typeof requestJob>[0], wire: Wire, key: IdentityKey, value: string): Promise<Answer> {
  return requestJob(bench, wire, selfSigned(key, claimsOf(value.startsWith('+') ? 'phone' : 'email', value)));
}

const isDone = (answer: Answer): boolean => identityErrorOf(answer) === undefined;

describe('the budget of an address', () => {
  const bench = withIdentities(WIDE);

  for (const wire of WIRES) {
    it(`${wire}: 3 messages in 600 s, whoever asks for them and whatever became of the jobs; then one for each that is so old`, async () => {
      const email = newEmail();
      for (let sent = 0; sent < 3; sent += 1) {
        const { job } = await waitingJob(bench(), { wire, value: email });
        await deleteJob(bench(), wire, job);
        bench().service.clock.advance(100_000);
      }
      const key = await bench().register();
      const wait = waitOf(await ask(bench(), wire, key, email));
      assert.ok(wait > 290 && wait <= 300, String(wait));
      bench().service.clock.advance((wait - 2) * 1000);
      waitOf(await ask(bench(), wire, key, email));
      bench().service.clock.advance(2_000);
      assert.ok(isDone(await ask(bench(), wire, key, email)));
      const next = waitOf(await ask(bench(), wire, key, email));
      assert.ok(next > 90 && next <= 100, String(next));
      assert.equal((await storedJobsOf(bench().sql, key)).jobs, 1);
    });

    it(`${wire}: another address, and the number of the same key, have their own`, async () => {
      const key = await bench().register();
      const [email, phone] = [newEmail(), newPhone()];
      for (const value of [email, phone, email, phone, email, phone]) assert.ok(isDone(await ask(bench(), wire, key, value)));
      for (const value of [email, phone, email.toUpperCase()]) waitOf(await ask(bench(), wire, key, value));
      assert.ok(isDone(await ask(bench(), wire, key, newEmail())));
    });

    it(`${wire}: what is refused takes nothing of it, nor leaves a trace`, async () => {
      const email = newEmail();
      const revoked = await bench().revoked();
      const key = await bench().register();
      for (let times = 0; times < 5; times += 1) {
        assertIdentityRefusal(await ask(bench(), wire, newIdentityKey(), email), 'unknown-key');
        assertIdentityRefusal(await ask(bench(), wire, revoked, email), 'revoked-key');
        assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(key, { ...claimsOf('email', email), exp: 1 })), 'auth-error');
      }
      for (let sent = 0; sent < 3; sent += 1) assert.ok(isDone(await ask(bench(), wire, key, email)));
      const before = (await bench().sql.query('select t::text from sending_budget t order by 1')).rows;
      for (let times = 0; times < 5; times += 1) waitOf(await ask(bench(), wire, key, email));
      assert.deepEqual((await bench().sql.query('select t::text from sending_budget t order by 1')).rows, before);
      bench().service.clock.advance(WINDOW);
      assert.ok(isDone(await ask(bench(), wire, key, email)), 'refused ones did not keep it used up');
    });

    it(`${wire}: 429 comes last: 400, 401, 404 and 410 are told before it`, async () => {
      const key = await bench().register();
      const email = newEmail();
      for (let sent = 0; sent < 3; sent += 1) assert.ok(isDone(await ask(bench(), wire, key, email)));
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(key, { scope: 'email', email, iat: 'x' })), 'bad-request');
      assertIdentityRefusal(await requestJob(bench(), wire, selfSigned(key, claimsOf('email', email), { signer: newIdentityKey().privateKey })), 'auth-error');
      assertIdentityRefusal(await ask(bench(), wire, newIdentityKey(), email), 'unknown-key');
      assertIdentityRefusal(await ask(bench(), wire, await bench().revoked(), email), 'revoked-key');
    });

    it(`${wire}: DELETE /key counts for both, and takes from neither if one has no room`, async () => {
      const key = await boundKey(bench());
      for (let sent = 0; sent < 3; sent += 1) assert.ok(isDone(await ask(bench(), wire, key, key.phone)));
      waitOf(await revokeNosecret(bench(), wire, key));
      for (let sent = 0; sent < 2; sent += 1) assert.ok(isDone(await ask(bench(), wire, key, key.email)));
      waitOf(await revokeNosecret(bench(), wire, key));
      bench().service.clock.advance(WINDOW);
      assertIdentityAnswer(await revokeNosecret(bench(), wire, key), PENDING);
      for (const value of [key.email, key.phone]) {
        for (let sent = 0; sent < 2; sent += 1) assert.ok(isDone(await ask(bench(), wire, key, value)));
        waitOf(await ask(bench(), wire, key, value));
      }
      // A code that is open is no matter of the budget.
      assertIdentityRefusal(await revokeNosecret(bench(), wire, key), 'confirm-first');
      assert.ok(isDone(await revokeNosecret(bench(), wire, { ...key, code: await revocationCode(bench(), key) })));
    });

    it(`${wire}: a clock that is set back by more than the time they count locks nobody out, by less it counts on`, async () => {
      const key = await bench().register();
      const email = newEmail();
      for (let sent = 0; sent < 3; sent += 1) assert.ok(isDone(await ask(bench(), wire, key, email)));
      bench().service.clock.advance(-60_000);
      const wait = waitOf(await ask(bench(), wire, key, email));
      assert.ok(wait > 650 && wait <= 660, String(wait));
      bench().service.clock.advance(-WINDOW);
      assert.ok(isDone(await ask(bench(), wire, key, email)));
      bench().service.clock.advance(WINDOW + 60_000);
    });
  }
});

for (const [name, settings, sameDomain] of [
  ['one peer', { KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE: '4' }, false],
  ['one prefix', { KEYTURN_AUTHENTIQ_JOBS_PER_PREFIX_PER_MINUTE: '4' }, true],
  ['all', { KEYTURN_AUTHENTIQ_JOBS_PER_MINUTE: '4' }, false],
] as const) {
  describe(`the budget of ${name} in a minute`, () => {
    const bench = withIdentities({ ...WIDE, KEYTURN_TRUSTED_PROXIES: '127.0.0.1/32', ...settings });
    let serial = 0;
    const address = (): string => {
      serial += 1;
      return sameDomain ? `user-${serial}@same.example` : `user-${serial}@domain-${serial}.example`;
    };
    const asked = (key: IdentityKey, wire: Wire, value = address(), forwarded = '10.0.0.1'): Promise<Answer> =>
      requestJob(bench(), wire, selfSigned(key, claimsOf('email', value)), { headers: [['x-forwarded-for', forwarded]] });

    for (const wire of WIRES) {
      it(`${wire}: is what the setting says; what is refused, here or elsewhere, takes nothing`, async () => {
        bench().service.clock.advance(120_000);
        const key = await bench().register();
        const full = address();
        for (let sent = 0; sent < 3; sent += 1) assert.ok(isDone(await asked(key, wire, full)));
        for (let times = 0; times < 10; times += 1) {
          waitOf(await asked(key, wire, full));
          assertIdentityRefusal(await asked(newIdentityKey(), wire), 'unknown-key');
        }
        assert.ok(isDone(await asked(key, wire)));
        for (let times = 0; times < 10; times += 1) assert.ok(waitOf(await asked(key, wire)) <= 15);
        bench().service.clock.advance(15_000);
        assert.ok(isDone(await asked(key, wire)));
        waitOf(await asked(key, wire));
      });
    }

    it(name === 'all' ? 'is that of others, too' : 'leaves that of others alone', async () => {
      bench().service.clock.advance(120_000);
      const key = await bench().register();
      for (let sent = 0; sent < 4; sent += 1) assert.ok(isDone(await asked(key, 'rest')));
      for (let times = 0; times < 10; times += 1) waitOf(await asked(key, 'rest'));
      const other = await asked(key, 'rest', 'user@other.example', '10.0.0.2');
      assert.equal(isDone(other), name !== 'all');
    });
  });
}

describe('the budget of a prefix under many calls at once', () => {
  const bench = withIdentities({ ...WIDE, KEYTURN_AUTHENTIQ_JOBS_PER_PREFIX_PER_MINUTE: '40' });

  it('gets back what the budget of one address has refused: calls that came to nothing cost nobody anything', async () => {
    const key = await bench().register();
    const holder = await bench().sql.connect();
    await holder.query('begin');
    await holder.query('select from identity where pk = $1 for update', [key.pk]);
    const asked = Promise.all(Array.from({ length: 32 }, (_, index) => ask(bench(), WIRES[index % 2] ?? 'rest', key, 'one@same.example')));
    // They have found room, and wait for the key.
    await waitingBackends(bench().service.databaseUrl, 6);
    await holder.query('commit');
    holder.release();
    assert.equal((await asked).filter(isDone).length, 3);
    for (let sent = 3; sent < 40; sent += 1) assert.ok(isDone(await ask(bench(), 'rest', key, `user-${sent}@same.example`)), String(sent));
  });
});

describe('the budget of a peer', () => {
  const bench = withIdentities({ ...WIDE, KEYTURN_TRUSTED_PROXIES: '127.0.0.1/32', KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE: '2' });

  it('is that of a whole /64 of IPv6, and a revocation takes two', async () => {
    const key = await boundKey(bench());
    const from = (peer: string): Promise<Answer> => requestJob(bench(), 'rest', selfSigned(key, claimsOf('email', newEmail())), { headers: [['X-Forwarded-For', peer]] });
    assert.ok(isDone(await from('2001:db8:0:1::1')));
    assert.ok(isDone(await from('2001:db8:0:1:a:b:c:d')));
    waitOf(await from('2001:db8:0:1::2'));
    assert.ok(isDone(await from('2001:db8:0:2::1')));
    assertIdentityAnswer(await revokeNosecret(bench(), 'rest', key), PENDING);
    waitOf(await requestJob(bench(), 'grpc', selfSigned(key, claimsOf('email', newEmail()))));
  });
});
