import type { Command } from 'commander';
import { confirm } from './confirm.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { rowsOf } from './json.ts';
import { printJson, printRecord, printTable, visible } from './print.ts';
import { readPublicKey } from './public_key.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { keep, wrap } from './table.ts';

const KEY_COLUMNS = [keep('public_key'), keep('state'), keep('test'), wrap('created_at'), wrap('retired_at')];
const TRUSTED_COLUMNS = [keep('issuer'), keep('public_key'), keep('from_settings'), wrap('created_at')];

/** Adds `issuer` with its subcommands. */
export function addIssuerCommands(program: Command, context: Context): void {
  const issuer = program.command('issuer').description('the keys by which Keyturn countersigns addresses, and the issuers outside that it trusts');
  examples(issuer, ['keyturn issuer list', 'keyturn issuer rotate']);
  addList(issuer, context);
  addRotate(issuer, context);
  addRevoke(issuer, context);
  addTrust(issuer, context);
  addDistrust(issuer, context);
}

function addList(issuer: Command, context: Context): void {
  const description = 'list the keys of this service, the newest first, then the issuers outside that it trusts';
  const command = remote(issuer.command('list').description(description)).action(async (options: RemoteOptions) => {
    using client = await openClient(context, options);
    const keys = await client.ask(client.operator.listIssuerKeys, {});
    const trusted = await client.ask(client.operator.listTrustedIssuers, {});
    if (options.json) return printJson(context, { ...keys, ...trusted });
    printTable(context, rowsOf(keys, 'issuer_keys'), KEY_COLUMNS, 'issuer keys');
    const rows = rowsOf(trusted, 'trusted_issuers');
    if (rows.length > 0) context.stdout.write('\n');
    printTable(context, rows, TRUSTED_COLUMNS, 'trusted issuers');
  });
  examples(command, ['keyturn issuer list', 'keyturn issuer list --json']);
}

function addRotate(issuer: Command, context: Context): void {
  const description = 'make a new key, which signs from now on; what the one before it has signed still counts';
  const command = remote(issuer.command('rotate').description(description))
    .option('--test', 'the key of the test issuer, where that is on')
    .action(async ({ test = false, ...options }: RemoteOptions & { test?: boolean }) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.rotateIssuerKey, { test });
      if (options.json) return printJson(context, answer);
      printRecord(context, answer);
      context.stderr.write('if the key before it has leaked, revoke that one now: keyturn issuer revoke PUBLIC_KEY\n');
    });
  examples(command, ['keyturn issuer rotate', 'keyturn issuer rotate --test']);
}

function addRevoke(issuer: Command, context: Context): void {
  const description = 'revoke a retired key: nothing that it has signed counts any more, and it is published no more';
  const command = remote(issuer.command('revoke').description(description).argument('<public_key>', 'as keyturn issuer list shows it'))
    .option('-y, --yes', 'do not ask for confirmation')
    .action(async (publicKey: string, options: RemoteOptions & { yes?: true }) => {
      if (!options.yes) await confirm(context, `Revoke issuer key ${publicKey} for good, with all that it has signed?`);
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.revokeIssuerKey, { publicKey });
      if (options.json) printJson(context, answer);
      else context.stdout.write(`revoked ${visible(publicKey)}\n`);
    });
  examples(command, ['keyturn issuer rotate && keyturn issuer revoke dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U']);
}

function addTrust(issuer: Command, context: Context): void {
  const description = 'trust an issuer outside: what it has signed counts as what this service has signed';
  const command = remote(issuer.command('trust').description(description).argument('<issuer>', 'the value of the claim iss, such as https://issuer.example'))
    .requiredOption('--public-key <FILE>', 'its Ed25519 public key: PEM, JWK or 43 characters of base64url; - for stdin')
    .action(async (name: string, { publicKey: file, ...options }: RemoteOptions & { publicKey: string }) => {
      const publicKey = await readPublicKey(context, file);
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.createTrustedIssuer, { issuer: name, publicKey });
      if (options.json) printJson(context, answer);
      else printRecord(context, answer);
    });
  examples(command, ['keyturn issuer trust https://issuer.example --public-key issuer.pub.pem', 'echo dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U | keyturn issuer trust https://issuer.example --public-key -']);
}

function addDistrust(issuer: Command, context: Context): void {
  const description = 'trust an issuer outside no more; those of the settings can be taken back there alone';
  const command = remote(issuer.command('distrust').description(description).argument('<issuer>', 'the value of the claim iss'))
    .option('--key <PUBLIC_KEY>', 'only this one of its keys, as keyturn issuer list shows it (default: all)')
    .action(async (name: string, { key: publicKey = '', ...options }: RemoteOptions & { key?: string }) => {
      using client = await openClient(context, options);
      const answer = await client.ask(client.operator.deleteTrustedIssuer, { issuer: name, publicKey });
      if (options.json) printJson(context, answer);
      else context.stdout.write(`${visible(name)} is trusted no more${publicKey === '' ? '' : ` with ${visible(publicKey)}`}\n`);
    });
  examples(command, ['keyturn issuer distrust https://issuer.example', 'keyturn issuer distrust https://issuer.example --key dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U']);
}
