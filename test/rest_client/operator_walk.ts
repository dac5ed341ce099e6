import assert from 'node:assert/strict';
import type { Clients } from './clients.ts';
import { newPair, pemOf, thumbprintOf } from '../wire/jwt.ts';

/** Devices of the operator. */
export async function walkDevices({ operator }: Clients): Promise<void> {
  const pair = newPair();
  const id = 'walk.device_1-a';
  const created = await operator.createDevice({ device_id: id, public_key: pemOf(pair), node_id: 'Knoten ä', scopes: ['a'], secret: 'secret-of-walk' });
  assert.deepEqual([created.device_id, created.state, created.node_id, created.key_thumbprint], [id, 'ACTIVE', 'Knoten ä', thumbprintOf(pair)]);
  assert.deepEqual(await operator.getDevice({ device_id: id }), created);
  const { devices, next_page_token: more } = await operator.listDevices({ project_id: 'default', page_size: 1 });
  assert.deepEqual([devices, typeof more], [[created], 'string']);
  assert.equal((await operator.freezeDevice({ device_id: id })).state, 'FROZEN');
  assert.equal((await operator.unfreezeDevice({ device_id: id })).state, 'ACTIVE');
  assert.deepEqual((await operator.setDeviceScopes({ device_id: id, scopes: ['b', 'c:d/e'] })).scopes, ['b', 'c:d/e']);
  const { keys } = await operator.listDeviceKeys({ device_id: id });
  assert.deepEqual(keys.map(({ state, algorithm }) => [state, algorithm]), [['CURRENT', 'P-256']]);
  assert.deepEqual((await operator.listDeviceSecrets({ device_id: id })).secrets.map(({ slot }) => slot), ['PRIMARY']);
  await walkKeySet({ operator }, id);
  const { audit_events: events } = await operator.listAuditEvents({ device_id: id, page_size: 100 });
  assert.equal(events.at(-1)?.action, 'device.created');
  await walkEvents({ operator }, id);
  assert.deepEqual(await operator.deleteDevice({ device_id: id }), {});
}

/** The one answer that may be kept. */
async function walkKeySet({ operator }: Pick<Clients, 'operator'>, id: string): Promise<void> {
  const first = await operator.getDeviceKeySet({ device_id: id, include_retired: true }).withResponse();
  const { etag } = first.headers;
  assert.ok(first.content.keys.length === 1 && etag !== undefined);
  const again = await operator.getDeviceKeySet({ device_id: id, include_retired: true }, { ifNoneMatch: etag }).withResponse();
  assert.deepEqual([again.status, again.content, again.headers.etag], [304, undefined, etag]);
  const other = await operator.getDeviceKeySet({ device_id: id }, { ifNoneMatch: '"another"' }).withResponse();
  assert.deepEqual([other.status, other.content], [200, first.content]);
}

async function walkEvents({ operator }: Pick<Clients, 'operator'>, id: string): Promise<void> {
  const stream = operator.watchEvents({ from_start: true, device_id: id });
  const { status, mediaType } = await stream.withResponse();
  assert.deepEqual([status, mediaType], [200, 'application/x-ndjson']);
  const types: string[] = [];
  for await (const event of stream) {
    assert.ok(event.device_id === id && event.resume_token !== '');
    types.push(event.type);
    if (event.type === 'device.scopes_set') break;
  }
  assert.deepEqual(types.filter((type) => type.startsWith('device.')), ['device.created', 'device.frozen', 'device.unfrozen', 'device.scopes_set']);
}

/** Projects, products, access keys and users. */
export async function walkApplications({ operator }: Clients): Promise<void> {
  const { project_id: project } = await operator.createProject({ project_id: 'walk', name: 'Walk & talk' });
  assert.ok((await operator.listProjects()).projects.some(({ name }) => name === 'Walk & talk'));
  const product = await operator.createProduct({ product_id: 'walk-product', project_id: project, protocol_type: 'MQTT' });
  assert.deepEqual((await operator.listProducts({ project_id: project })).products, [product]);
  const { access_key: accessKey, secret_key: secret } = await operator.createAccessKey({ project_id: project, actions: ['iotda:devices:query'] });
  assert.ok(accessKey !== '' && secret !== '');
  assert.deepEqual((await operator.listAccessKeys({ project_id: project })).access_keys.map((key) => key.access_key), [accessKey]);
  assert.deepEqual(await operator.deleteAccessKey({ access_key: accessKey }), {});
  const user = await operator.createUser({ name: 'walker', domain: 'acme', password: 'pass word ä', project_id: project });
  assert.deepEqual((await operator.listUsers({ project_id: project })).users.map(({ user_id: id }) => id), [user.user_id]);
  await operator.setUserPassword({ user_id: user.user_id, password: 'another password' });
  const disabled = await operator.disableUser({ user_id: user.user_id });
  const enabled = await operator.enableUser({ user_id: user.user_id });
  assert.notDeepEqual(disabled, enabled);
  assert.deepEqual(await operator.deleteUser({ user_id: user.user_id }), {});
}

/** Master keys; only those of a data folder can be rotated, so that this takes a service of its own. */
export async function walkMasterKeys({ operator }: Clients): Promise<void> {
  const rotated = await operator.rotateMasterKey();
  assert.equal(rotated.active, true);
  assert.equal((await operator.listMasterKeys()).master_keys[0]?.key_id, rotated.key_id);
  const seen: string[] = [];
  for await (const { done, total } of operator.reencryptSecrets()) seen.push(`${done}/${total}`);
  assert.match(seen.at(-1) ?? '', /^([0-9]+)\/\1$/);
}

/** Issuers of JWTs for identities. */
export async function walkIssuers({ operator }: Clients, pk: string): Promise<void> {
  const before = (await operator.listIssuerKeys()).issuer_keys;
  const rotated = await operator.rotateIssuerKey();
  assert.ok(!before.some((key) => key.public_key === rotated.public_key));
  const revoked = await operator.revokeIssuerKey({ public_key: before[0]?.public_key ?? '' });
  assert.notDeepEqual(revoked, before[0]);
  const issuer = 'https://issuer.example/a?b=c&d=e f';
  assert.equal((await operator.createTrustedIssuer({ issuer, public_key: pk })).issuer, issuer);
  assert.ok((await operator.listTrustedIssuers()).trusted_issuers.some((each) => each.issuer === issuer));
  assert.deepEqual(await operator.deleteTrustedIssuer({ issuer }), {});
}
