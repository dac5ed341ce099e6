import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { KeyRing, formatKeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import type { MasterKey } from '../../src/crypto/key_ring.ts';
import { openDatabase } from '../db/fixtures/rotations.ts';
import { writeSealed } from '../db/fixtures/sealed.ts';
import { createDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { spawnService, startChild } from './fixtures/child.ts';

const keyOf = (id: string): MasterKey => ({ ...newMasterKey(), id });

describe('a key ring that does not fit its database', () => {
  it('ends the start with 1 and says which keys it lacks or has wrongly, and what to do', async () => {
    await using own = await createDatabase();
    const [a, b] = [keyOf('a'), keyOf('b')];
    await (await openDatabase(own.url, 2))[Symbol.asyncDispose]();
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 1 });
    await writeSealed(own.url, new KeyRing([b]), 'y', { accessKeys: 1, records: 1 });
    const settings = (...keys: MasterKey[]): Record<string, string> => ({
      KEYTURN_DATABASE_URL: own.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: formatKeyRing(keys),
    });
    const refusal = async (...keys: MasterKey[]): Promise<string> => {
      await using child = spawnService(settings(...keys));
      assert.equal(await child.ended, 1, child.stderr());
      assert.equal(child.stdout(), '', 'it was ready');
      for (const { key } of [a, b, ...keys]) assert.ok(!child.stderr().includes(key.toString('base64')), 'a key is shown');
      return child.stderr().split('\n').filter((line) => !line.startsWith('{')).join('\n');
    };
    assert.match(await refusal(keyOf('c')), /^keyturn: .* encrypted with the master keys a, b, which KEYTURN_MASTER_KEYS lacks; put them back from a backup/m);
    assert.match(await refusal(b), /^keyturn: .* encrypted with the master key a, which KEYTURN_MASTER_KEYS lacks; put it back/m);
    assert.match(await refusal(b, keyOf('a')), /^keyturn: .* values in device_secret that the key a of KEYTURN_MASTER_KEYS does not open: .*; give back the key that had the id a/m);
    const both = await refusal(keyOf('b'));
    assert.match(both, /^keyturn: .* the master key a, which .*\n.* values in idempotency_record that the key b of /m);
    await using child = await startChild(settings(keyOf('new'), b, a));
    assert.equal(child.store, 'postgres');
  });
});
