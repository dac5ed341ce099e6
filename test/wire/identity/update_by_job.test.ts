import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import { CONFIRMED, DONE, newEmail, newPhone, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { WIDE, messagesOf, readyJob, retrieveJob, waitingJob } from './jobs.ts';
import { issued, newIdentityKey } from './signer.ts';

/** What a job has come to, handed in at `POST /key/{PK}`. */
describe('POST /key/{PK} with what the service itself has signed', () => {
  const bench = withIdentities({ ...WIDE, KEYTURN_AUTHENTIQ_TEST_ISSUER: 'on' });

  for (const wire of WIRES) {
    it(`${wire}: binds the address of a job to its key, and to no other`, async () => {
      const key = await bench().register();
      const [email, phone] = [newEmail(), newPhone()];
      const jwts = [await readyJob(bench(), { wire, key, field: 'email', value: email }), await readyJob(bench(), { wire, key, field: 'phone', value: phone })].map(({ jwt }) => jwt);
      const other = await bench().register();
      assertIdentityRefusal(await bench().bind(wire, other, { scopes: jwts }, 'keyUpdate'), 'auth-error');
      assertIdentityAnswer(await bench().bind(wire, key, { scopes: jwts }, 'keyUpdate'), CONFIRMED);
      assert.deepEqual((await bench().stored(key)).addresses, ['email', 'phone']);
      for (const taken of [{ email }, { phone }]) assertIdentityRefusal(await bench().bind(wire, other, taken), 'duplicate-hash');
    });

    it(`${wire}: counts until the issuer's key is revoked, and as long as the JWT says`, async () => {
      const { key, jwt } = await readyJob(bench(), { wire });
      const update = () => bench().bind(wire, key, { scopes: [jwt] }, 'keyUpdate');
      const { kid } = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
      await bench().operator('POST', '/v1/issuer-keys:rotate', {});
      assertIdentityAnswer(await update(), CONFIRMED);
      bench().service.clock.advance(365 * 86_400_000 + 2000);
      assertIdentityRefusal(await update(), 'auth-error');
      bench().service.clock.advance(-365 * 86_400_000 - 2000);
      assertIdentityAnswer(await update(), CONFIRMED);
      await bench().operator('POST', `/v1/issuer-keys/${kid}:revoke`, {});
      assertIdentityRefusal(await update(), 'auth-error');
      const { rows } = await bench().sql.query<{ details: object }>(`select details from audit_event where identity = $1 and action = 'identity.updated'`, [key.pk]);
      const told = { changed: 'email', issuer_key: kid };
      assert.deepEqual(rows.map(({ details }) => details), [told, told], 'what hangs on a leaked key can be found');
    });

    it(`${wire}: does not count if the test issuer has signed it`, async () => {
      const { key, jwt } = await readyJob(bench(), { wire, test: 1 });
      assertIdentityRefusal(await bench().bind(wire, key, { scopes: [jwt] }, 'keyUpdate'), 'auth-error');
    });

    it(`${wire}: counts from an issuer as long as the operator trusts it`, async () => {
      const [key, by] = [await bench().register(), newIdentityKey()];
      const issuer = `https://${wire}.example`;
      const scopes = [issued(by, { iss: issuer, sub: key.pk, scope: 'email', email: newEmail(), exp: bench().now() + 60 })];
      const update = () => bench().bind(wire, key, { scopes }, 'keyUpdate');
      assertIdentityRefusal(await update(), 'auth-error');
      await bench().operator('POST', '/v1/trusted-issuers', { issuer, public_key: by.pk });
      assertIdentityAnswer(await update(), CONFIRMED);
      await bench().operator('DELETE', `/v1/trusted-issuers?issuer=${encodeURIComponent(issuer)}`);
      assertIdentityRefusal(await update(), 'auth-error');
    });

    it(`${wire}: the revocation of a key ends its real jobs and their messages`, async () => {
      const key = await bench().register();
      const jobs = [await waitingJob(bench(), { wire, key }), await readyJob(bench(), { wire, key, field: 'phone', value: newPhone() })];
      assert.notDeepEqual(await messagesOf(bench().sql, key.pk), []);
      assertIdentityAnswer(await bench().send(wire, 'keyRevoke', key), DONE);
      assert.deepEqual(await messagesOf(bench().sql, key.pk), []);
      for (const { job } of jobs) assertIdentityRefusal(await retrieveJob(bench(), wire, job), 'unknown-job');
      assert.equal((await bench().sql.query('select from identity_job where pk = $1', [key.pk])).rowCount, 0);
    });
  }
});
