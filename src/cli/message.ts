import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { DEFAULT_LIMIT, parseLimit } from './limit.ts';
import { readList } from './list.ts';
import { printJson, printTable } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep, wrap } from './table.ts';

/** What can be long comes last, so that it makes no other line longer. */
const COLUMNS = [wrap('created_at'), keep('channel'), keep('state'), keep('attempts'), wrap('last_error'), keep('recipient'), wrap('body')];

interface ListOptions extends RemoteOptions {
  readonly recipient?: string;
  readonly limit: number;
}

/** Adds `message` with its subcommand. */
export function addMessageCommands(program: Command, context: Context): void {
  const message = program.command('message').description('see the messages that carry codes and logins');
  examples(message, ['keyturn message list']);
  const list = message.command('list').description(
    'list messages of the last day, newest first. Shows codes: as long as a channel has no sender, what its waiting messages say is shown, so that you can hand it over. Each look is in the audit trail',
  );
  const command = remote(list)
    .option('--recipient <TEXT>', 'only those to this e-mail address, phone number or device token')
    .option('--limit <N>', 'how many of the newest', parseLimit, DEFAULT_LIMIT)
    .action(async ({ recipient = '', limit, ...options }: ListOptions) => {
      using client = await openClient(context, options);
      const { document, rows } = await readList('messages', limit, (page) => client.ask(client.operator.listMessages, { recipient, ...page }));
      if (options.json) printJson(context, document);
      else printTable(context, rows, COLUMNS, 'messages');
    });
  examples(command, ['keyturn message list', 'keyturn message list --recipient ann@example.com --json']);
}
