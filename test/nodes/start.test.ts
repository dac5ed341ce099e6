import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { migrationsList } from '../../src/db/migrations/index.ts';
import { logOf } from '../faults/fixtures/child.ts';
import { Nodes } from './nodes.ts';

describe('two nodes: the first start', () => {
  for (let round = 1; round <= 3; round += 1) {
    it(`both start at once on an empty database, and migrations run once (${round} of 3)`, async () => {
      await using nodes = await Nodes.start();
      const both = [nodes.first, nodes.second];
      for (const { rest } of both) assert.equal((await rest.send({ method: 'GET', target: '/readyz' })).status, 200);
      const names = migrationsList.map(({ name }) => name);
      const { rows } = await nodes.sql.query<{ name: string }>('select name from keyturn_migration order by id');
      assert.deepEqual(rows.map(({ name }) => name), names);
      const logged = both.flatMap(({ child }) => logOf(child)).filter(({ message }) => message === 'migrated');
      assert.deepEqual(logged.map(({ migration }) => migration), names);
    });
  }
});
