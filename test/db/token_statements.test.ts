import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, it } from 'mocha';
import type { QueryResultRow } from 'pg';
import type { Run, Statement } from '../../src/db/database.ts';
import { DeviceJwtStore } from '../../src/db/device_jwt.ts';
import { DeviceKeySetStore } from '../../src/db/device_key_set.ts';
import { DeviceTokenStore } from '../../src/db/device_token.ts';
import type { RenewableToken } from '../../src/db/device_token.ts';
import { expiryJobs } from '../../src/db/expiry.ts';
import { jtiClearing } from '../../src/db/jti_clearing.ts';
import { connect } from '../support/postgres.ts';
import { withAskedDatabase } from './fixtures/asked_database.ts';
import { firstToken, issued, newSpent, newToken } from './fixtures/device_tokens.ts';
import { assertIndexed } from './fixtures/plans.ts';
import { ORIGIN, SCOPES, addDevice, rowsOf } from './fixtures/rotations.ts';
import type { Key } from './fixtures/rotations.ts';

const HUSH = 'hush-0123456789';
const MOST = 24;
/** Rows of each kind that a fleet has and nobody asks for here. */
const FLEET = 200_000;
/** A scan of a whole table of the fleet's would touch thousands. */
const MOST_PAGES = 200;

/** A fleet as it is after a while: devices with a key, one used jti, one token and one chain each. */
const FILL = [
  `insert into device (device_id, project_id, node_id, product_id, state, updates_allowed, scopes, current_key, created_at, updated_at, record_id)
    select 'fleet-' || g, 'default', '', '', 'ACTIVE', true, '{}', lpad(g::text, 64, '0'), now(), now(), decode(lpad(to_hex(g), 24, 'f'), 'hex') from generate_series(1, ${FLEET}) g`,
  `insert into public_key (thumbprint, device_id, state, kind, spki, activated_at, retired_at)
    select lpad(g::text, 64, '0'), 'fleet-' || g, case when g % 2 = 0 then 'CURRENT' else 'RETIRED' end, 'P-256', '\\x00', now(), case when g % 2 = 1 then now() + interval '10 years' end from generate_series(1, ${FLEET}) g`,
  `insert into used_jti (device_id, jti, thumbprint, used_at) select 'fleet-' || g, md5(g::text), lpad(g::text, 64, '0'), now() from generate_series(1, ${FLEET}) g`,
  `insert into device_token_chain (chain_id, device_id, scopes, renewals, expires_at) select md5(g::text)::uuid, 'fleet-' || g, '{}', 0, now() + interval '10 years' from generate_series(1, ${FLEET}) g`,
  `insert into device_token (token_sha256, device_id, issued_at, expires_at, chain_id) select sha256(g::text::bytea), 'fleet-' || g, now(), now() + interval '10 years', md5(g::text)::uuid from generate_series(1, ${FLEET}) g`,
  'analyze',
];

describe('statements on tokens, JWTs and key sets of devices', function () {
  this.timeout(60_000);
  const own = withAskedDatabase(4);
  const { asked, run } = own;
  const [tokens, jwts, keySets] = [new DeviceTokenStore(run), new DeviceJwtStore(run), new DeviceKeySetStore(run)];
  let key: Key;
  let earlier: RenewableToken;
  before(async () => {
    key = await addDevice(own.database, HUSH, true, [...SCOPES, HUSH]);
    earlier = await issued(tokens, HUSH, key, firstToken({ scopes: [HUSH] }));
  });
  const jobOf = (name: string): ReturnType<typeof expiryJobs>[number] => [...expiryJobs(run), jtiClearing(run)].find((job) => job.name === name) ?? assert.fail(name);
  const names = async (work: () => Promise<unknown>): Promise<string[]> => {
    asked.length = 0;
    await work();
    return asked.map((statement) => statement.name);
  };

  /** The statements that each work asks for, and what it resolves to. */
  const WORK: readonly (readonly [name: string, statements: readonly string[], work: () => Promise<unknown>, outcome?: unknown])[] = [
    ['the check of a JWT', ['device_jwt_read'], () => jwts.read(HUSH, HUSH)],
    ['a JWT that is spent', ['device_jwt_spend'], () => jwts.spend(newSpent(HUSH, key), ORIGIN), 'spent'],
    ['a token that is issued', ['device_token_issue'], () => tokens.issue(newSpent(HUSH, key), firstToken({ scopes: [HUSH] }), ORIGIN), 'spent'],
    ['an introspection', ['device_token_find'], () => tokens.find(earlier.tokenSha256, ORIGIN.at)],
    ['the check of an earlier token', ['device_token_find_renewable'], () => tokens.findRenewable(earlier.tokenSha256, ORIGIN.at), undefined],
    ['a renewal', ['device_token_renew'], () => tokens.renew(earlier, newToken({ scopes: [HUSH] }), MOST, ORIGIN), 'renewed'],
    ['a key set', ['device_key_set_current'], () => keySets.readCurrent(HUSH, undefined)],
    ['tokens that have expired', ['device_token_expiry'], () => jobOf('device_token_expiry').run(new Date(0)), 0],
    ['chains that have expired', ['device_token_chain_expiry'], () => jobOf('device_token_chain_expiry').run(new Date(0)), 0],
    ['what dead keys have signed', ['used_jti_clear'], () => jobOf('used_jti_clear').run(new Date(0)), 0],
  ];
  for (const [name, statements, work, outcome] of WORK) {
    it(`read each table by an index, prepared by name and without a value, for ${name}`, async () => {
      asked.length = 0;
      const result = await work();
      if (outcome !== undefined) assert.deepEqual(result, outcome);
      assert.deepEqual(asked.map((statement) => statement.name), statements);
      for (const { text } of asked) {
        assert.ok(!text.includes(HUSH));
        await assertIndexed(own.url, text, true);
      }
    });
  }

  it('read by an index what became of a call whose connection was lost', async () => {
    for (const text of ['select from device_token where token_sha256 = $1', 'select from used_jti where device_id = $1 and jti = $2 and verification_id = $3']) await assertIndexed(own.url, text, true);
  });

  it('ask the same of a device that there is and of one that there is not', async () => {
    for (const deviceId of [HUSH, 'nobody']) {
      assert.deepEqual(await names(() => jwts.read(deviceId, 'a')), ['device_jwt_read']);
      assert.deepEqual(await names(() => jwts.spend(newSpent(deviceId, key), ORIGIN)), ['device_jwt_spend']);
      assert.deepEqual(await names(() => tokens.issue(newSpent(deviceId, key), firstToken(), ORIGIN)), ['device_token_issue']);
      assert.deepEqual(await names(() => tokens.renew({ ...earlier, deviceId }, newToken(), MOST, ORIGIN)), ['device_token_renew']);
      assert.deepEqual(await names(() => keySets.readCurrent(deviceId, undefined)), ['device_key_set_current']);
      assert.deepEqual(await names(() => keySets.readAll(deviceId, undefined, 100)), ['device_key_set_all']);
    }
    for (const tokenSha256 of [earlier.tokenSha256, randomBytes(32)]) {
      assert.deepEqual(await names(() => tokens.find(tokenSha256, ORIGIN.at)), ['device_token_find']);
      assert.deepEqual(await names(() => tokens.findRenewable(tokenSha256, ORIGIN.at)), ['device_token_find_renewable']);
    }
  });

  it('change nothing where a condition of theirs does not hold any more', async () => {
    const content = async (): Promise<unknown> => rowsOf(own.url, `select (select json_agg(t order by token_sha256) from device_token t) as tokens, (select json_agg(c order by chain_id) from device_token_chain c) as chains,
      (select count(*) from used_jti) as jtis, (select count(*) from audit_event) as audits`);
    const used = newSpent(HUSH, key);
    assert.equal(await jwts.spend(used, ORIGIN), 'spent');
    await addDevice(own.database, 'frozen');
    await rowsOf(own.url, `update device set state = 'FROZEN' where device_id = 'frozen'`);
    const untouched = await content();
    for (const [spent, outcome] of [
      [used, 'jti_used'], [newSpent(HUSH, { thumbprint: 'another' }), 'overtaken'], [newSpent('nobody', key), 'overtaken'], [newSpent('frozen', key), 'overtaken'],
    ] as const) {
      assert.equal(await jwts.spend(spent, ORIGIN), outcome);
      assert.equal(await tokens.issue(spent, firstToken(), ORIGIN), outcome);
    }
    const end = { ...ORIGIN, at: earlier.expiresAt };
    assert.equal(await tokens.renew(earlier, newToken(), MOST, end), 'ended');
    assert.equal(await tokens.renew({ ...earlier, deviceId: 'nobody' }, newToken(), MOST, ORIGIN), 'ended');
    assert.equal(await tokens.renew({ ...earlier, tokenSha256: randomBytes(32) }, newToken(), MOST, ORIGIN), 'ended');
    assert.equal(await tokens.renew(earlier, newToken(), 0, ORIGIN), 'exhausted');
    assert.equal(await tokens.find(earlier.tokenSha256, earlier.expiresAt), undefined);
    assert.equal(await tokens.findRenewable(earlier.tokenSha256, earlier.expiresAt), undefined);
    assert.deepEqual(await content(), untouched);
  });

  it(`touch no more of tables with ${FLEET} rows each than of small ones`, async () => {
    for (const text of FILL) await rowsOf(own.url, text);
    const client = await connect(own.url);
    try {
      const pages = new Map<string, number>();
      /** Runs a statement, tells how many pages it has touched, and takes it back. */
      const measure: Run = async <Row extends QueryResultRow>({ name, text }: Statement, values: readonly unknown[]): Promise<Row[]> => {
        await client.query('begin');
        const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (analyze, buffers, format json) ${text}`, [...values]);
        await client.query('rollback');
        const { Plan: plan } = rows[0]?.['QUERY PLAN'][0] ?? assert.fail(name);
        pages.set(name, plan['Shared Hit Blocks'] + plan['Shared Read Blocks']);
        return [];
      };
      const [measured, checks] = [new DeviceTokenStore(measure), new DeviceJwtStore(measure)];
      await checks.read(HUSH, 'a');
      await checks.spend(newSpent(HUSH, key), ORIGIN);
      await measured.issue(newSpent(HUSH, key), firstToken(), ORIGIN);
      await measured.find(earlier.tokenSha256, ORIGIN.at);
      await measured.findRenewable(earlier.tokenSha256, ORIGIN.at);
      await measured.renew(earlier, newToken(), MOST, ORIGIN);
      await new DeviceKeySetStore(measure).readCurrent(HUSH, undefined);
      await new DeviceKeySetStore(measure).readAll(HUSH, undefined, 100);
      for (const job of [...expiryJobs(measure), jtiClearing(measure)].filter(({ name }) => /device_token|jti/.test(name))) await job.run(new Date(0));
      assert.equal(pages.size, 11);
      assert.deepEqual([...pages].filter(([, touched]) => touched > MOST_PAGES), []);
    } finally {
      await client.end();
    }
  });
});

interface Plan {
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
}
