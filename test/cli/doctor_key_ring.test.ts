import assert from 'node:assert/strict';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { KeyRing, formatKeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import type { MasterKey } from '../../src/crypto/key_ring.ts';
import { startChild } from '../faults/fixtures/child.ts';
import { writeSealed } from '../db/fixtures/sealed.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { FREE, Folder, doctor, linesOf, oneLine } from './doctor.ts';
import { runHere } from './keyturn.ts';

const keyOf = (id: string): MasterKey => ({ ...newMasterKey(), id });

describe('doctor and the key ring', () => {
  const [a, b, c] = [keyOf('a'), keyOf('b'), keyOf('c')];
  let own: TestDatabase;
  before(async () => {
    own = await createDatabase();
  });
  after(() => own[Symbol.asyncDispose]());

  const look = async (...keys: MasterKey[]): Promise<string[]> => {
    const findings = await doctor({ ...FREE, KEYTURN_DATABASE_URL: own.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: formatKeyRing(keys) });
    for (const { key } of [a, b, c, ...keys]) assert.ok(!JSON.stringify(findings).includes(key.toString('base64')), 'a key is shown');
    return linesOf(findings, 'keyring');
  };

  it('compares it with what the database has encrypted', async () => {
    assert.deepEqual((await look(a))[1], 'good: not compared with what is encrypted: the database lacks migrations');
    assert.equal((await runHere(['migrate'], { KEYTURN_DATABASE_URL: own.url })).code, 0);
    assert.deepEqual(await look(a), ['good: 1 key in KEYTURN_MASTER_KEYS, a encrypts', 'good: nothing in the database is encrypted yet']);
    await writeSealed(own.url, new KeyRing([a]), 'x', { devices: 1, accessKeys: 1 });
    await writeSealed(own.url, new KeyRing([b]), 'y', { records: 1 });
    assert.deepEqual(await look(b, c, a), ['good: 3 keys in KEYTURN_MASTER_KEYS, b encrypts', 'good: it opens what the database has encrypted (a, b)']);
  });

  it('tells of keys that it lacks, and of other ones under their ids', async () => {
    const [, missing] = await look(c);
    assert.match(missing ?? '', /^bad: the database has values that are encrypted with the master keys a, b, which KEYTURN_MASTER_KEYS lacks - put them back from a backup/);
    const [, other] = await look(keyOf('a'), b);
    assert.match(other ?? '', /^bad: the database has values in access_key that the key a of KEYTURN_MASTER_KEYS does not open.* - give back the key that had the id a/);
  });

  it('reads that of the data folder, while the service runs and afterwards', async () => {
    using folder = new Folder();
    const file = join(folder.data, 'master.keys');
    const settings = { KEYTURN_DATA_DIR: folder.data };
    {
      await using child = await startChild(settings);
      const findings = await doctor({ ...settings, KEYTURN_HTTP_LISTEN: child.url.replace('http://', ''), KEYTURN_GRPC_LISTEN: child.grpc });
      assert.match(linesOf(findings, 'keyring').join('\n'), /^good: 1 key in \S+master\.keys, \S+ encrypts\ngood: it opens what the database has encrypted \(\S+\)$/);
    }
    const said = async (): Promise<string[]> => linesOf(await doctor({ ...FREE, ...settings }), 'keyring');
    assert.match((await said()).join('\n'), /^good: 1 key in .*\ngood: not compared .*: there is no database to look at$/);
    chmodSync(file, 0o640);
    assert.match((await said()).join('\n'), /^bad: the key ring cannot be used: \S+ is open to other users: run chmod 600 \S+ - never remove/);
    oneLine(await doctor({ ...FREE, ...settings }), 'folder', /^bad: \S+master\.keys is open to other users \(mode 0640\) - run chmod 600/);
    rmSync(file);
    writeFileSync(file, `a:${'x'.repeat(10)}`, { mode: 0o600 });
    assert.match((await said()).join('\n'), /^bad: \S+master\.keys expects ID:BASE64 by comma, each key 32 bytes - restore \S+ from a backup; without its keys/);
    rmSync(file);
    assert.match((await said()).join('\n'), /does not exist yet/);
  });
});
