import assert from 'node:assert/strict';
import type { IdentityBench } from '../../wire/identity/bench.ts';
import { newIdentityKey } from '../../wire/identity/signer.ts';
import { newPair, pemOf } from '../../wire/jwt.ts';
import { OPERATOR, done } from './calls.ts';
import type { Members } from './calls.ts';

/** Every call of OperatorService but that which needs a key ring of the service's own. */
export async function driveOperator(bench: IdentityBench): Promise<void> {
  const call = (method: string, path: string, body?: object): Promise<Members> => done(bench, method, `/v1${path}`, { headers: OPERATOR, ...(body === undefined ? {} : { body }) });
  await driveDevices(call);
  await driveApplications(call);
  await driveIdentities(bench, call);
  await call('GET', '/master-keys');
  await call('GET', '/audit-events?page_size=5');
  await call('GET', '/messages');
  await driveStreams(bench);
}

type Call = (method: string, path: string, body?: object) => Promise<Members>;

async function driveDevices(call: Call): Promise<void> {
  await call('POST', '/projects', { project_id: 'driven', name: 'Driven' });
  await call('GET', '/projects');
  await call('POST', '/devices', { device_id: 'driven-1', project_id: 'driven', public_key: pemOf(newPair()), secret: 'a-good-secret', scopes: ['read'] });
  await call('GET', '/devices?project_id=driven');
  await call('GET', '/devices/driven-1');
  await call('POST', '/devices/driven-1:setScopes', { scopes: ['read', 'write'] });
  await call('POST', '/devices/driven-1:freeze');
  await call('POST', '/devices/driven-1:unfreeze', {});
  for (const part of ['keys', 'jwks.json', 'secrets']) await call('GET', `/devices/driven-1/${part}`);
  await call('DELETE', '/devices/driven-1');
}

async function driveApplications(call: Call): Promise<void> {
  await call('POST', '/products', { product_id: 'driven', project_id: 'driven', protocol_type: 'CoAP' });
  await call('GET', '/products');
  const { access_key: accessKey } = await call('POST', '/access-keys', { project_id: 'driven', actions: ['iotda:devices:query'] });
  await call('GET', '/access-keys');
  await call('DELETE', `/access-keys/${String(accessKey)}`);
  const { user_id: userId } = await call('POST', '/users', { name: 'driver', domain: 'driven', password: 'a good password', project_id: 'driven' });
  await call('GET', '/users');
  await call('POST', `/users/${String(userId)}:setPassword`, { password: 'a better password' });
  await call('POST', `/users/${String(userId)}:disable`);
  await call('POST', `/users/${String(userId)}:enable`);
  await call('DELETE', `/users/${String(userId)}`);
}

async function driveIdentities(bench: IdentityBench, call: Call): Promise<void> {
  const { pk } = await bench.register();
  await call('GET', `/identities/${pk}`);
  await call('POST', `/identities/${pk}:revoke`);
  const { issuer_keys: keys } = await call('GET', '/issuer-keys');
  await call('POST', '/issuer-keys:rotate', {});
  await call('POST', `/issuer-keys/${String((keys as Members[])[0]?.['public_key'])}:revoke`);
  await call('POST', '/trusted-issuers', { issuer: 'https://driven.example', public_key: newIdentityKey().pk });
  await call('GET', '/trusted-issuers');
  await call('DELETE', '/trusted-issuers?issuer=https%3A%2F%2Fdriven.example');
}

/** The events end with their deadline, which their last line tells. */
async function driveStreams({ rest }: IdentityBench): Promise<void> {
  const events = await rest.send({ method: 'GET', target: '/v1/events:watch?from_start=true', headers: [...OPERATOR, ['grpc-timeout', '500m']] });
  assert.match(events.body, /"type":"device\.created"[^]*"error":/);
  const reencrypted = await rest.send({ method: 'POST', target: '/v1/master-keys:reencrypt', headers: OPERATOR });
  assert.match(reencrypted.body, /"done":"0"/);
}
