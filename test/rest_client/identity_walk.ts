import assert from 'node:assert/strict';
import { IdentityKey } from '../clients/identity_key.ts';
import { CALLBACK } from '../wire/identity/login.ts';
import type { Clients } from './clients.ts';

/** A key is registered, bound, logged in with, countersigned and revoked. Returns the key of an identity. */
export async function walkIdentities(clients: Clients): Promise<string> {
  const { operator, identities } = clients;
  const key = new IdentityKey();
  const pk = key.pk;
  const { status, secret = '' } = await identities.keyRegister({ jwt: key.jwt({ devtoken: 'device token' }) });
  assert.equal(status, 'registered');
  assert.equal((await identities.keyRetrieve({ pk })).sub, pk);
  assert.deepEqual(await identities.keyBind({ pk, jwt: key.jwt({ email: 'walk+1@example.com', phone: '+31201234567' }) }), { status: 'confirmed' });
  await walkJob(clients, key);
  const login = key.jwt({ iss: 'https://site.example/', aud: CALLBACK });
  assert.deepEqual(await identities.pushLoginRequest({ callback: CALLBACK, jwt: login }), { status: 'sent' });
  assert.equal((await operator.getIdentity({ pk })).pk, pk);
  assert.deepEqual(await identities.keyRevoke({ pk, secret }), { status: 'done' });
  await walkRevocations(clients);
  return new IdentityKey().pk;
}

async function walkJob(clients: Clients, key: IdentityKey): Promise<void> {
  const { identities } = clients;
  const email = 'walk+2@example.com';
  const { job = '' } = await identities.signRequest({ jwt: key.jwt({ scope: 'email', email }) });
  const waiting = await identities.signRetrieve({ job }).withResponse();
  assert.deepEqual([waiting.status, waiting.content], [204, undefined]);
  assert.deepEqual(await identities.signConfirm({ job, code: await codeTo(clients, email) }), { status: 'confirmed' });
  const signed = await identities.signUpdate({ job });
  assert.ok(typeof signed === 'object' && signed.status === 'ready');
  const claims = await identities.signRetrieve({ job }).withResponse();
  assert.ok(claims.status === 200 && claims.mediaType === 'application/json');
  assert.deepEqual([claims.content.sub, claims.content.email], [key.pk, email]);
  const bare = await identities.signRetrieve({ job }, { headers: { accept: 'application/jwt' } }).withResponse();
  assert.deepEqual([bare.mediaType, bare.content], ['application/jwt', signed.jwt]);
  assert.deepEqual(await identities.keyUpdate({ pk: key.pk, jwt: key.jwt({ devtoken: 'another', scopes: [signed.jwt] }) }), { status: 'confirmed' });
  assert.deepEqual(await identities.signDelete({ job }), { status: 'done' });
}

async function walkRevocations(clients: Clients): Promise<void> {
  const { operator, identities } = clients;
  const key = new IdentityKey();
  const both = { email: 'walk+3@example.com', phone: '+31207654321' };
  await identities.keyRegister({ jwt: key.jwt() });
  await identities.keyBind({ pk: key.pk, jwt: key.jwt(both) });
  assert.deepEqual(await identities.keyRevokeNosecret(both), { status: 'pending' });
  assert.deepEqual(await identities.keyRevokeNosecret({ ...both, code: await codeTo(clients, both.email) }), { status: 'done' });
  const other = new IdentityKey();
  await identities.keyRegister({ jwt: other.jwt() });
  assert.equal((await operator.revokeIdentity({ pk: other.pk })).state, 'REVOKED');
}

/** The code that was sent last to an address, as the operator reads it. */
async function codeTo({ operator }: Clients, recipient: string): Promise<string> {
  const { messages } = await operator.listMessages({ recipient });
  return /\b\d{6}\b/.exec(messages[0]?.body ?? '')?.[0] ?? assert.fail(`no code for ${recipient}`);
}
