import type { IdentityBench } from '../../wire/identity/bench.ts';
import { confirmedJob, deleteJob, retrieveJob, updateJob } from '../../wire/identity/jobs.ts';
import { login, pushToken } from '../../wire/identity/login.ts';
import { boundKey, revocationCode, revokeNosecret } from '../../wire/identity/revocations.ts';
import { selfSigned } from '../../wire/identity/signer.ts';
import { jsonOf } from './calls.ts';

/** Every call of IdentityBindingService. */
export async function driveIdentities(bench: IdentityBench): Promise<void> {
  const key = await bench.register({ devtoken: 'a-device-token' });
  jsonOf(await bench.send('rest', 'keyRetrieve', key));
  jsonOf(await bench.bind('rest', key, { devtoken: 'another' }));
  jsonOf(await bench.send('rest', 'keyUpdate', { pk: key.pk, jwt: selfSigned(key, { devtoken: 'a third' }) }));
  jsonOf(await login(bench, 'rest', pushToken(key)));
  const { job } = await confirmedJob(bench, { key });
  jsonOf(await retrieveJob(bench, 'rest', job), 204);
  jsonOf(await updateJob(bench, 'rest', job));
  jsonOf(await retrieveJob(bench, 'rest', job));
  await retrieveJob(bench, 'rest', job, 'application/jwt');
  jsonOf(await deleteJob(bench, 'rest', job));
  jsonOf(await bench.send('rest', 'keyRevoke', key));
  const bound = await boundKey(bench);
  jsonOf(await revokeNosecret(bench, 'rest', bound));
  jsonOf(await revokeNosecret(bench, 'rest', { ...bound, code: await revocationCode(bench, bound) }));
}
