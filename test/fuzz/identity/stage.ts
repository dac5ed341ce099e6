import { WIDE, readyJob, waitingJob, confirmedJob } from '../../wire/identity/jobs.ts';
import { IdentityBench, newEmail, newPhone } from '../../wire/identity/bench.ts';
import type { RegisteredKey } from '../../wire/identity/bench.ts';
import { newIdentityKey, selfSigned } from '../../wire/identity/signer.ts';
import type { IdentityKey } from '../../wire/identity/signer.ts';
import type { FuzzKey, IdentityMaterial } from './material.ts';

const ISSUER = 'https://issuer.example';

/** A service with keys and jobs of every state, for which requests are broken, and what they are made of. */
export async function setStage(): Promise<{ bench: IdentityBench; material: IdentityMaterial }> {
  const issuer = newIdentityKey();
  const bench = await IdentityBench.start({
    ...WIDE,
    KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000',
    KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: JSON.stringify([{ issuer: ISSUER, public_key: issuer.pk }]),
    KEYTURN_LOG_LEVEL: 'info',
  });
  const registered = await Promise.all(Array.from({ length: 6 }, () => bench.register({ devtoken: 'a-token' })));
  const own = registered[0] ?? (await bench.register());
  const jobs = [await waitingJob(bench, { key: own }), await confirmedJob(bench, { key: own, field: 'phone', value: newPhone() }), await readyJob(bench, { key: own })];
  const [held, other] = [await bench.register({ devtoken: 'theirs' }), await bench.register()];
  const [email, phone] = [newEmail(), newPhone()];
  await bench.send('rest', 'keyBind', { pk: held.pk, jwt: selfSigned(held, { email, phone, iat: bench.now() }) });
  const guardedJob = await waitingJob(bench, { key: other });
  // Half of them cannot be revoked.
  const lasting = registered.splice(0, 3).map(({ pk, privateKey }) => fuzzKeyOf({ pk, privateKey }));
  const keys = [...registered, await bench.revoked(), newIdentityKey(), newIdentityKey()];
  return {
    bench,
    material: {
      keys: [...lasting, ...keys.map(fuzzKeyOf)],
      jobs: jobs.map(({ job, code }) => ({ job, code })),
      guarded: { keys: [held.pk, other.pk], jobs: [guardedJob.job], emails: [email], phones: [newPhone()] },
      issuer: { ...fuzzKeyOf(issuer), name: ISSUER },
    },
  };
}

function fuzzKeyOf(key: IdentityKey | RegisteredKey): FuzzKey {
  return { pk: key.pk, pkcs8: key.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'), secret: 'secret' in key ? key.secret : '' };
}
