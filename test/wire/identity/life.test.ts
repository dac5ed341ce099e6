import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import { CONFIRMED, DONE, newEmail, newPhone, secretIn, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';
import { secondSpelling } from '../jwt.ts';

const METHODS = ['keyRetrieve', 'keyBind', 'keyUpdate'] as const;

/** Section 7.1 of contracts/authentiq.md, but for `POST /key/{PK}`. */
describe('the life of an identity key', () => {
  const bench = withIdentities();

  for (const wire of WIRES) {
    it(`${wire}: is registered with its devtoken and pk, and a secret that is stored as a hash alone`, async () => {
      const [key, claimed] = [newIdentityKey(), newIdentityKey().pk];
      const answer = await bench().send(wire, 'keyRegister', { jwt: selfSigned(key, { devtoken: 'd', pk: claimed, email: newEmail(), iat: bench().now() }) });
      const secret = secretIn(answer);
      assert.match(secret, /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/);
      assertIdentityAnswer(answer, `{"status":"registered","secret":"${secret}"}`, 201);
      const { rows } = await bench().sql.query('select encode(secret_sha256, \'hex\') as hash, i::text as text from identity i where pk = $1', [key.pk]);
      const [row] = rows as { hash: string; text: string }[];
      assert.equal(row?.hash, createHash('sha256').update(secret).digest('hex'));
      assert.ok(!row.text.includes(secret));
      const { lastIat, addresses, ...stored } = await bench().stored(key);
      assert.ok(typeof lastIat === 'number');
      assert.deepEqual([stored, addresses], [{ state: 'REGISTERED', claimedPk: claimed, devtoken: 'd', audits: ['identity.registered pk,devtoken'] }, []]);
    });

    it(`${wire}: is shown as registered since its registration, to the millisecond`, async () => {
      const key = await bench().register();
      const { rows } = await bench().sql.query<{ at: Date }>('select registered_at as at from identity where pk = $1', [key.pk]);
      const since = rows[0]?.at.toISOString();
      assert.match(since ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assertIdentityAnswer(await bench().send(wire, 'keyRetrieve', key), `{"sub":"${key.pk}","status":"registered","since":"${since}"}`);
    });

    it(`${wire}: is registered once, and after its revocation never again`, async () => {
      const key = await bench().register({ devtoken: 'first' });
      assertIdentityRefusal(await bench().bind(wire, key, { devtoken: 'second' }, 'keyRegister'), 'duplicate-key');
      assert.equal((await bench().stored(key)).devtoken, 'first');
      assertIdentityAnswer(await bench().send(wire, 'keyRevoke', key), DONE);
      assertIdentityRefusal(await bench().bind(wire, key, {}, 'keyRegister'), 'duplicate-key');
    });

    it(`${wire}: is revoked by its secret, as often as that is sent`, async () => {
      const key = await bench().register({ devtoken: 'd' });
      for (let time = 0; time < 3; time += 1) assertIdentityAnswer(await bench().send(wire, 'keyRevoke', key), DONE);
      for (const method of METHODS) assertIdentityRefusal(await bench().send(wire, method, { pk: key.pk, jwt: selfSigned(key) }), 'revoked-key');
      const { state, devtoken, audits } = await bench().stored(key);
      assert.deepEqual([state, devtoken, audits], ['REVOKED', null, ['identity.registered devtoken', 'identity.revoked secret']]);
    });

    it(`${wire}: is not revoked by another secret, before and after its revocation`, async () => {
      const [key, other] = [await bench().register(), await bench().register()];
      const wrong = [other.secret, secondSpelling(key.secret), key.secret.slice(1), `${key.secret}=`, ` ${key.secret}`, randomBytes(32).toString('base64url'), 'x', 'é\u{1F600}'];
      for (const secret of wrong) assertIdentityRefusal(await bench().send(wire, 'keyRevoke', { ...key, secret }), 'auth-error');
      assert.equal((await bench().stored(key)).state, 'REGISTERED');
      assertIdentityAnswer(await bench().send(wire, 'keyRevoke', key), DONE);
      for (const secret of wrong) assertIdentityRefusal(await bench().send(wire, 'keyRevoke', { ...key, secret }), 'auth-error');
    });

    it(`${wire}: is not revoked without a secret`, async () => {
      const key = await bench().register();
      for (const request of [{ pk: key.pk }, { pk: key.pk, secret: '' }, { pk: newIdentityKey().pk }]) {
        assertIdentityRefusal(await bench().send(wire, 'keyRevoke', request), 'bad-request');
      }
    });

    it(`${wire}: its revocation frees its addresses and ends its jobs, its code and its messages, and those alone`, async () => {
      const [key, other] = [await bench().register(), await bench().register()];
      const [email, phone] = [newEmail(), newPhone()];
      assertIdentityAnswer(await bench().bind(wire, key, { email, phone }), CONFIRMED);
      for (const { pk } of [key, other]) await addBelongings(pk);
      assertIdentityAnswer(await bench().send(wire, 'keyRevoke', key), DONE);
      assert.deepEqual([await belongingsOf(key.pk), await belongingsOf(other.pk)], [[0, 0, 0], [1, 1, 1]]);
      assert.deepEqual((await bench().stored(key)).addresses, []);
      assertIdentityAnswer(await bench().bind(wire, other, { email, phone }), CONFIRMED);
    });

    for (const [name, spell] of Object.entries({
      'unregistered': () => newIdentityKey().pk,
      'of 42 characters': (pk: string) => pk.slice(1),
      'of 44 characters': (pk: string) => `${pk}A`,
      'with padding': (pk: string) => `${pk}=`,
      'not canonical': secondSpelling,
      'of plain base64': (pk: string) => `${pk.slice(0, 20)}+${pk.slice(21)}`,
      'with a NUL': (pk: string) => `${pk.slice(0, 20)}\0${pk.slice(21)}`,
      'with a slash': (pk: string) => `${pk.slice(0, 20)}/${pk.slice(21)}`,
      'of other letters': () => 'ä'.repeat(43),
    })) {
      it(`${wire}: a key that is ${name} is 404`, async () => {
        const key = await bench().register();
        const pk = spell(key.pk);
        // A path with a NUL is malformed over REST, and has no key in it.
        const word = wire === 'rest' && name === 'with a NUL' ? 'not-found' : 'unknown-key';
        for (const method of METHODS) assertIdentityRefusal(await bench().send(wire, method, { pk, jwt: selfSigned(key) }), word);
        assertIdentityRefusal(await bench().send(wire, 'keyRevoke', { pk, secret: key.secret }), word);
      });
    }
  }

  /** A job, a code and a message, as other calls make them. */
  async function addBelongings(pk: string): Promise<void> {
    const { sql } = bench();
    await sql.query(`insert into identity_job (job_id, pk, field, state, address_mac, key_id, box, code_mac, code_expires_at, wrong_tries, test, created_at, expires_at)
      values (left(md5($1), 20), $1, 'email', 'WAITING', '', 'k', '', '', now(), 0, false, now(), now())`, [pk]);
    await sql.query('insert into identity_revocation (pk, code_mac, wrong_tries, created_at, expires_at) values ($1, \'\', 0, now(), now())', [pk]);
    await sql.query(`insert into message (message_id, channel, recipient_mac, key_id, box, state, attempts, pk, created_at, deliver_until, expires_at)
      values (left(md5($1), 32), 'EMAIL', '', 'k', '', 'SENT', 1, $1, now(), now(), now())`, [pk]);
  }

  async function belongingsOf(pk: string): Promise<number[]> {
    const counts = ['identity_job', 'identity_revocation', 'message'].map(async (table) => (await bench().sql.query(`select from ${table} where pk = $1`, [pk])).rowCount ?? 0);
    return Promise.all(counts);
  }
});
