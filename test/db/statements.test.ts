import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { AuditEventStore } from '../../src/db/audit_event.ts';
import type { Database } from '../../src/db/database.ts';
import { DeviceStore } from '../../src/db/device.ts';
import { DeviceSecretStore } from '../../src/db/device_secret.ts';
import { DeviceExpiryStore } from '../../src/db/device_expiry.ts';
import { IotDeviceReader } from '../../src/db/iot_device.ts';
import type { IotDeviceFilter } from '../../src/db/iot_device.ts';
import { IotDeviceWriter } from '../../src/db/iot_device_change.ts';
import { ProjectStore } from '../../src/db/project.ts';
import { RotationStore } from '../../src/db/rotation.ts';
import { SEALED_TABLES, SealedStore } from '../../src/db/sealed.ts';
import type { Resealing, SealedTable } from '../../src/db/sealed.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { QUERY, assertIndexed } from './fixtures/plans.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { Asked, PostgresProxy } from './fixtures/postgres_proxy.ts';
import { newReset } from './fixtures/resets.ts';
import { ORIGIN, addDevice, newKey, newRotation, openDatabase } from './fixtures/rotations.ts';

const RESET = 'device_secret_reset';

const IOT_DEVICE = {
  projectId: 'default', deviceId: 'iot', nodeId: 'n', productId: 'p', deviceName: undefined, description: undefined, gatewayId: 'planned', appId: undefined, authType: 'SECRET', fingerprint: undefined,
  secureAccess: true, timeout: 1, extensionInfo: undefined, secret: { keyId: 'k', box: Buffer.alloc(40), isHexadecimal: true },
} as const;
const IOT_FILTER = { projectId: 'default', productId: 'p', nodeId: 'n', deviceName: 'd', from: Buffer.alloc(12), to: Buffer.alloc(12, 0xff) };

describe('statements', () => {
  let own: TestDatabase;
  let proxy: PostgresProxy;
  let database: Database;
  const prepared = new Map<string, string>();
  before(async () => {
    own = await createDatabase();
    proxy = await startProxy(own.url);
    database = await openDatabase(proxy.url, 2);
    await addDevice(database, 'planned');
  });
  after(async () => {
    await database[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await own[Symbol.asyncDispose]();
  });

  /** What the server was asked for while `work` ran. */
  const askedBy = async (work: () => Promise<unknown>): Promise<readonly Asked[]> => {
    proxy.asked.length = 0;
    await work();
    return [...proxy.asked];
  };
  const store = (): RotationStore => new RotationStore(database.run);
  const devices = (): DeviceStore => new DeviceStore(database);
  const secrets = (): DeviceSecretStore => new DeviceSecretStore(database);
  const reader = (): IotDeviceReader => new IotDeviceReader(database.run);
  const writer = (): IotDeviceWriter => new IotDeviceWriter(database);
  const listIot = (gateway: IotDeviceFilter['gateway']): Promise<unknown> => reader().list({ ...IOT_FILTER, gateway }, { before: Buffer.alloc(12, 0xff), offset: 0, limit: 10 });
  const sealed = (): SealedStore => new SealedStore(database.run);

  /** Queries by what a caller may ask for, and whether all of them have a key to look up. */
  const QUERIES: readonly (readonly [name: string, keyed: boolean, work: () => Promise<unknown>])[] = [
    ['rotation_read', true, () => store().read(newRotation('planned', newKey(), newKey()))],
    ['rotation_read_with_limit', true, () => store().read(newRotation('planned', newKey(), newKey()), { count: 3, since: new Date(0) })],
    ['rotation_write', true, () => store().write(newRotation('planned', newKey(), newKey()), ORIGIN)],
    ['a device', true, () => devices().get('planned')],
    ['the device list', false, () => devices().list(undefined, undefined, 50)],
    ['a later page of the device list', true, () => devices().list(undefined, 'a', 50)],
    ['the device list of a project', true, () => devices().list('default', undefined, 50)],
    ['a later page of the device list of a project', true, () => devices().list('default', 'a', 50)],
    ['the keys of a device', true, () => devices().listKeys('planned', undefined, 50)],
    ['a later page of the keys of a device', true, () => devices().listKeys('planned', 9n, 50)],
    ['device_set_state', true, () => devices().setState('planned', 'FROZEN', ORIGIN)],
    ['device_set_scopes', true, () => devices().setScopes('planned', ['a', 'b'], ORIGIN)],
    ['device_secret_reset', true, () => secrets().reset(newReset('planned'), ORIGIN)],
    ['device_secret_reset by force', true, () => secrets().reset(newReset('planned', { forceDisconnect: true }), ORIGIN)],
    ['idempotency_record_read', true, async () => {
      for (let times = 0; times < 2; times += 1) await secrets().reset(newReset('planned', { key: 'planned' }), ORIGIN);
    }],
    ['device_remove', true, async () => {
      await addDevice(database, 'removed');
      await devices().remove('removed', ORIGIN);
    }],
    ['an IoT device with its secrets', true, () => reader().show('default', 'planned', ORIGIN)],
    ['IoT devices of a project', true, () => listIot(undefined)],
    ['children of an IoT device', true, () => listIot({ deviceId: 'planned', cascade: false })],
    ['descendants of an IoT device', true, () => listIot({ deviceId: 'planned', cascade: true })],
    ['a resource space', true, () => reader().hasApp('default', 'x')],
    ['iot_device_create', true, () => writer().create(IOT_DEVICE, ORIGIN)],
    ['iot_device_update', true, () => writer().update('default', 'planned', IOT_DEVICE, ORIGIN)],
    ['iot_device_reset_fingerprint', true, () => writer().resetFingerprint('default', 'planned', { slot: 'PRIMARY', fingerprint: undefined, forceDisconnect: true }, ORIGIN)],
    ['devices whose time is up', true, () => new DeviceExpiryStore(database).removeDue(new Date('2026-02-01T00:00:00Z'))],
    ['the secrets of a device', true, () => devices().listSecrets('planned')],
    ['the master keys in use', false, () => sealed().examples()],
    ...SEALED_TABLES.flatMap((table): (readonly [string, boolean, () => Promise<unknown>])[] => [
      [`a count of ${table}`, true, () => sealed().count(table, 'a')],
      [`the sealed rows of ${table}`, true, () => sealed().read(table, 'a', undefined, 10)],
      [`other boxes in ${table}`, true, () => sealed().replace(table, [resealingIn(table)])],
    ]),
    ['the project list', false, () => new ProjectStore(database).list(undefined, 50)],
    ['the audit list', true, () => new AuditEventStore(database.run).list({ deviceId: undefined, identity: undefined }, undefined, 50)],
    ['the audit list of a device', true, () => new AuditEventStore(database.run).list({ deviceId: 'planned', identity: undefined }, undefined, 50)],
    ['a later page of the audit list of a device', true, () => new AuditEventStore(database.run).list({ deviceId: 'planned', identity: undefined }, { xact: '9', eventId: '9' }, 50)],
  ];

  for (const [name, keyed, work] of QUERIES) {
    it(`use an index for ${name}`, async () => {
      const asked = await askedBy(work);
      for (const { kind, name: statement, text } of asked) if (kind === 'parse') prepared.set(statement, text);
      const texts = new Set(asked.map(({ name: statement, text }) => text || (prepared.get(statement) ?? '')).filter((text) => QUERY.test(text)));
      assert.ok(texts.size > 0, 'nothing was asked');
      for (const text of texts) {
        await assertIndexed(own.url, text, keyed);
      }
    });
  }

  it('are one round trip to read and one to write, prepared by name, with bound parameters', async () => {
    const old = await addDevice(database, 'counted');
    const next = newRotation('counted', old, newKey());
    await store().read(next);
    const asked = await askedBy(async () => {
      await store().read(next);
      assert.equal(await store().write(next, ORIGIN), 'rotated');
    });
    const run = asked.filter(({ kind }) => kind !== 'parse');
    assert.deepEqual(run.map(({ kind, name }) => `${kind} ${name}`), ['bind rotation_read', 'bind rotation_write']);
    assert.ok(asked.every(({ name }) => name.startsWith('rotation_')));
  });

  it('are one round trip for a reset, with an idempotency key too, and one more for its stored answer', async () => {
    await addDevice(database, 'reset');
    for (const [key, statements] of [[undefined, [RESET]], ['key', [RESET]], ['key', [RESET, 'idempotency_record_read']]] as const) {
      const asked = await askedBy(() => secrets().reset(newReset('reset', { key }), ORIGIN));
      assert.deepEqual(asked.filter(({ kind }) => kind !== 'parse').map(({ kind, name }) => `${kind} ${name}`), statements.map((name) => `bind ${name}`));
      assert.ok(asked.every(({ text }) => !/'(?:reset|default)'/.test(text)), 'no value is in the text');
    }
  });

  it('hold no value in their text, whatever the store', async () => {
    const hush = 'hush-0123456789';
    const asked = await askedBy(async () => {
      await devices().create(
        { deviceId: hush, projectId: 'default', nodeId: hush, productId: hush, scopes: [hush], updatesAllowed: true, key: newKey(), secret: undefined },
        ORIGIN,
      );
      const texts = { deviceId: `${hush}-iot`, nodeId: hush, productId: hush, deviceName: hush, description: hush, gatewayId: hush, fingerprint: hush, extensionInfo: { hush } };
      await writer().create({ ...IOT_DEVICE, ...texts, secret: { keyId: hush, box: Buffer.from(hush), isHexadecimal: true } }, ORIGIN);
      await writer().update('default', texts.deviceId, { ...texts, secureAccess: true, timeout: 1 }, ORIGIN);
      await writer().resetFingerprint('default', texts.deviceId, { slot: 'PRIMARY', fingerprint: hush, forceDisconnect: true }, ORIGIN);
      await reader().show('default', texts.deviceId, ORIGIN);
      await listIot({ deviceId: hush, cascade: true });
      await devices().remove(texts.deviceId, ORIGIN);
      await devices().setState(hush, 'FROZEN', ORIGIN);
      await devices().setScopes(hush, [`${hush}-2`], ORIGIN);
      await devices().listSecrets(hush);
      await devices().remove(hush, ORIGIN);
      await sealed().read('device_secret', hush, [hush, hush], 10);
      await sealed().record(hush, { hush }, ORIGIN);
      await new ProjectStore(database).create(hush, hush, ORIGIN);
      await new AuditEventStore(database.run).list({ deviceId: hush, identity: undefined }, undefined, 10);
    });
    assert.ok(asked.length > 4);
    assert.deepEqual(asked.filter(({ text }) => text.includes(hush)), []);
  });
});

function resealingIn(table: SealedTable): Resealing {
  const value = { keyId: 'a', box: Buffer.alloc(1) };
  return { old: { table, key: ['a', 'b', 'c'], ...value }, sealed: value };
}
