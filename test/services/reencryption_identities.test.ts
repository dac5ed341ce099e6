import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import { Client } from '../../src/cli/client.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing, formatKeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { IDENTITY_TABLES, openIdentities, writeSealedIdentities } from '../db/fixtures/sealed.ts';
import { createDatabase, execute } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const [OLD, NEW] = ['old', 'new'].map((id) => formatKeyRing([{ ...newMasterKey(), id }])) as [string, string];
const BOTH = `${NEW},${OLD}`;
const RING = new KeyRing(parseKeyRing(BOTH));

async function reencrypt(service: TestService): Promise<unknown> {
  using client = new Client({ server: service.grpc, tls: undefined, token: { value: OPERATOR_TOKEN, source: 'the test' } });
  let last: unknown;
  for await (const answer of client.watch(OperatorServiceService.reencryptSecrets, {})) last = answer;
  return last;
}

async function published({ url }: TestService): Promise<unknown> {
  return (await fetch(`${url}/.well-known/jwks.json`)).json();
}

describe('re-encryption of what concerns identity keys', () => {
  it('covers all of it, leaves every value as it was, and the old key is not needed any more', async () => {
    await using database = await createDatabase();
    let keys: unknown;
    {
      await using service = await startService({ database, settings: { KEYTURN_MASTER_KEYS: OLD } });
      keys = await published(service);
      for (const table of IDENTITY_TABLES) await writeSealedIdentities(database.url, new KeyRing(parseKeyRing(OLD)), table, 'x', 210);
      await execute(database.url, "insert into identity (pk, state, secret_sha256, registered_at) values ('without', 'REGISTERED', '', now())");
    }
    const { old: before = {}, ...others } = await openIdentities(database.url, RING);
    assert.deepEqual(others, {});
    // The key of the hashes of addresses, and that of the issuer.
    const total = String(IDENTITY_TABLES.length * 210 + 2);
    {
      await using service = await startService({ database, settings: { KEYTURN_MASTER_KEYS: BOTH } });
      assert.deepEqual(await reencrypt(service), { done: total, total, unreadable: '0', unreadable_values: [] });
      assert.deepEqual(await openIdentities(database.url, RING), { new: before });
      assert.deepEqual(await rowsOf(database.url, "select key_id, box from identity where pk = 'without'"), [{ key_id: null, box: null }]);
    }
    await using service = await startService({ database, settings: { KEYTURN_MASTER_KEYS: NEW } });
    assert.deepEqual(await published(service), keys);
    assert.deepEqual(await openIdentities(database.url, new KeyRing(parseKeyRing(NEW))), { new: before });
  });

  for (const table of IDENTITY_TABLES) {
    it(`a start with a lost key ring is refused where only ${table} holds a sealed value`, async () => {
      await using database = await createDatabase();
      await (await startService({ database, settings: { KEYTURN_MASTER_KEYS: OLD } }))[Symbol.asyncDispose]();
      await execute(database.url, 'truncate service_key, issuer, issuer_key');
      await writeSealedIdentities(database.url, new KeyRing(parseKeyRing(OLD)), table, 'x', 1);
      const start = (ring: string): Promise<TestService> => startService({ database, settings: { KEYTURN_MASTER_KEYS: ring } });
      await assert.rejects(start(NEW), /encrypted with the master key old, which KEYTURN_MASTER_KEYS lacks; put it back from a backup/);
      await assert.rejects(start(formatKeyRing([{ ...newMasterKey(), id: 'old' }])), new RegExp(`values in ${table} that the key old of KEYTURN_MASTER_KEYS does not open`));
      assert.equal((await rowsOf(database.url, `select from ${table}`)).length, 1, 'nothing was made before it was refused');
    });
  }
});
