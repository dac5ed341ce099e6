import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { WIRES } from '../answer.ts';
import { newEmail, newPhone, withIdentities } from './bench.ts';
import type { IdentityBench } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import { WIDE, assertJobAnswer, claimsOf, confirmedJob, jwtIn, payloadOf, readyJob, requestJob, retrieveJob, storedJobsOf, updateJob, waitingJob } from './jobs.ts';
import type { OpenJob } from './jobs.ts';
import { issued, newIdentityKey } from './signer.ts';

const OUTSIDE = 'https://outside.example';
const LISTED = 'https://listed.example';
const SETTING = newIdentityKey();
const SECOND = newIdentityKey();
const LISTED_KEY = newIdentityKey();
const SETTINGS = {
  ...WIDE,
  KEYTURN_AUTHENTIQ_TEST_ISSUER: 'on',
  KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: JSON.stringify([{ issuer: OUTSIDE, public_key: SETTING.pk }, { issuer: OUTSIDE, public_key: SECOND.pk }]),
};

type Claims = Readonly<Record<string, unknown>>;
type Row = (usual: Claims, now: number) => string;

const by = (signer: typeof SETTING, change: Claims | ((now: number) => Claims) = {}, header: Claims = {}): Row => (usual, now) =>
  issued(signer, { ...usual, ...(typeof change === 'function' ? change(now) : change) }, header);

/** What a given JWT may be, besides the claims that are usual. */
const PASS: Readonly<Record<string, Row>> = {
  'by a key of the settings': by(SETTING),
  'by another key of the same issuer': by(SECOND),
  'by an issuer of the table': by(LISTED_KEY, { iss: LISTED }),
  'alg EdDSA': by(SETTING, {}, { alg: 'EdDSA' }),
  'without kid': by(SETTING, {}, { kid: undefined }),
  'without iat': by(SETTING, { iat: undefined }),
  'with the other address, too': by(SETTING, { name: 'x', jti: 'y' }),
  'for an audience': by(SETTING, { aud: 'https://example.com' }),
  'nbf in the past': by(SETTING, (now) => ({ nbf: now - 60 })),
  'iat a little ahead': by(SETTING, (now) => ({ iat: now + 200 })),
};

const FAIL: Readonly<Record<string, Row>> = {
  'by an issuer that nobody trusts': by(newIdentityKey(), { iss: 'https://nobody.example' }),
  'by the key of another trusted issuer': by(LISTED_KEY),
  'by a stranger in the name of a trusted issuer': by(newIdentityKey()),
  'by a stranger with the kid of a trusted key': by(newIdentityKey(), {}, { kid: SETTING.pk }),
  'without iss': by(SETTING, { iss: undefined }),
  'iss in other letters': by(SETTING, { iss: OUTSIDE.toUpperCase() }),
  'iss with a slash': by(SETTING, { iss: `${OUTSIDE}/` }),
  'iss with a NUL': by(SETTING, { iss: `${OUTSIDE}\0` }),
  'iss a list': by(SETTING, { iss: [OUTSIDE] }),
  'kid of another key': by(SETTING, {}, { kid: SECOND.pk }),
  'kid empty': by(SETTING, {}, { kid: '' }),
  'alg none': by(SETTING, {}, { alg: 'none' }),
  'alg HS256 with the public key': (usual) => hmacWithPublicKey(usual),
  'alg RS256': by(SETTING, {}, { alg: 'RS256' }),
  crit: by(SETTING, {}, { crit: ['exp'] }),
  'sub of another key': by(SETTING, { sub: newIdentityKey().pk }),
  'without sub': by(SETTING, { sub: undefined }),
  'the other scope': by(SETTING, { scope: 'phone', phone: newPhone() }),
  'without scope': by(SETTING, { scope: undefined }),
  'another address': by(SETTING, { email: newEmail() }),
  'without the address': by(SETTING, { email: undefined }),
  'an address not spelled as normalised': (usual) => issued(SETTING, { ...usual, email: String(usual['email']).toUpperCase() }),
  'an address with blanks': (usual) => issued(SETTING, { ...usual, email: ` ${String(usual['email'])}` }),
  'without exp': by(SETTING, { exp: undefined }),
  'exp text': by(SETTING, { exp: '99999999999' }),
  expired: by(SETTING, (now) => ({ exp: now })),
  'not yet valid': by(SETTING, (now) => ({ nbf: now + 60 })),
  'iat far ahead': by(SETTING, (now) => ({ iat: now + 310 })),
  'iat text': by(SETTING, { iat: '1' }),
};

function hmacWithPublicKey(usual: Claims): string {
  const input = [{ typ: 'JWT', alg: 'HS256', kid: SETTING.pk }, usual].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${input}.${createHmac('sha256', Buffer.from(SETTING.pk, 'base64url')).update(input).digest('base64url')}`;
}

describe('section 6.5: JWTs of issuers', () => {
  const bench = withIdentities(SETTINGS);
  before(() => bench().operator('POST', '/v1/trusted-issuers', { issuer: LISTED, public_key: LISTED_KEY.pk }));

  const usualOf = ({ key, field, value }: OpenJob): Claims => ({ iss: OUTSIDE, sub: key.pk, ...claimsOf(field, value), iat: bench().now(), exp: bench().now() + 60 });

  for (const wire of WIRES) {
    for (const [name, make] of Object.entries(PASS)) {
      it(`${wire}: ${name}: is stored and answered as it is`, async () => {
        const open = await confirmedJob(bench(), { wire });
        const jwt = make(usualOf(open), bench().now());
        const answer = `{"status":"ready","jwt":"${jwt}"}`;
        assertJobAnswer(await updateJob(bench(), wire, open.job, jwt), 200, answer);
        assertJobAnswer(await updateJob(bench(), wire, open.job), 200, answer);
        assertJobAnswer(await updateJob(bench(), wire, open.job, issued(SETTING, { ...usualOf(open), jti: 'another' })), 200, answer);
        const { exp } = JSON.parse(payloadOf(jwt)) as { exp: number };
        assert.match((await retrieveJob(bench(), 'rest', open.job)).body, new RegExp(`,"exp":${exp}}$`));
        assert.equal((await storedJobsOf(bench().sql, open.key)).actions.filter((action) => action === 'identity.job_signed').length, 1);
      });
    }

    for (const [name, make] of Object.entries(FAIL)) {
      it(`${wire}: ${name}: 401, whatever the state of the job`, async () => {
        const open = await waitingJob(bench(), { wire });
        assertIdentityRefusal(await updateJob(bench(), wire, open.job, make(usualOf(open), bench().now())), 'auth-error');
        const ready = await readyJob(bench(), { wire });
        assertIdentityRefusal(await updateJob(bench(), wire, ready.job, make(usualOf(ready), bench().now())), 'auth-error');
        assertJobAnswer(await updateJob(bench(), wire, ready.job), 200, `{"status":"ready","jwt":"${ready.jwt}"}`);
      });
    }

    it(`${wire}: a good one for a job that is not confirmed: 409`, async () => {
      const open = await waitingJob(bench(), { wire });
      assertIdentityRefusal(await updateJob(bench(), wire, open.job, issued(SETTING, usualOf(open))), 'job-not-confirmed');
    });

    it(`${wire}: a number goes by its normalised form`, async () => {
      const open = await confirmedJob(bench(), { wire, field: 'phone', value: newPhone() });
      const blanks = issued(SETTING, { ...usualOf(open), phone: `${open.value.slice(0, 3)} ${open.value.slice(3)}` });
      assertIdentityRefusal(await updateJob(bench(), wire, open.job, blanks), 'auth-error');
      const jwt = issued(SETTING, usualOf(open));
      assertJobAnswer(await updateJob(bench(), wire, open.job, jwt), 200, `{"status":"ready","jwt":"${jwt}"}`);
    });

    it(`${wire}: what Keyturn has signed passes, by a retired key too, and by a revoked one not; a test job has an issuer of its own`, async () => {
      const first = await readyJob(bench(), { wire });
      const again = (): Promise<OpenJob> => confirmedJob(bench(), { wire, key: first.key, value: first.value });
      const answer = `{"status":"ready","jwt":"${first.jwt}"}`;
      const test = await readyJob(bench(), { wire, key: first.key, test: 1 });
      assertTestJwt(await bench().sql.query<{ key: string }>(`select current_key as key from issuer where name = 'test'`), test.jwt, bench());
      const second = await again();
      const next = (await bench().operator('POST', '/v1/issuer-keys:rotate', {})) as { public_key: string };
      assertJobAnswer(await updateJob(bench(), wire, second.job, first.jwt), 200, answer);
      const third = await again();
      await bench().operator('POST', `/v1/issuer-keys/${kidOf(first.jwt)}:revoke`, {});
      assertIdentityRefusal(await updateJob(bench(), wire, third.job, first.jwt), 'auth-error');
      assert.equal(kidOf(jwtIn(await updateJob(bench(), wire, third.job))), next.public_key);
      // What became ready stays as it is: the same bytes.
      assertJobAnswer(await updateJob(bench(), wire, second.job), 200, answer);
    });

    it(`${wire}: a JWT of the test issuer settles no job and opens none`, async () => {
      const test = await readyJob(bench(), { wire, test: 7 });
      const open = await confirmedJob(bench(), { wire, key: test.key, value: test.value });
      assertIdentityRefusal(await updateJob(bench(), wire, open.job, test.jwt), 'auth-error');
      assertIdentityRefusal(await requestJob(bench(), wire, test.jwt), 'auth-error');
    });

    it(`${wire}: what Keyturn has signed opens a job, until its key is revoked`, async () => {
      const { jwt } = await readyJob(bench(), { wire });
      assert.match((await requestJob(bench(), wire, jwt)).body, /^\{"job":"[\w-]{20}","status":"waiting"\}$/);
      await bench().operator('POST', '/v1/issuer-keys:rotate', {});
      assert.match((await requestJob(bench(), wire, jwt)).body, /^\{"job":"[\w-]{20}","status":"waiting"\}$/);
      await bench().operator('POST', `/v1/issuer-keys/${kidOf(jwt)}:revoke`, {});
      assertIdentityRefusal(await requestJob(bench(), wire, jwt), 'auth-error');
    });

    it(`${wire}: one opens a job for its key; its iat is not that of the key`, async () => {
      const key = await bench().register();
      const at = bench().now();
      const claims = { iss: OUTSIDE, sub: key.pk, scope: 'email', email: newEmail(), iat: at, exp: at + 60 };
      const opened = await requestJob(bench(), wire, issued(SETTING, claims));
      assert.match(opened.body, /^\{"job":"[\w-]{20}","status":"waiting"\}$/);
      assert.equal((await bench().stored(key)).lastIat, null);
      for (const change of [{ exp: undefined }, { exp: at }, { aud: 'x' }, { iss: undefined }, { iss: 'https://nobody.example' }, { email: 'A@EXAMPLE.COM' }, { nbf: at + 60 }]) {
        assertIdentityRefusal(await requestJob(bench(), wire, issued(SETTING, { ...claims, ...change })), 'auth-error');
      }
      assertIdentityRefusal(await requestJob(bench(), wire, issued(newIdentityKey(), claims)), 'auth-error');
      assertIdentityRefusal(await requestJob(bench(), wire, issued(SETTING, { ...claims, sub: newIdentityKey().pk })), 'unknown-key');
      assertIdentityRefusal(await requestJob(bench(), wire, issued(SETTING, { ...claims, sub: (await bench().revoked()).pk })), 'revoked-key');
    });
  }
});

function assertTestJwt({ rows }: { rows: readonly { key: string }[] }, jwt: string, { service }: IdentityBench): void {
  assert.equal(kidOf(jwt), rows[0]?.key);
  assert.equal((JSON.parse(payloadOf(jwt)) as { iss: string }).iss, `${service.url}/test`);
}

function kidOf(jwt: string): string {
  return (JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
}
