import type { Command } from 'commander';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { readList } from './list.ts';
import { printJson, printRecord, printTable } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep, wrap } from './table.ts';

interface AddOptions extends RemoteOptions {
  readonly project: string;
  readonly action?: string[];
}

const COLUMNS = [keep('access_key'), keep('project_id'), wrap('actions'), wrap('created_at')];

/** Adds `access-key` with its subcommands. */
export function addAccessKeyCommands(program: Command, context: Context): void {
  const accessKey = program.command('access-key').description('create, list and remove the keys with which applications sign their requests and gateways check devices');
  examples(accessKey, ['keyturn access-key add --project plant-3', 'keyturn access-key list']);
  addAdd(accessKey, context);
  addList(accessKey, context);
  addRemove(accessKey, context);
}

function addAdd(accessKey: Command, context: Context): void {
  const command = remote(accessKey.command('add').description('create an access key; its secret key is shown only now'))
    .option('--project <ID>', 'the project it may act in', 'default')
    .option('--action <WORD...>', 'what it may do, such as iotda:devices:resetSecret, keyturn:devices:verifyJwt or keyturn:devices:getKeySet (default: everything)')
    .action(async ({ project: projectId, action: actions = [], ...options }: AddOptions) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.createAccessKey, { projectId, actions });
      if (options.json) return printJson(context, answer);
      printRecord(context, answer);
      context.stderr.write('the secret key is shown only this once\n');
    });
  examples(command, [
    'keyturn access-key add',
    'keyturn access-key add --project plant-3 --action iotda:devices:query iotda:devices:resetSecret',
    'keyturn access-key add --action keyturn:devices:getKeySet --json > access_key.json',
  ]);
}

function addList(accessKey: Command, context: Context): void {
  const command = remote(accessKey.command('list').description('list all access keys in their order, without their secret keys'))
    .option('--project <ID>', 'only access keys of this project')
    .action(async ({ project = '', ...options }: RemoteOptions & { project?: string }) => {
      using client = await openClient(context, options);
      const { document, rows } = await readList('access_keys', Infinity, (page) =>
        client.ask(client.operator.listAccessKeys, { projectId: project, ...page }),
      );
      if (options.json) printJson(context, document);
      else printTable(context, rows, COLUMNS, 'access keys');
    });
  examples(command, ['keyturn access-key list', 'keyturn access-key list --project plant-3']);
}

function addRemove(accessKey: Command, context: Context): void {
  const command = remote(accessKey.command('remove').description('remove an access key: nothing that is signed with it is accepted any more').argument('<access_key>', 'as keyturn access-key list shows it'))
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (name: string, options: RemoteOptions & { yes?: true }) => {
      if (!options.yes) await confirm(context, `Remove access key ${name} for good?`);
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.deleteAccessKey, { accessKey: name });
      if (options.json) printJson(context, answer);
      else context.stdout.write(`removed ${name}\n`);
    });
  examples(command, ['keyturn access-key remove 4PDNCTVYZ4Q2JWPHW8AX', 'keyturn access-key remove 4PDNCTVYZ4Q2JWPHW8AX --yes']);
}
