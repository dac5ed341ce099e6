import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { readList } from './list.ts';
import { printJson, printRecord, printTable } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep, wrap } from './table.ts';

const COLUMNS = [keep('project_id'), wrap('name'), wrap('created_at')];

/** Adds `project` with its subcommands. */
export function addProjectCommands(program: Command, context: Context): void {
  const project = program.command('project').description('create and list projects, which devices belong to');
  examples(project, ["keyturn project add 'Plant 3' --id plant-3", 'keyturn project list']);
  addAdd(project, context);
  addList(project, context);
}

function addAdd(project: Command, context: Context): void {
  const command = remote(project.command('add').description('create a project').argument('<name>', 'a name for people'))
    .option('--id <ID>', '1 to 64 characters of A-Za-z0-9_- (default: 32 random hex characters)')
    .action(async (name: string, { id = '', ...options }: RemoteOptions & { id?: string }) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.createProject, { projectId: id, name });
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    });
  examples(command, ["keyturn project add 'Plant 3' --id plant-3"]);
}

function addList(project: Command, context: Context): void {
  const command = remote(project.command('list').description('list all projects in the order of their ids')).action(
    async (options: RemoteOptions) => {
      using client = await openClient(context, options);
      const { document, rows } = await readList('projects', Infinity, (page) =>
        client.ask(client.operator.listProjects, page),
      );
      if (options.json) printJson(context, document);
      else printTable(context, rows, COLUMNS, 'projects');
    },
  );
  examples(command, ['keyturn project list']);
}
