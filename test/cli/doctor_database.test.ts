import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts';
import type { EmbeddedPostgres } from '../../src/db/embedded/index.ts';
import type { Inspection } from '../../src/db/inspection.ts';
import { judgeDatabase } from '../../src/doctor/database.ts';
import { examine } from '../../src/doctor/index.ts';
import { execute } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN, TestClock } from '../support/service.ts';
import { FREE, doctor, linesOf, oneLine } from './doctor.ts';
import type { Finding } from './doctor.ts';
import { runHere } from './keyturn.ts';

const MIGRATION = /\d{4}(?:, \d{4})*/.source;

function look(url: string): Promise<readonly Finding[]> {
  return doctor({ ...FREE, KEYTURN_DATABASE_URL: url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS });
}

/** With a server of its own, because that of the other tests does not keep what it commits. */
describe('doctor and a database of one\'s own', () => {
  let folder: string;
  let server: EmbeddedPostgres;

  const urlOf = (name: string, user = server.user, password = server.password): string =>
    `postgres://${user}:${password}@${server.host}:${server.port}/${name}`;
  const create = async (name: string, isMigrated: boolean): Promise<string> => {
    await execute(urlOf('postgres'), `create database ${name}`);
    if (isMigrated) assert.equal((await runHere(['migrate'], { KEYTURN_DATABASE_URL: urlOf(name) })).code, 0);
    return urlOf(name);
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-doctor-'));
    server = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), log: () => {} });
    await create('ready', true);
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('finds a good one good, and needs no data folder', async () => {
    const findings = await look(urlOf('ready'));
    assert.deepEqual(findings.filter(({ state }) => state !== 'good'), []);
    assert.match(linesOf(findings, 'folder').join(), /^good: no data folder is needed/);
    oneLine(findings, 'database', new RegExp(`PostgreSQL 18\\S* answers at 127\\.0\\.0\\.1:${server.port}/ready as keyturn$`));
    oneLine(findings, 'database', /it has all migrations/);
    oneLine(findings, 'database', /keyturn has all rights/);
    oneLine(findings, 'database', /fsync on, synchronous_commit on/);
    oneLine(findings, 'database', /\d+ of 97 connections are in use/);
    assert.ok(!JSON.stringify(findings).includes(server.password) && !JSON.stringify(findings).includes(OPERATOR_TOKEN));
  });

  it('leaves no connection behind', async () => {
    await create('looked_at', true);
    await look(urlOf('looked_at'));
    await execute(urlOf('postgres'), 'drop database looked_at');
  });

  it('says why one does not let it in, and never the password', async () => {
    const cases = [
      ['postgres://me:hush-hush@127.0.0.1:1/x', /^bad: PostgreSQL at 127\.0\.0\.1:1\/x does not answer: .* - start it, .*KEYTURN_DATABASE_URL$/],
      [urlOf('ready', 'keyturn', 'hush-hush'), /^bad: .* refuses to let keyturn in: password .* - correct the user and the password in KEYTURN_DATABASE_URL/],
      [urlOf('nowhere'), /^bad: .* "nowhere" does not exist - make it with create database "nowhere"/],
    ] as const;
    for (const [url, pattern] of cases) {
      const findings = await look(url);
      assert.match(linesOf(findings, 'database').join('\n'), pattern);
      assert.match(linesOf(findings, 'clock').join('\n'), /^warning: not compared: there is no database/);
      assert.ok(!JSON.stringify(findings).includes('hush-hush') && !JSON.stringify(findings).includes(server.password));
    }
  });

  it('names pending migrations and does not run them', async () => {
    const url = await create('empty', false);
    const pending = new RegExp(`^warning: it lacks the migrations of this version: ${MIGRATION} - run keyturn migrate`);
    oneLine(await look(url), 'database', pending);
    oneLine(await look(url), 'database', pending);
    assert.equal((await runHere(['migrate'], { KEYTURN_DATABASE_URL: url })).code, 0);
    oneLine(await look(url), 'database', /^good: it has all migrations/);
  });

  it('knows the database of a newer version', async () => {
    const url = await create('newer', true);
    await execute(url, `insert into keyturn_migration (name) values ('9999')`);
    oneLine(await look(url), 'database', /^bad: it was made by a newer Keyturn: .* migration 9999 - run that version, or restore a backup/);
  });

  it('names the rights that a role lacks', async () => {
    const url = await create('guarded', true);
    await execute(url, `create role guest login password 'hush-hush'; grant select on keyturn_migration to guest; grant select, insert on device to guest`);
    const guest = urlOf('guarded', 'guest', 'hush-hush');
    const line = oneLine(await look(guest), 'database', /guest lacks rights/);
    assert.match(line, /^bad: .*: select on project, insert on project, update on device, delete on device, .*usage on device_record_seq - .*grant/);
    await execute(url, 'revoke all on keyturn_migration from guest');
    oneLine(await look(guest), 'database', /^bad: it answers, but cannot be looked at: permission denied .* - as the owner of the database grant/);
    await execute(url, 'grant all on all tables in schema public to guest; grant all on all sequences in schema public to guest');
    oneLine(await look(guest), 'database', /^good: guest has all rights/);
    const fresh = urlOf('empty_for_guest', 'guest', 'hush-hush');
    await create('empty_for_guest', false);
    oneLine(await look(fresh), 'database', /^bad: guest lacks rights: create on schema public - /);
  });

  it('sees that a server loses or refuses what is written', async () => {
    const url = await create('careless', true);
    await execute(url, 'alter database careless set synchronous_commit = off; alter database careless set default_transaction_read_only = on');
    const findings = await look(url);
    oneLine(findings, 'database', /^bad: synchronous_commit off: a rotation that was acknowledged can be lost.* - set synchronous_commit to on/);
    oneLine(findings, 'database', /^bad: its transactions only read - set default_transaction_read_only to off/);
  });

  it('sees another encoding', async () => {
    await execute(urlOf('postgres'), `create database latin encoding 'LATIN1' template template0`);
    oneLine(await look(urlOf('latin')), 'database', /^bad: its encoding is LATIN1 - make a database with .*'UTF8'/);
  });

  it('compares the clocks', async () => {
    const environment = { ...FREE, KEYTURN_DATABASE_URL: urlOf('ready'), KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS };
    const compare = async (offset: number): Promise<string> => {
      const clock = new TestClock();
      clock.advance(offset);
      return linesOf(await examine(environment, clock), 'clock').join('\n');
    };
    assert.match(await compare(0), /^good: this machine's clock is 0\.\d+ s .*\(round trip \d+\.\d ms\)$/);
    assert.match(await compare(2_500), /^warning: this machine's clock is 2\.\d+ s ahead of the database's .* - set both clocks by NTP/);
    assert.match(await compare(-3_500), /^warning: .* 3\.\d+ s behind the database's .* - set both clocks by NTP/);
    assert.match(await compare(60_000), /^bad: .* (?:59|60)\.\d+ s ahead of .* - set both clocks by NTP/);
  });
});

describe('doctor judges databases that a test cannot have', () => {
  const GOOD: Inspection = {
    versionNumber: 180_004, version: '18.4', user: 'me', encoding: 'UTF8', isInRecovery: false, isReadOnly: false, fsync: 'on',
    synchronousCommit: 'on', connectionsUsed: 77, connectionsMost: 97, pending: [], unknown: [], missingRights: [],
  };
  const cases: readonly (readonly [name: string, change: Partial<Inspection>, line: RegExp])[] = [
    ['too old', { versionNumber: 140_012, version: '14.12' }, /^bad: PostgreSQL 14\.12 .* too old - upgrade the server to PostgreSQL 15 or newer$/],
    ['a standby', { isInRecovery: true, isReadOnly: true }, /^bad: it is in recovery: .* - name the primary/],
    ['without fsync', { fsync: 'off' }, /^bad: fsync off: .* - set fsync to on/],
    ['almost full', { connectionsUsed: 78 }, /^warning: 78 of 97 connections are in use - raise max_connections/],
  ];

  it('good', () => {
    assert.deepEqual(judgeDatabase(GOOD, 'here').filter(({ state }) => state !== 'good'), []);
    assert.deepEqual(judgeDatabase({ ...GOOD, versionNumber: 150_000 }, 'here').filter(({ state }) => state !== 'good'), []);
  });

  for (const [name, change, line] of cases) {
    it(name, () => {
      const findings = judgeDatabase({ ...GOOD, ...change }, 'here').filter(({ state }) => state !== 'good');
      assert.equal(findings.length, 1);
      oneLine(findings, 'database', line);
    });
  }
});
