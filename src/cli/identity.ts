import type { Command } from 'commander';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { printJson, printRecord } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';

const EXAMPLE = 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U';

/** Adds `identity` with its subcommands. */
export function addIdentityCommands(program: Command, context: Context): void {
  const identity = program.command('identity').description('show and revoke identity keys, which people prove addresses with');
  examples(identity, [`keyturn identity show ${EXAMPLE}`]);
  addShow(identity, context);
  addRevoke(identity, context);
}

function addShow(identity: Command, context: Context): void {
  const description = 'show an identity key; which addresses it holds is not stored, only whether it holds some';
  const command = remote(identity.command('show').description(description).argument('<pk>', '43 characters of base64url')).action(
    (pk: string, options: RemoteOptions) => ask(context, options, 'getIdentity', pk),
  );
  examples(command, [`keyturn identity show ${EXAMPLE}`, `keyturn identity show ${EXAMPLE} --json`]);
}

function addRevoke(identity: Command, context: Context): void {
  const description = 'revoke an identity key for good; its addresses are free, its jobs and messages are gone';
  const command = remote(identity.command('revoke').description(description).argument('<pk>', '43 characters of base64url'))
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (pk: string, options: RemoteOptions & { yes?: true }) => {
      if (!options.yes) await confirm(context, `Revoke identity key ${pk} for good? It can never be registered again.`);
      await ask(context, options, 'revokeIdentity', pk);
    });
  examples(command, [`keyturn identity revoke ${EXAMPLE}`, `keyturn identity revoke ${EXAMPLE} --yes`]);
}

/** Makes a call that answers with the key, and prints that. */
async function ask(context: Context, options: RemoteOptions, method: 'getIdentity' | 'revokeIdentity', pk: string): Promise<void> {
  using client = await openClient(context, options);
  const answer = await client.ask(client.operator[method], { pk });
  if (options.json) printJson(context, answer);
  else printRecord(context, answer);
}
