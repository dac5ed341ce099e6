import { devicePassword } from '../../../src/crypto/device_password.ts';
import { createUser, tokenRequest } from '../../support/iotda.ts';
import { makeUpdate, sendTo } from '../../wire/harness.ts';
import type { IdentityBench } from '../../wire/identity/bench.ts';
import { newPair, pemOf } from '../../wire/jwt.ts';
import { hourText } from '../../wire/secrets.ts';
import { authenticationJwt, introspect, issue, renew, tokenIn } from '../../wire/tokens/kit.ts';
import { APPLICATION, OPERATOR, done, jsonOf } from './calls.ts';
import type { Members } from './calls.ts';

/** What devices call with their keys. */
export async function driveKeys(bench: IdentityBench): Promise<void> {
  const device = { id: 'keyed-1', pair: newPair(), kind: 'P-256' } as const;
  await done(bench, 'POST', '/v1/devices', { headers: OPERATOR, body: { device_id: device.id, public_key: pemOf(device.pair), scopes: ['refresh.token', 'read'] } });
  const { access_token: token } = tokenIn(await issue(bench, 'rest', { authorization: authenticationJwt(device), clientId: device.id }));
  tokenIn(await renew(bench, 'rest', { authorization: token, clientId: device.id }));
  jsonOf(await introspect(bench, 'rest', token));
  jsonOf(await introspect(bench, 'rest', 'another'));
  const { jwt, pop } = makeUpdate(device);
  for (const _ of ['first', 'replayed']) jsonOf(await sendTo(bench, 'rest', { authorization: jwt, pop }));
}

/** What applications call, and a device with its secret. */
export async function driveApplications(bench: IdentityBench): Promise<void> {
  const call = (method: string, path: string, body?: object, status = 200): Promise<Members> =>
    done(bench, method, `/v5/iot/default/devices${path}`, { headers: APPLICATION, status, ...(body === undefined ? {} : { body }) });
  await call('POST', '', { device_id: 'applied-1', node_id: 'n1', product_id: 'p', extension_info: { a: [1, null] } }, 201);
  await call('GET', '?limit=50');
  await call('GET', '/applied-1');
  await call('PUT', '/applied-1', { device_name: 'lamp', auth_info: { timeout: 0 } });
  const { secret } = await call('POST', '/applied-1/action?action_id=resetSecret', { secret_type: 'PRIMARY' });
  const hour = hourText(bench.service.clock.now());
  const proof = { device_id: 'applied-1', sign_type: 1, timestamp: hour, password: devicePassword(String(secret), hour) };
  await done(bench, 'POST', '/v5/device-auth', { body: proof });
  await call('POST', '/applied-1/freeze', undefined, 204);
  await call('POST', '/applied-1/unfreeze', undefined, 204);
  await call('POST', '/applied-1/reset-fingerprint', { fingerprint: 'a'.repeat(40) });
  await call('DELETE', '/applied-1', undefined, 204);
  const user = await createUser(bench.service);
  for (const query of ['', '?nocatalog=true']) await done(bench, 'POST', `/v3/auth/tokens${query}`, { body: tokenRequest(user), status: 201 });
  await done(bench, 'GET', '/v3/projects', { headers: APPLICATION });
}
