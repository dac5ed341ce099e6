import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { compactVerify, importJWK } from 'jose';
import { WIRES } from '../answer.ts';
import { newEmail, newPhone, withIdentities } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import { WIDE, assertJobAnswer, claimsOf, codeIn, confirmJob, deleteJob, jwtIn, messagesOf, payloadOf, requestJob, retrieveJob, storedJobsOf, updateJob } from './jobs.ts';
import { selfSigned } from './signer.ts';

const YEAR = 31_536_000;
/** Characters that go out as one text message. */
const ONE_TEXT = 160;

describe('a job from its request to its end', () => {
  const bench = withIdentities(WIDE);

  for (const wire of WIRES) {
    for (const [field, channel, value] of [['email', 'EMAIL', newEmail()], ['phone', 'SMS', newPhone()]] as const) {
      it(`${wire}: ${field}: a code goes out, confirms, the JWT is signed, fetched and deleted`, async () => {
        const own = wire === 'rest' ? value : `${value}7`;
        const key = await bench().register();
        const opened = await requestJob(bench(), wire, selfSigned(key, claimsOf(field, ` ${own.toUpperCase()} `)));
        const { job } = JSON.parse(opened.body) as { job: string };
        assert.match(job, /^[A-Za-z0-9_-]{20}$/);
        assertJobAnswer(opened, 201, `{"job":"${job}","status":"waiting"}`);
        assertIdentityRefusal(await updateJob(bench(), wire, job), 'job-not-confirmed');

        const [message, ...others] = await messagesOf(bench().sql, key.pk);
        assert.ok(message);
        assert.deepEqual(others, []);
        assert.deepEqual([message.channel, message.recipient, message.jobId], [channel, own, job]);
        assert.match(message.body, new RegExp(`^Your code is [0-9]{6}\\. It counts for 10 minutes and is to confirm that this ${channel === 'EMAIL' ? 'e-mail address' : 'phone number'} is yours\\.`));
        assert.ok(message.body.length <= ONE_TEXT, message.body);
        assertJobAnswer(await confirmJob(bench(), wire, job, codeIn(message)), 202, '{"status":"confirmed"}');

        const earliest = bench().now();
        const signed = await updateJob(bench(), wire, job);
        const jwt = jwtIn(signed);
        assertJobAnswer(signed, 200, `{"status":"ready","jwt":"${jwt}"}`);
        const iat = (JSON.parse(payloadOf(jwt)) as { iat: number }).iat;
        assert.ok(iat >= earliest && iat <= bench().now());
        const claims = `{"iss":"${bench().service.url}","sub":"${key.pk}","scope":"${field}","${field}":"${own}","iat":${iat},"exp":${iat + YEAR}}`;
        assert.equal(payloadOf(jwt), claims);
        await assertSigned(jwt, claims);

        const shown = `{"sub":"${key.pk}","field":"${field}","${field}":"${own}","exp":${iat + YEAR}}`;
        assertJobAnswer(await retrieveJob(bench(), wire, job), 200, wire === 'rest' ? shown : `{"claims":${shown},"jwt":"${jwt}"}`);
        assertJobAnswer(await deleteJob(bench(), wire, job), 200, '{"status":"done"}');
        assertIdentityRefusal(await retrieveJob(bench(), wire, job), 'unknown-job');
        const actions = ['identity.job_opened', 'identity.job_confirmed', 'identity.job_signed', 'identity.job_deleted'];
        assert.deepEqual(await storedJobsOf(bench().sql, key), { jobs: 0, messages: 0, actions });
        const { rows } = await bench().sql.query<{ details: object }>(`select details from audit_event where identity = $1 and action like 'identity.job_%' order by event_id`, [key.pk]);
        const { kid } = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
        assert.deepEqual(rows.map(({ details }) => details), [{ field }, { field }, { field, issuer_key: kid }, { field }]);
      });
    }
  }

  /** With jose, and with node:crypto alone; the header to the byte. */
  async function assertSigned(jwt: string, claims: string): Promise<void> {
    const { rows: [issuer] } = await bench().sql.query<{ key: string }>(`select current_key as key from issuer where name = 'main'`);
    assert.ok(issuer);
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    assert.equal(Buffer.from(header, 'base64url').toString(), `{"typ":"JWT","alg":"Ed25519","kid":"${issuer.key}"}`);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: issuer.key };
    assert.ok(verify(null, Buffer.from(`${header}.${payload}`), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64url')));
    assert.equal(Buffer.from((await compactVerify(jwt, await importJWK(jwk, 'Ed25519'))).payload).toString(), claims);
  }
});
