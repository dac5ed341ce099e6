import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { KeyRing } from '../../src/crypto/key_ring.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import { Database } from '../../src/db/database.ts';
import { createDatabase, execute } from '../support/postgres.ts';
import { MASTER_KEYS, startService } from '../support/service.ts';
import { BothClients } from '../services/folder_service.ts';
import { assertDone, createDevice, getDevice, listAuditEvents, listDevices, listIssuerKeys, operate } from '../wire/operator.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { secretIn, sendKey } from '../wire/identity/bench.ts';
import { rowsOf } from './fixtures/rotations.ts';
import { openAll } from './fixtures/sealed.ts';

describe('a database that the version before identity binding has left', () => {
  it('is brought up by a start, with all that is in it, and gets its keys', async () => {
    await using own = await createDatabase();
    const device = createDevice({ device_id: 'from-before', secret: 'secret-of-before' });
    {
      await using service = await startService({ database: own });
      using clients = new BothClients(service);
      assertDone(await operate(clients, 'rest', device));
    }
    {
      await using database = await Database.open({ url: own.url, poolSize: 2, log: () => {} });
      await database.orm.migrator.down({ to: '0002' });
    }
    const tables = await rowsOf<{ name: string }>(own.url, "select table_name::text as name from information_schema.tables where table_name in ('identity', 'issuer_key', 'message', 'service_key')");
    assert.deepEqual(tables, []);
    // An event of that time, which had no column for identities.
    await execute(own.url, "insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details) values (now(), 'default', 'from-before', 'device.frozen', 'operator', 'r', 'p', '{}')");

    await using service = await startService({ database: own });
    using clients = new BothClients(service);
    const { devices } = assertDone(await operate(clients, 'grpc', listDevices())) as { devices: { device_id: string }[] };
    assert.deepEqual(devices.map(({ device_id: id }) => id), ['from-before']);
    assertDone(await operate(clients, 'rest', getDevice({ device_id: 'from-before' })));
    assert.deepEqual(Object.values(await openAll(own.url, new KeyRing(parseKeyRing(MASTER_KEYS)))), [['secret-of-before']]);
    const { audit_events: events } = assertDone(await operate(clients, 'rest', listAuditEvents({ device_id: 'from-before' }))) as { audit_events: { action: string; identity: string }[] };
    assert.deepEqual(events.map(({ action, identity }) => [action, identity]), [['device.frozen', ''], ['device.created', '']]);
    const { issuer_keys: keys } = assertDone(await operate(clients, 'rest', listIssuerKeys())) as { issuer_keys: { state: string }[] };
    assert.deepEqual(keys.map(({ state }) => state), ['ACTIVE']);
    secretIn(await sendKey(clients, 'rest', 'keyRegister', { jwt: selfSigned(newIdentityKey()) }));
  });
});
