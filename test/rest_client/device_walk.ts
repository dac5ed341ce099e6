import assert from 'node:assert/strict';
import { bearer } from '../../gen/rest/runtime/index.ts';
import { devicePassword } from '../../src/crypto/device_password.ts';
import { makeUpdate, updated } from '../wire/harness.ts';
import type { Device } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { authenticationJwt } from '../wire/tokens/kit.ts';
import type { Clients } from './clients.ts';

async function newDevice({ operator }: Clients, id: string): Promise<Device> {
  const device: Device = { id, pair: newPair(), kind: 'P-256' };
  await operator.createDevice({ device_id: id, public_key: pemOf(device.pair), scopes: ['refresh.token', 'read'] });
  return device;
}

/** A device rotates its key, gets a token and renews it; others look at it. */
export async function walkTokens(clients: Clients): Promise<void> {
  const { keys, tokens } = clients;
  const update = makeUpdate(await newDevice(clients, 'walk-tokens'));
  const rotate = (): ReturnType<typeof keys.updatePublicKey> => keys.updatePublicKey({ pop: update.pop }, { headers: { authorization: bearer(update.jwt) } });
  assert.deepEqual(await rotate(), { Success: 'Public key updated' });
  assert.equal((await rotate().withResponse()).headers['idempotent-replayed'], 'true');
  const device = updated(update);
  const issued = await tokens.issueToken({ client_id: device.id }, { headers: { authorization: bearer(authenticationJwt(device)) } });
  assert.deepEqual([issued.scope, issued.token_type], ['refresh.token read', 'bearer']);
  const renewed = await tokens.renewToken({ client_id: device.id, scope: 'read' }, { headers: { authorization: bearer(issued.access_token) } });
  assert.equal(renewed.scope, 'read');
  const { active, sub } = await tokens.introspectToken({ token: renewed.access_token });
  assert.deepEqual([active, sub], [true, device.id]);
}

/** An application manages devices with a token of its user; a device authenticates with its secret. */
export async function walkApplicationDevices(clients: Clients): Promise<void> {
  const { operator, iam } = clients;
  await operator.createProject({ project_id: 'walk-iotda', name: 'Project of applications' });
  await operator.createUser({ name: 'application', domain: 'acme', password: 'pass word ä', project_id: 'walk-iotda' });
  const user = { name: 'application', password: 'pass word ä', domain: { name: 'acme' } };
  const created = await iam.createToken({
    credentials: { auth: { identity: { methods: ['password'], password: { user } }, scope: { project: { id: 'walk-iotda' } } } },
    nocatalog: 'true',
  }).withResponse();
  const token = created.headers['x-subject-token'] ?? assert.fail('there is no token');
  assert.deepEqual([created.status, created.content.token?.user?.name], [201, 'application']);
  const headers = { 'x-auth-token': token };
  assert.deepEqual((await iam.listProjects({ name: 'Project of applications' }, { headers })).projects.map(({ id }) => id), ['walk-iotda']);
  await walkIotDevices(clients, { project_id: 'walk-iotda' }, headers);
}

async function walkIotDevices({ operator, devices, secrets }: Clients, project: { readonly project_id: string }, headers: { readonly 'x-auth-token': string }): Promise<void> {
  await operator.createProduct({ product_id: 'walk-iotda', project_id: project.project_id });
  const registration = { device_id: 'walk-iotda_d', node_id: 'node', product_id: 'walk-iotda', extension_info: { a: [1, null, { b: 'ä' }] }, auth_info: { secret: 'secret-of-device' } };
  const added = await devices.addDevice({ ...project, registration }, { headers }).withResponse();
  assert.deepEqual([added.status, added.content.extension_info, added.content.tags, added.content.fw_version], [201, registration.extension_info, [], null]);
  const one = { ...project, device_id: 'walk-iotda_d' };
  const listed = await devices.listDevices({ ...project, product_id: 'walk-iotda', limit: '5', is_cascade_query: false }, { headers });
  assert.deepEqual(listed.devices.map(({ device_id: id }) => id), ['walk-iotda_d']);
  assert.equal((await devices.showDevice(one, { headers })).auth_info?.secret, 'secret-of-device');
  assert.equal((await devices.updateDevice({ ...one, changes: { device_name: 'Walker' } }, { headers })).device_name, 'Walker');
  const frozen = await devices.freezeDevice(one, { headers }).withResponse();
  assert.deepEqual([frozen.status, frozen.content, frozen.mediaType], [204, undefined, undefined]);
  assert.equal(await devices.unfreezeDevice(one, { headers }), undefined);
  const keyed = { headers: { ...headers, 'idempotency-key': 'walk-1' } };
  const reset = await secrets.resetDeviceSecret({ ...one, action_id: 'resetSecret', reset: { secret_type: 'PRIMARY', force_disconnect: true } }, keyed);
  const replayed = await secrets.resetDeviceSecret({ ...one, action_id: 'resetSecret', reset: { secret_type: 'PRIMARY', force_disconnect: true } }, keyed).withResponse();
  assert.deepEqual([replayed.content, replayed.headers['idempotent-replayed']], [reset, 'true']);
  const timestamp = new Date().toISOString().replaceAll(/[-T:]/g, '').slice(0, 10);
  const password = devicePassword(reset.secret, timestamp);
  const { expires_in: seconds } = await devices.deviceAuth({ device_id: one.device_id, sign_type: 0, timestamp, password });
  assert.equal(seconds, 86_399);
  const fingerprint = 'a'.repeat(40);
  assert.deepEqual((await devices.resetFingerprint({ ...one, reset: { fingerprint, force_disconnect: false } }, { headers })).fingerprint, fingerprint);
  assert.equal((await devices.deleteDevice(one, { headers }).withResponse()).status, 204);
}
