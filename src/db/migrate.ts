import type { MikroORM } from '@mikro-orm/postgresql';
import type { Pool } from 'pg';
import { migrationsList } from './migrations/index.ts';

/** Two nodes that start at once migrate one after the other. The number is arbitrary and fixed. */
const MIGRATION_LOCK = 7_205_511_009;

export const migrationOptions = {
  migrationsList,
  tableName: 'keyturn_migration',
  snapshot: false,
  snapshotOnMigrate: false,
  // All pending migrations are one transaction, which `migrate` opens: a failure leaves nothing half done.
  transactional: true,
  allOrNothing: true,
  disableForeignKeys: false,
};

/**
 * Runs the pending migrations and returns their names. Throws if one fails, in
 * which case none has taken effect, or if the database has migrations that this
 * version does not know.
 */
export async function migrate(orm: MikroORM, pool: Pool): Promise<string[]> {
  const client = await pool.connect();
  try {
    await client.query('set lock_timeout = 0; set statement_timeout = 0');
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await refuseNewer(orm);
    return await orm.em.transactional(async (em) => {
      // An index on a large table takes longer than any call may.
      await em.execute('set local lock_timeout = 0; set local statement_timeout = 0');
      const done = await orm.migrator.up({ transaction: em.getTransactionContext() });
      return done.map((migration) => migration.name);
    });
  } finally {
    // Ends the session, and with it the lock and the settings.
    client.release(true);
  }
}

async function refuseNewer(orm: MikroORM): Promise<void> {
  const known = new Set(migrationsList.map((migration) => migration.name));
  const executed = await orm.migrator.getExecuted();
  const unknown = executed.map((row) => row.name).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new Error(
      `the database was made by a newer Keyturn (it has migration ${unknown.join(', ')}); run that version, or restore a backup made before it`,
    );
  }
}
