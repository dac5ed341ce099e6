import type { Command } from 'commander';
import type { Environment } from '../config/index.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { printJson } from './print.ts';
import { showWaiting } from './progress.ts';

/** What a migration has done. */
interface Migration {
  readonly store: 'embedded' | 'postgres';
  /** The names of the migrations that were run, in order. */
  readonly migrations: readonly string[];
}

/** The settings ask for a token beside a database of one's own, and for the files of TLS; a migration serves nobody. */
const UNUSED_TOKEN = 'not-used-by-migrate';
const UNUSED_KEYS = `unused:${Buffer.alloc(32).toString('base64')}`;
const NO_TLS = { KEYTURN_TLS_CERT: '', KEYTURN_TLS_KEY: '', KEYTURN_TLS_CLIENT_CA: '' };

/** Adds `migrate`. */
export function addMigrateCommand(program: Command, context: Context): void {
  const command = program
    .command('migrate')
    .description('bring the schema of the database up to this version; serve does so too when it starts')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { json?: true }) => {
      const { store, migrations } = await showWaiting(context, json === true, 'migrating', migrate(context.environment));
      if (json) printJson(context, { store, migrations: [...migrations] });
      else context.stdout.write(`${describe(store, migrations)}\n`);
    });
  examples(command, ['keyturn migrate', 'KEYTURN_DATABASE_URL=postgres://keyturn:secret@db:5432/keyturn keyturn migrate --json']);
}

async function migrate(environment: Environment): Promise<Migration> {
  // Loaded here, because the other commands need nothing of the service.
  const { readConfig } = await import('../config/index.ts');
  const config = readConfig({ KEYTURN_OPERATOR_TOKEN: UNUSED_TOKEN, KEYTURN_MASTER_KEYS: UNUSED_KEYS, ...environment, ...NO_TLS });
  const { openStore } = await import('../store.ts');
  const { createLog } = await import('../log.ts');
  await using store = await openStore(config, createLog('silent'));
  return { store: store.kind, migrations: store.migrations };
}

function describe(store: Migration['store'], migrations: readonly string[]): string {
  const which = store === 'embedded' ? 'the embedded database' : 'the database of KEYTURN_DATABASE_URL';
  return migrations.length === 0 ? `${which} is up to date, nothing was changed` : `${which} was migrated: ${migrations.join(', ')}`;
}
