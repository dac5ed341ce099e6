import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { AuditEventStore } from '../../src/db/audit_event.ts';
import type { Database } from '../../src/db/database.ts';
import { DeviceStore } from '../../src/db/device.ts';
import { ProjectStore } from '../../src/db/project.ts';
import { RotationStore } from '../../src/db/rotation.ts';
import { connect, createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';
import type { Asked, PostgresProxy } from './fixtures/postgres_proxy.ts';
import { ORIGIN, addDevice, newKey, newRotation, openDatabase } from './fixtures/rotations.ts';

const QUERY = /^\s*(?:select|with|update|delete)\b/i;
const TABLES = new Set([
  'access_key', 'audit_event', 'device', 'device_secret', 'device_token', 'iam_token', 'iam_user', 'idempotency_record', 'outbox',
  'product', 'project', 'public_key', 'rotation', 'used_jti', 'used_signature',
]);

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly Plan[];
}

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
    ['device_remove', true, () => devices().remove('nobody', ORIGIN)],
    ['the project list', false, () => new ProjectStore(database).list(undefined, 50)],
    ['the audit list', true, () => new AuditEventStore(database.run).list(undefined, undefined, 50)],
    ['the audit list of a device', true, () => new AuditEventStore(database.run).list('planned', undefined, 50)],
    ['a later page of the audit list of a device', true, () => new AuditEventStore(database.run).list('planned', { xact: '9', eventId: '9' }, 50)],
  ];

  for (const [name, keyed, work] of QUERIES) {
    it(`use an index for ${name}`, async () => {
      const asked = await askedBy(work);
      for (const { kind, name: statement, text } of asked) if (kind === 'parse') prepared.set(statement, text);
      const texts = new Set(asked.map(({ name: statement, text }) => text || (prepared.get(statement) ?? '')).filter((text) => QUERY.test(text)));
      assert.ok(texts.size > 0, 'nothing was asked');
      for (const text of texts) {
        const nodes = await planOf(own.url, text);
        const scans = nodes.filter((node) => TABLES.has(node['Relation Name'] ?? '') && /Scan/.test(node['Node Type']));
        assert.ok(scans.length > 0, text);
        for (const scan of scans) {
          const said = `${scan['Node Type']} on ${scan['Relation Name']} in ${text}`;
          assert.match(scan['Node Type'], /^Index (?:Only )?Scan$/, said);
          if (keyed) assert.ok(scan['Index Cond'] !== undefined, said);
        }
        assert.deepEqual(nodes.filter((node) => /Sort/.test(node['Node Type'])), [], `the index has the order of ${text}`);
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

  it('hold no value in their text, whatever the store', async () => {
    const hush = 'hush-0123456789';
    const asked = await askedBy(async () => {
      await devices().create(
        { deviceId: hush, projectId: 'default', nodeId: hush, productId: hush, scopes: [hush], updatesAllowed: true, key: newKey(), secret: undefined },
        ORIGIN,
      );
      await devices().setState(hush, 'FROZEN', ORIGIN);
      await devices().remove(hush, ORIGIN);
      await new ProjectStore(database).create(hush, hush, ORIGIN);
      await new AuditEventStore(database.run).list(hush, undefined, 10);
    });
    assert.ok(asked.length > 4);
    assert.deepEqual(asked.filter(({ text }) => text.includes(hush)), []);
  });
});

/** All nodes of the plan that the server makes for any parameters, on tables too small for an index to pay. */
async function planOf(url: string, text: string): Promise<Plan[]> {
  const client = await connect(url);
  try {
    await client.query('set enable_seqscan = off; set enable_sort = off; set enable_bitmapscan = off; set plan_cache_mode = force_generic_plan');
    await client.query(`prepare planned as ${text}`);
    const count = Math.max(0, ...[...text.matchAll(/\$([0-9]+)/g)].map((match) => Number(match[1])));
    const nulls = count === 0 ? '' : `(${Array.from({ length: count }, () => 'null').join(', ')})`;
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (format json) execute planned${nulls}`);
    const nodes: Plan[] = [];
    const add = (plan: Plan): void => {
      nodes.push(plan);
      plan.Plans?.forEach(add);
    };
    add(rows[0]?.['QUERY PLAN'][0].Plan ?? assert.fail('no plan'));
    return nodes;
  } finally {
    await client.end();
  }
}
