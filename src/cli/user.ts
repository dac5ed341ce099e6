import type { Command } from 'commander';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { readList } from './list.ts';
import { readPassword } from './password.ts';
import { printJson, printRecord, printTable } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep, wrap } from './table.ts';

interface AddOptions extends RemoteOptions {
  readonly domain: string;
  readonly project: string;
  readonly action?: string[];
  readonly passwordFile?: string;
}

const COLUMNS = [keep('user_id'), wrap('name'), wrap('domain'), keep('project_id'), wrap('actions'), keep('disabled'), wrap('created_at')];
const PASSWORD_FILE = ['--password-file <FILE>', 'file with the password, 8 to 1024 characters; - reads it from stdin (default: it is asked for)'] as const;

/** Adds `user` with its subcommands. */
export function addUserCommands(program: Command, context: Context): void {
  const user = program.command('user').description('create, disable and remove users, who get tokens by a password');
  examples(user, ['keyturn user add ann --domain acme --password-file password.txt', 'keyturn user list']);
  addAdd(user, context);
  addList(user, context);
  addPassword(user, context);
  addOne(user, context, { name: 'disable', description: 'end all tokens of a user, who gets no more until it is enabled', call: 'disableUser' });
  addOne(user, context, { name: 'enable', description: 'let a disabled user have tokens again', call: 'enableUser' });
  addRemove(user, context);
}

function addAdd(user: Command, context: Context): void {
  const command = remote(user.command('add').description('create a user').argument('<name>', 'unique in its domain'))
    .requiredOption('--domain <NAME>', 'the domain (account) it belongs to')
    .option('--project <ID>', 'the project it may act in', 'default')
    .option('--action <WORD...>', 'what it may do, such as iotda:devices:resetSecret (default: everything)')
    .option(...PASSWORD_FILE)
    .action(async (name: string, { domain, project: projectId, action: actions = [], passwordFile, ...options }: AddOptions) => {
      const password = await readPassword(context, passwordFile);
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.createUser, { name, domain, password, projectId, actions });
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    });
  examples(command, ['keyturn user add ann --domain acme', 'keyturn user add ann --domain acme --project plant-3 --password-file password.txt']);
}

function addList(user: Command, context: Context): void {
  const command = remote(user.command('list').description('list all users in the order of their ids'))
    .option('--project <ID>', 'only users of this project')
    .action(async ({ project = '', ...options }: RemoteOptions & { project?: string }) => {
      using client = await openClient(context, options);
      const { document, rows } = await readList('users', Infinity, (page) =>
        client.ask(client.operator.listUsers, { projectId: project, ...page }),
      );
      if (options.json) printJson(context, document);
      else printTable(context, rows, COLUMNS, 'users');
    });
  examples(command, ['keyturn user list', 'keyturn user list --project plant-3 --json']);
}

function addPassword(user: Command, context: Context): void {
  const command = remote(user.command('password').description('change the password of a user and end all its tokens').argument('<user_id>', 'as keyturn user list shows it'))
    .option(...PASSWORD_FILE)
    .action(async (userId: string, { passwordFile, ...options }: RemoteOptions & { passwordFile?: string }) => {
      const password = await readPassword(context, passwordFile);
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.setUserPassword, { userId, password });
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    });
  examples(command, ['keyturn user password 0123456789abcdef0123456789abcdef --password-file password.txt']);
}

type UserCall = 'disableUser' | 'enableUser';

/** A command that takes a user's id and answers with the user. */
function addOne(user: Command, context: Context, { name, description, call }: { name: string; description: string; call: UserCall }): void {
  const command = remote(user.command(name).description(description).argument('<user_id>', 'as keyturn user list shows it')).action(
    async (userId: string, options: RemoteOptions) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator[call], { userId });
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    },
  );
  examples(command, [`keyturn user ${name} 0123456789abcdef0123456789abcdef`]);
}

function addRemove(user: Command, context: Context): void {
  const command = remote(user.command('remove').description('remove a user with all its tokens').argument('<user_id>', 'as keyturn user list shows it'))
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (userId: string, options: RemoteOptions & { yes?: true }) => {
      if (!options.yes) await confirm(context, `Remove user ${userId} for good?`);
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.deleteUser, { userId });
      if (options.json) printJson(context, answer);
      else context.stdout.write(`removed ${userId}\n`);
    });
  examples(command, ['keyturn user remove 0123456789abcdef0123456789abcdef', 'keyturn user remove 0123456789abcdef0123456789abcdef --yes']);
}
