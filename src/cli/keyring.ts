import type { Command } from 'commander';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { ExitCode, Failure } from './failure.ts';
import { rowsOf } from './json.ts';
import { printJson, printRecord, printTable, visible } from './print.ts';
import { showProgress, showWaiting } from './progress.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep } from './table.ts';

const COLUMNS = [keep('key_id'), keep('active'), keep('values'), keep('missing')];

/** Adds `keyring` with its subcommands. */
export function addKeyringCommands(program: Command, context: Context): void {
  const keyring = program.command('keyring').description('the master keys, by which stored secrets are encrypted');
  examples(keyring, ['keyturn keyring list', 'keyturn keyring reencrypt']);
  addList(keyring, context);
  addRotate(keyring, context);
  addReencrypt(keyring, context);
}

function addList(keyring: Command, context: Context): void {
  const description = 'list the master keys and how many stored values are encrypted with each; counts them all';
  const command = remote(keyring.command('list').description(description)).action(async (options: RemoteOptions) => {
    using client = await openClient(context, options);
    const answer = await showWaiting(context, options.json === true, 'counting what each key has encrypted', client.ask(client.operator.listMasterKeys, {}));
    if (options.json) printJson(context, answer);
    else printTable(context, rowsOf(answer, 'master_keys'), COLUMNS, 'master keys');
  });
  examples(command, ['keyturn keyring list']);
}

function addRotate(keyring: Command, context: Context): void {
  const description = 'make a new master key, keep it in master.keys of the data folder and encrypt with it from now on';
  const command = remote(keyring.command('rotate').description(description)).action(async (options: RemoteOptions) => {
    using client = await openClient(context, options);
    const answer = await client.ask(client.operator.rotateMasterKey, {});
    if (options.json) {
      printJson(context, answer);
      return;
    }
    printRecord(context, answer);
    context.stderr.write('back up master.keys; then run keyturn keyring reencrypt\n');
  });
  examples(command, ['keyturn keyring rotate']);
}

function addReencrypt(keyring: Command, context: Context): void {
  const description = 'encrypt with the active master key what is encrypted with another one; may be broken off and run again';
  const command = remote(keyring.command('reencrypt').description(description)).action(async (options: RemoteOptions) => {
    using client = await openClient(context, options);
    const last = await showProgress(context, options.json === true, client.watch(client.operator.reencryptSecrets, {}));
    if (options.json) printJson(context, last);
    judge(context, last, options.json === true);
  });
  examples(command, ['keyturn keyring reencrypt', 'keyturn keyring reencrypt --json']);
}

/** Says how it has ended. Throws a Failure if something is still to be done. */
function judge({ stdout }: Context, last: JsonObject, isQuiet: boolean): void {
  const [done, total, unreadable] = ['done', 'total', 'unreadable'].map((name) => Number(last[name] ?? Number.NaN));
  if (done === undefined || total === undefined || unreadable === undefined || !(done + unreadable >= total)) {
    throw new Failure(ExitCode.FAILED, 'broken off; what is done stays done, run it again to go on');
  }
  if (unreadable > 0) {
    const values = last['unreadable_values'];
    const names = Array.isArray(values) ? values.map((name) => `\n  ${visible(typeof name === 'string' ? name : JSON.stringify(name))}`) : [];
    throw new Failure(ExitCode.FAILED, `${unreadable} of ${total} values do not open and stay as they are, among them${names.join('')}`);
  }
  if (isQuiet) return;
  stdout.write(total === 0 ? 'nothing was to be done: the active master key has encrypted all there is\n' : `the active master key has encrypted ${done} values\n`);
}
