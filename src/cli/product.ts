import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { readList } from './list.ts';
import { printJson, printRecord, printTable } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep, wrap } from './table.ts';

interface AddOptions extends RemoteOptions {
  readonly name?: string;
  readonly project?: string;
  readonly protocol?: string;
  readonly nbIot?: boolean;
}

const COLUMNS = [keep('product_id'), keep('project_id'), wrap('name'), keep('protocol_type'), keep('nb_iot'), wrap('created_at')];

/** Adds `product` with its subcommands. */
export function addProductCommands(program: Command, context: Context): void {
  const product = program.command('product').description('create and list products, which devices are instances of');
  examples(product, ['keyturn product add pumps', 'keyturn product list']);
  addAdd(product, context);
  addList(product, context);
}

function addAdd(product: Command, context: Context): void {
  const command = remote(product.command('add').description('create a product').argument('<product_id>', '1 to 36 characters of A-Za-z0-9_-'))
    .option('--name <TEXT>', 'a name for people')
    .option('--project <ID>', 'the project it belongs to (default: default)')
    .option('--protocol <WORD>', 'MQTT, HTTP, CoAP or another word (default: MQTT)')
    .option('--nb-iot', 'secrets of its devices must be hexadecimal')
    .action(async (productId: string, { name = '', project = '', protocol = '', nbIot = false, ...options }: AddOptions) => {
      using client = await openClient(context, options);
      const request = { productId, name, projectId: project, protocolType: protocol, nbIot };
      const answer = await client.ask(client.operator.createProduct, request);
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    });
  examples(command, ['keyturn product add pumps', "keyturn product add meters --name 'Meters' --protocol CoAP --nb-iot"]);
}

function addList(product: Command, context: Context): void {
  const command = remote(product.command('list').description('list all products in the order of their projects and ids'))
    .option('--project <ID>', 'only products of this project')
    .action(async ({ project = '', ...options }: RemoteOptions & { project?: string }) => {
      using client = await openClient(context, options);
      const { document, rows } = await readList('products', Infinity, (page) =>
        client.ask(client.operator.listProducts, { projectId: project, ...page }),
      );
      if (options.json) printJson(context, document);
      else printTable(context, rows, COLUMNS, 'products');
    });
  examples(command, ['keyturn product list', 'keyturn product list --project plant-3']);
}
