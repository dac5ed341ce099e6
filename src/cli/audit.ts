import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { DEFAULT_LIMIT, parseLimit } from './limit.ts';
import { readList } from './list.ts';
import { printJson, printTable } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep, wrap } from './table.ts';

const COLUMNS = [wrap('occurred_at'), wrap('action'), wrap('actor'), wrap('project_id'), keep('device_id'), keep('identity'), wrap('request_id'), wrap('details')];

interface ListOptions extends RemoteOptions {
  readonly device?: string;
  readonly identity?: string;
  readonly limit: number;
}

/** Adds `audit` with its subcommand. */
export function addAuditCommands(program: Command, context: Context): void {
  const audit = program.command('audit').description('read the record of all changes');
  examples(audit, ['keyturn audit list']);
  const command = remote(audit.command('list').description('list what was changed, newest first'))
    .option('--device <ID>', 'only changes of this device')
    .option('--identity <PK>', 'only changes of this identity key')
    .option('--limit <N>', 'how many of the newest', parseLimit, DEFAULT_LIMIT)
    .action(async ({ device = '', identity = '', limit, ...options }: ListOptions) => {
      using client = await openClient(context, options);
      const { document, rows } = await readList('audit_events', limit, (page) =>
        client.ask(client.operator.listAuditEvents, { deviceId: device, identity, ...page }),
      );
      if (options.json) printJson(context, document);
      else printTable(context, rows, COLUMNS, 'audit events');
    });
  examples(command, ['keyturn audit list', 'keyturn audit list --device pump-7 --limit 1000 --json']);
}
