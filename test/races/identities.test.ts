import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { newEmail, newPhone, withIdentities } from '../wire/identity/bench.ts';
import { identityErrorOf } from '../wire/identity/errors.ts';
import { WIDE, deleteJob, requestJob, waitingJob } from '../wire/identity/jobs.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { CALLERS } from './crowd.ts';

const times = <T>(make: (index: number, wire: Wire) => T, count = CALLERS): T[] => Array.from({ length: count }, (_, index) => make(index, WIRES[index % WIRES.length] ?? 'rest'));
const words = (answers: readonly Answer[]): string[] => answers.map((answer) => identityErrorOf(answer) ?? 'done').toSorted();
const ROUNDS = 25;

describe('races of identity keys', () => {
  const bench = withIdentities(WIDE);

  const none = async (what: string, text: string): Promise<void> => assert.deepEqual((await bench().sql.query(text)).rows, [], what);

  /** What must hold whatever has run. */
  afterEach(async () => {
    await none('only registered keys hold addresses', "select a.pk from identity_address a left join identity i on i.pk = a.pk and i.state = 'REGISTERED' where i.pk is null");
    for (const table of ['identity_job', 'identity_revocation', 'message']) {
      await none(`a revoked key has no ${table}`, `select pk from ${table} join identity using (pk) where identity.state = 'REVOKED'`);
    }
    await none('no hash is bound twice', 'select address_mac from identity_address group by 1 having count(*) > 1');
    await none('a key is registered and revoked at most once', "select identity from audit_event where action in ('identity.registered', 'identity.revoked') group by identity, action having count(*) > 1");
    await none('a revoked key has its record', "select pk from identity where state = 'REVOKED' and not exists (select from audit_event where identity = pk and action = 'identity.revoked')");
  });

  it('two keys and one hash: one 200, one 409, and nothing half done', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const keys = [await bench().register(), await bench().register()];
      const email = newEmail();
      const answers = await Promise.all(keys.map((key, index) => bench().bind(WIRES[(index + round) % 2] ?? 'rest', key, { email, phone: newPhone(), devtoken: 'd' })));
      assert.deepEqual(words(answers), ['done', 'duplicate-hash']);
      for (const [index, key] of keys.entries()) {
        const { addresses, devtoken, audits } = await bench().stored(key);
        const isWinner = identityErrorOf(answers[index] ?? assert.fail()) === undefined;
        assert.deepEqual([addresses, devtoken, audits.length], isWinner ? [['email', 'phone'], 'd', 2] : [[], null, 1]);
      }
    }
  });

  it('many keys and two hashes that they want in both orders: one has both, or two have one each, and none waits for ever', async () => {
    for (let round = 0; round < 5; round += 1) {
      const keys = await Promise.all(times(() => bench().register(), 16));
      const [email, phone] = [newEmail(), newPhone()];
      const wanted = [{ email, phone }, { phone, email }, { phone }, { email }];
      const answers = await Promise.all(keys.map((key, index) => bench().bind(WIRES[index % 2] ?? 'rest', key, wanted[index % 4])));
      assert.ok(words(answers).every((word) => word === 'done' || word === 'duplicate-hash'));
      const bound = await Promise.all(keys.map(async (key) => (await bench().stored(key)).addresses));
      assert.deepEqual(bound.flat().toSorted(), ['email', 'phone']);
    }
  });

  it('one key and one new hash, twice at once: both 200', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = await bench().register();
      const claims = { email: newEmail(), phone: newPhone() };
      assert.deepEqual(words(await Promise.all(WIRES.map((wire) => bench().bind(wire, key, claims)))), ['done', 'done']);
      assert.deepEqual((await bench().stored(key)).addresses, ['email', 'phone']);
    }
  });

  it('two keys that exchange their hashes at once keep one each, or what they had', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [one, other] = [await bench().register(), await bench().register()];
      const [first, second] = [newEmail(), newEmail()];
      await Promise.all([bench().bind('rest', one, { email: first }), bench().bind('grpc', other, { email: second })]);
      const answers = await Promise.all([bench().bind('rest', one, { email: second }), bench().bind('grpc', other, { email: first })]);
      for (const word of words(answers)) assert.ok(['done', 'duplicate-hash'].includes(word), word);
      for (const key of [one, other]) assert.deepEqual((await bench().stored(key)).addresses, ['email']);
    }
  });

  it(`${CALLERS} PUTs of one JWT: all 200, one state`, async () => {
    const key = await bench().register();
    const jwt = selfSigned(key, { email: newEmail(), phone: newPhone(), devtoken: 'd', iat: bench().now() });
    const answers = await Promise.all(times((_, wire) => bench().send(wire, 'keyBind', { pk: key.pk, jwt })));
    assert.deepEqual(new Set(words(answers)), new Set(['done']));
    const { addresses, devtoken, audits } = await bench().stored(key);
    assert.deepEqual([addresses, devtoken, audits.length], [['email', 'phone'], 'd', CALLERS + 1]);
  });

  it(`${CALLERS} registrations of one key: one 201, and its secret is the one that counts`, async () => {
    const key = newIdentityKey();
    const answers = await Promise.all(times((index, wire) => bench().bind(wire, key, { devtoken: String(index) }, 'keyRegister')));
    assert.deepEqual(words(answers), [...times(() => 'done', 1), ...times(() => 'duplicate-key', CALLERS - 1)]);
    const index = answers.findIndex((answer) => identityErrorOf(answer) === undefined);
    assert.equal((await bench().stored(key)).devtoken, String(index));
    const { secret } = JSON.parse(answers[index]?.body ?? '') as { secret: string };
    assert.deepEqual(words([await bench().send('rest', 'keyRevoke', { pk: key.pk, secret })]), ['done']);
  });

  it('binding against revocation: 200 before it, 410 after it, and its hashes are free', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = await bench().register();
      const emails = times(() => newEmail(), 8);
      const binds = emails.map((email, index) => bench().bind(WIRES[index % 2] ?? 'rest', key, { email }));
      const revocations = WIRES.map((wire) => bench().send(wire, 'keyRevoke', key));
      assert.deepEqual(words(await Promise.all(revocations)), ['done', 'done']);
      for (const word of words(await Promise.all(binds))) assert.ok(['done', 'revoked-key'].includes(word), word);
      assert.deepEqual((await bench().stored(key)).addresses, []);
    }
  });

  it('jobs, opened and deleted, against revocation: nothing of them is left, and nobody waits for the other', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = await bench().register();
      const { job } = await waitingJob(bench(), { key });
      const opened = times((_, wire) => requestJob(bench(), wire, selfSigned(key, { scope: 'email', email: newEmail() })), 4);
      const deleted = deleteJob(bench(), 'grpc', job);
      const revoked = bench().send('rest', 'keyRevoke', key);
      assert.deepEqual(words([await revoked]), ['done']);
      for (const word of words(await Promise.all(opened))) assert.ok(['done', 'revoked-key'].includes(word), word);
      for (const word of words([await deleted])) assert.ok(['done', 'unknown-job'].includes(word), word);
    }
  });

  it('a hash goes from a key that is revoked to one that waits for it, or is refused', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [key, other] = [await bench().register(), await bench().register()];
      const email = newEmail();
      await bench().bind('rest', key, { email });
      const [revoked, bound] = await Promise.all([bench().send('grpc', 'keyRevoke', key), bench().bind('rest', other, { email })]);
      assert.deepEqual(words([revoked]), ['done']);
      const isBound = identityErrorOf(bound) === undefined;
      assert.deepEqual((await bench().stored(other)).addresses, isBound ? ['email'] : []);
      assert.deepEqual(words([bound]), [isBound ? 'done' : 'duplicate-hash']);
    }
  });

  it('the replay guard under many at once: the last state is that of the newest iat, and what was refused has no effect', async () => {
    for (let round = 0; round < 5; round += 1) {
      const now = bench().now();
      const key = await bench().register();
      const iats = times((index) => now - ((index * 37) % CALLERS));
      const answers = await Promise.all(iats.map((iat, index) => bench().bind(WIRES[index % 2] ?? 'rest', key, { iat, devtoken: String(iat) })));
      const taken = iats.filter((_, index) => identityErrorOf(answers[index] ?? assert.fail()) === undefined);
      assert.ok(words(answers).every((word) => word === 'done' || word === 'auth-error'));
      const { lastIat, devtoken, audits } = await bench().stored(key);
      assert.deepEqual([lastIat, devtoken, audits.length], [now, String(now), taken.length + 1]);
      assert.ok(taken.includes(now));
    }
  });
});
