import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'mocha';
import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing, formatKeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import { execute } from '../support/postgres.ts';
import { MASTER_KEYS, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { openAll, writeSealed } from '../db/fixtures/sealed.ts';
import { WIRES } from '../wire/answer.ts';
import type { Wire } from '../wire/answer.ts';
import type { Clients } from '../wire/harness.ts';
import { assertDone, assertRefused, createDevice, listMasterKeys, operate, rotateMasterKey } from '../wire/operator.ts';
import { BothClients, KeyFolder } from './folder_service.ts';

type Shown = Record<string, unknown>;

const list = async (clients: Clients, wire: Wire): Promise<Shown[]> => (assertDone(await operate(clients, wire, listMasterKeys())) as { master_keys: Shown[] }).master_keys;
const actionsIn = async (service: TestService): Promise<string[]> =>
  (await rowsOf<{ action: string; details: object }>(urlOf(service), "select action, details from audit_event where action like 'master%' order by event_id")).map(({ action, details }) => `${action} ${JSON.stringify(details)}`);

function urlOf({ app, databaseUrl }: TestService): string {
  if (app.embedded === undefined) return databaseUrl;
  const { user, password, host, port, database } = app.embedded;
  return `postgres://${user}:${password}@${host}:${port}/${database}`;
}

describe('master keys that the settings give', () => {
  let service: TestService;
  let clients: BothClients;
  before(async () => {
    service = await startService({ settings: { KEYTURN_MASTER_KEYS: `${formatKeyRing([{ ...newMasterKey(), id: 'new' }])},${MASTER_KEYS}` } });
    clients = new BothClients(service);
  });
  after(async () => {
    clients[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  for (const wire of WIRES) {
    it(`are not the service's to rotate (${wire})`, async () => {
      assertRefused(await operate(clients, wire, rotateMasterKey()), 'KEY_RING_GIVEN');
      assert.deepEqual(await actionsIn(service), []);
      assert.deepEqual((await list(clients, wire)).map(({ key_id: id }) => id).slice(0, 2), ['new', 'tests']);
    });

    it(`are listed with how much each has sealed, and those that the ring lacks (${wire})`, async () => {
      await execute(service.databaseUrl, 'truncate device_secret, access_key, idempotency_record');
      assertDone(await operate(clients, wire, createDevice({ device_id: `d-${wire}`, secret: '12345678' })));
      await writeSealed(service.databaseUrl, new KeyRing(parseKeyRing(MASTER_KEYS)), wire, { devices: 3, accessKeys: 2, records: 1 });
      await writeSealed(service.databaseUrl, new KeyRing([{ ...newMasterKey(), id: 'elsewhere' }]), `${wire}-2`, { records: 2 });
      assert.deepEqual(await list(clients, wire), [
        // With the key of the hashes of addresses, and that of the issuer.
        { key_id: 'new', active: true, values: '3', missing: false },
        { key_id: 'tests', active: false, values: '9', missing: false },
        { key_id: 'elsewhere', active: false, values: '2', missing: true },
      ]);
    });
  }
});

describe('master keys of the data folder', () => {
  it('are made at the first start, rotated durably, and read again', async () => {
    using folder = new KeyFolder();
    let first: string | undefined;
    const rotated: string[] = [];
    {
      await using service = await folder.start();
      using clients = new BothClients(service);
      first = folder.keys[0]?.id;
      assert.equal(folder.keys.length, 1);
      assertDone(await operate(clients, 'rest', createDevice({ device_id: 'one', secret: 'secret-one' })));
      for (const wire of WIRES) {
        const { key_id: id, ...shown } = assertDone(await operate(clients, wire, rotateMasterKey())) as Shown;
        assert.deepEqual(shown, { active: true, values: '0', missing: false });
        rotated.unshift(String(id));
        assert.deepEqual(folder.keys.map((key) => key.id), [...rotated, first]);
        assert.equal(statSync(folder.file).mode & 0o777, 0o600);
        assertDone(await operate(clients, wire, createDevice({ device_id: wire, secret: `secret-${wire}` })));
      }
      const [second = '', third = ''] = rotated.toReversed();
      assert.deepEqual(await actionsIn(service), [
        `master_key.rotated ${JSON.stringify({ key_id: second, previous_key_id: first })}`, `master_key.rotated ${JSON.stringify({ key_id: third, previous_key_id: second })}`,
      ]);
      assert.deepEqual(await openAll(urlOf(service), new KeyRing(folder.keys)), { [String(first)]: ['secret-one'], [second]: ['secret-rest'], [third]: ['secret-grpc'] });
    }
    await using again = await folder.start();
    using clients = new BothClients(again);
    assert.deepEqual((await list(clients, 'rest')).map(({ key_id: id, values }) => `${String(id)} ${String(values)}`), [...rotated.map((id) => `${id} 1`), `${String(first)} 3`]);
  });

  it('are all kept when many are asked for at once', async () => {
    using folder = new KeyFolder();
    await using service = await folder.start();
    using clients = new BothClients(service);
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => operate(clients, index % 2 === 0 ? 'rest' : 'grpc', rotateMasterKey())));
    const made = answers.map((answer) => (assertDone(answer) as Shown)['key_id']);
    assert.equal(new Set(made).size, 12);
    assert.equal(folder.keys.length, 13);
    assert.deepEqual(folder.keys.map(({ id }) => id), (await list(clients, 'grpc')).map(({ key_id: id }) => id));
    assert.equal((await actionsIn(service)).length, 12);
  });

  it('stay as they are where the file or the audit event cannot be written', async () => {
    using folder = new KeyFolder();
    await using service = await folder.start();
    using clients = new BothClients(service);
    const good = readFileSync(folder.file, 'utf8');
    const ids = (await list(clients, 'rest')).map(({ key_id: id }) => id);
    // In the way of the file that it is written to first.
    mkdirSync(`${folder.file}.new`);
    assert.equal((await operate(clients, 'rest', rotateMasterKey())).status, 500);
    rmSync(`${folder.file}.new`, { recursive: true });
    await execute(urlOf(service), 'alter table audit_event rename to audit_away');
    assert.equal((await operate(clients, 'grpc', rotateMasterKey())).status, 13);
    await execute(urlOf(service), 'alter table audit_away rename to audit_event');
    assert.equal(readFileSync(folder.file, 'utf8'), good);
    assert.deepEqual((await list(clients, 'rest')).map(({ key_id: id }) => id), ids);
    assert.deepEqual(await actionsIn(service), []);
    assertDone(await operate(clients, 'rest', rotateMasterKey()));
    assert.equal(folder.keys.length, 2);
  });

  it('end the start if they are lost, other ones, empty, or open to others', async () => {
    using folder = new KeyFolder();
    {
      await using service = await folder.start();
      using clients = new BothClients(service);
      assertDone(await operate(clients, 'rest', createDevice({ device_id: 'one', secret: 'secret-one' })));
    }
    const good = readFileSync(folder.file, 'utf8');
    const [{ id } = { id: '' }] = folder.keys;
    const refusal = async (): Promise<string> => {
      const error = await folder.start().then(async (service) => service[Symbol.asyncDispose]().then(() => assert.fail('it has started')), (caught: Error) => caught);
      assert.ok(!error.message.includes(good.split(':')[1]?.trim() ?? '?'));
      return error.message;
    };
    rmSync(folder.file);
    assert.match(await refusal(), new RegExp(`encrypted with the master key ${id}, which ${folder.file} lacks; put it back from a backup`));
    assert.ok(!existsSync(folder.file), 'nothing is in the way of the backup');
    // With the rights that a start gives it.
    writeFileSync(folder.file, '', { mode: 0o600 });
    writeFileSync(folder.file, formatKeyRing([{ ...newMasterKey(), id }]));
    assert.match(await refusal(), new RegExp(`values in \\w+ that the key ${id} of ${folder.file} does not open`));
    for (const [text, says] of [['', /is empty: restore its content/], ['nonsense', /expects ID:BASE64 .*; restore it from a backup/]] as const) {
      writeFileSync(folder.file, text);
      assert.match(await refusal(), says);
    }
    writeFileSync(folder.file, good);
    chmodSync(folder.file, 0o644);
    assert.match(await refusal(), /open to other users: run chmod 600/);
    chmodSync(folder.file, 0o600);
    await using service = await folder.start();
    assert.ok(existsSync(folder.file) && service.app.store === 'embedded');
  });
});
