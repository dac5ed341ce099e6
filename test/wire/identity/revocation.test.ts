import assert from 'node:assert/strict';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { CONFIRMED, DONE, newEmail, newPhone, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { WIDE, assertJobAnswer, messagesOf, readyJob, retrieveJob, waitingJob, wrongCode } from './jobs.ts';
import { PENDING, boundKey, revocationCode, revokeNosecret } from './revocations.ts';
import type { BoundKey, Named } from './revocations.ts';

const CODE_LIFE = 600_000;

function named({ email, phone }: BoundKey, code?: string): Named {
  return { email, phone, ...(code === undefined ? {} : { code }) };
}

describe('section 7.2: DELETE /key', () => {
  const bench = withIdentities(WIDE);
  const revoke = (wire: Wire, which: Named): Promise<Answer> => revokeNosecret(bench(), wire, which);
  /** A key whose code is open, and the code. */
  const withCode = async (wire: Wire): Promise<readonly [BoundKey, string]> => {
    const key = await boundKey(bench());
    assertIdentityAnswer(await revoke(wire, key), PENDING);
    return [key, await revocationCode(bench(), key)];
  };
  const assertRegistered = async (key: BoundKey): Promise<void> => assert.equal((await bench().stored(key)).state, 'REGISTERED');

  for (const wire of WIRES) {
    it(`${wire}: no code open, none sent: 200 pending, and one code goes to both`, async () => {
      const key = await boundKey(bench());
      assertIdentityAnswer(await revoke(wire, named(key)), PENDING);
      const messages = await messagesOf(bench().sql, key.pk);
      assert.deepEqual(messages.map(({ channel, recipient, jobId }) => `${channel} ${recipient} ${jobId}`).toSorted(), [`EMAIL ${key.email} null`, `SMS ${key.phone} null`]);
      assert.equal(new Set(messages.map(({ body }) => body)).size, 1);
      await assertRegistered(key);
    });

    it(`${wire}: code open, none sent: 409, and no other goes out`, async () => {
      const [key] = await withCode(wire);
      for (let times = 0; times < 5; times += 1) assertIdentityRefusal(await revoke(wire, named(key)), 'confirm-first');
      assert.equal((await messagesOf(bench().sql, key.pk)).length, 2);
    });

    it(`${wire}: code open, the right one sent: 200 done, the key is revoked, and nothing of it is left`, async () => {
      const key = await boundKey(bench());
      const { job } = await readyJob(bench(), { wire, key });
      await waitingJob(bench(), { wire, key });
      assertIdentityAnswer(await revoke(wire, named(key)), PENDING);
      assertIdentityAnswer(await revoke(wire, named(key, await revocationCode(bench(), key))), DONE);
      const { state, addresses, audits } = await bench().stored(key);
      assert.deepEqual([state, addresses], ['REVOKED', []]);
      assert.deepEqual(audits.slice(-2), ['identity.revocation_requested', 'identity.revoked code']);
      assertIdentityRefusal(await retrieveJob(bench(), wire, job), 'unknown-job');
      const left = `select (select count(*) from message where pk = $1) + (select count(*) from identity_job where pk = $1) + (select count(*) from identity_revocation where pk = $1) as n`;
      assert.deepEqual((await bench().sql.query(left, [key.pk])).rows, [{ n: '0' }]);
      assertIdentityRefusal(await revoke(wire, named(key)), 'unknown-key');
      // Its addresses are free.
      await boundKey(bench(), named(key));
    });

    it(`${wire}: code open, a wrong one sent: 401; the fifth makes it void, and another can be asked for`, async () => {
      const [key, code] = await withCode(wire);
      for (let distance = 1; distance <= 5; distance += 1) assertIdentityRefusal(await revoke(wire, named(key, wrongCode(code, distance))), 'auth-error');
      assertIdentityRefusal(await revoke(wire, named(key, code)), 'auth-error');
      assertIdentityAnswer(await revoke(wire, named(key)), PENDING);
      const next = await revocationCode(bench(), key);
      if (next !== code) assertIdentityRefusal(await revoke(wire, named(key, code)), 'auth-error');
      assertIdentityAnswer(await revoke(wire, named(key, next)), DONE);
    });

    it(`${wire}: no code open, any sent: 401, and none goes out`, async () => {
      const key = await boundKey(bench());
      for (const code of ['123456', '', 'x', '\u00E9']) assertIdentityRefusal(await revoke(wire, named(key, code)), 'auth-error');
      assert.deepEqual(await messagesOf(bench().sql, key.pk), []);
      await assertRegistered(key);
    });

    it(`${wire}: a code ends after 600 s, and another can be asked for`, async () => {
      const [key, code] = await withCode(wire);
      bench().service.clock.advance(CODE_LIFE);
      assertIdentityRefusal(await revoke(wire, named(key, code)), 'auth-error');
      assertIdentityAnswer(await revoke(wire, named(key)), PENDING);
    });

    it(`${wire}: a clock that is set back gives a code no other life, and a new one can be asked for`, async () => {
      const [key, code] = await withCode(wire);
      bench().service.clock.advance(-3_600_000);
      assertIdentityRefusal(await revoke(wire, named(key, code)), 'auth-error');
      await bench().sql.query('delete from message where pk = $1', [key.pk]);
      assertIdentityAnswer(await revoke(wire, named(key)), PENDING);
      assertIdentityAnswer(await revoke(wire, named(key, await revocationCode(bench(), key))), DONE);
      bench().service.clock.advance(3_600_000);
    });

    it(`${wire}: a missing or bad address: 400, whoever holds it`, async () => {
      const { email, phone } = await boundKey(bench());
      const bad: readonly Named[] = [
        {}, { email }, { phone }, { email: '', phone }, { email, phone: '' }, { email: 'x', phone }, { email, phone: '020' }, { email: `${email}@`, phone },
        { email, phone: `${phone}x` }, { email: phone, phone: email }, { email: 'x', phone, code: '123456' },
      ];
      for (const each of bad) assertIdentityRefusal(await revoke(wire, each), 'bad-request');
    });

    it(`${wire}: no key holds both: 404, with a code too`, async () => {
      const [one, other] = [await boundKey(bench()), await boundKey(bench())];
      const pairs: readonly Named[] = [
        { email: one.email, phone: other.phone }, { email: newEmail(), phone: one.phone }, { email: one.email, phone: newPhone() }, { email: newEmail(), phone: newPhone() },
      ];
      for (const pair of pairs) {
        assertIdentityRefusal(await revoke(wire, pair), 'unknown-key');
        assertIdentityRefusal(await revoke(wire, { ...pair, code: '123456' }), 'unknown-key');
      }
      assert.deepEqual([...(await messagesOf(bench().sql, one.pk)), ...(await messagesOf(bench().sql, other.pk))], []);
    });

    it(`${wire}: both go by their normalised form`, async () => {
      const key = await boundKey(bench());
      const odd = { email: ` ${key.email.toUpperCase()} `, phone: `${key.phone.slice(0, 3)} (${key.phone.slice(3, 5)}) ${key.phone.slice(5)}` };
      assertIdentityAnswer(await revoke(wire, odd), PENDING);
      assertIdentityAnswer(await revoke(wire, { ...odd, code: await revocationCode(bench(), key) }), DONE);
    });

    it(`${wire}: a code that was sent for another key counts for nothing`, async () => {
      const [key, code] = await withCode(wire);
      const [other] = await withCode(wire);
      assert.notEqual(key.pk, other.pk);
      if (code !== (await revocationCode(bench(), other))) assertIdentityRefusal(await revoke(wire, named(other, code)), 'auth-error');
      await assertRegistered(other);
      await assertRegistered(key);
    });

    it(`${wire}: a code that was sent to a former address of the key counts for nothing`, async () => {
      for (const changed of [{ email: newEmail() }, { phone: newPhone() }]) {
        const [key, code] = await withCode(wire);
        assertIdentityAnswer(await bench().bind(wire, key, changed), CONFIRMED);
        assertIdentityRefusal(await revoke(wire, named({ ...key, ...changed }, code)), 'auth-error');
        await assertRegistered(key);
        // Nor does it when the former address is bound again; another code can be asked for.
        assertIdentityAnswer(await bench().bind(wire, key, { email: key.email, phone: key.phone }), CONFIRMED);
        assertIdentityRefusal(await revoke(wire, named(key, code)), 'auth-error');
        await bench().sql.query('delete from message where pk = $1', [key.pk]);
        assertIdentityAnswer(await revoke(wire, named(key)), PENDING);
        assertIdentityAnswer(await revoke(wire, named(key, await revocationCode(bench(), key))), DONE);
      }
    });

    it(`${wire}: a code stays open while the key is bound to the same addresses again`, async () => {
      const [key, code] = await withCode(wire);
      assertIdentityAnswer(await bench().bind(wire, key, { email: key.email.toUpperCase(), phone: key.phone }), CONFIRMED);
      assertIdentityAnswer(await bench().bind(wire, key, { devtoken: 'new' }), CONFIRMED);
      assertIdentityRefusal(await revoke(wire, named(key)), 'confirm-first');
      assertIdentityAnswer(await revoke(wire, named(key, code)), DONE);
    });
  }

  it('a query that cannot be read: 400', async () => {
    const { email, phone } = await boundKey(bench());
    const query = `email=${encodeURIComponent(email)}&phone=${encodeURIComponent(phone)}`;
    for (const more of ['code=1&code=2', 'email=x', 'code=%ff', 'code=%']) {
      assertIdentityRefusal(await bench().rest.send({ method: 'DELETE', target: `/key?${query}&${more}` }), 'bad-request');
    }
    assertJobAnswer(await bench().rest.send({ method: 'DELETE', target: `/key?${query}` }), 200, PENDING);
  });
});
