import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { ExitCode, Failure } from './failure.ts';
import { printJson, printRecord } from './print.ts';
import { readPublicKey } from './public_key.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { readDeviceSecret } from './secret.ts';

interface AddOptions extends RemoteOptions {
  readonly publicKey?: string;
  readonly project?: string;
  readonly nodeId?: string;
  readonly product?: string;
  readonly secretFile?: string;
  readonly scope?: string[];
  /** False if --no-updates is given. */
  readonly updates: boolean;
}

/** Adds `device add`. */
export function addDeviceAddCommand(device: Command, context: Context): void {
  const command = remote(device.command('add').description('register a device').argument('<device_id>', '1 to 128 characters of A-Za-z0-9._-'))
    .option('--public-key <FILE>', "the device's public key, PEM or JWK; - reads it from stdin")
    .option('--project <ID>', 'the project it belongs to (default: default)')
    .option('--node-id <TEXT>', "the device's own identifier within its product")
    .option('--product <ID>', 'the product it is an instance of')
    .option('--secret-file <FILE>', 'a file with its primary secret, 8 to 32 characters of A-Za-z0-9_-; - reads it from stdin')
    .option('--scope <WORD...>', 'scope words that it may ask for')
    .option('--no-updates', 'it may not replace its public key itself')
    .action((deviceId: string, options: AddOptions) => add(context, deviceId, options));
  examples(command, [
    'keyturn device add pump-7 --public-key pump-7.pub.pem',
    'openssl pkey -in pump-8.pem -pubout | keyturn device add pump-8 --public-key - --project plant-3',
    'openssl rand -hex 16 | tee pump-9.secret | keyturn device add pump-9 --product pump --secret-file -',
    'keyturn device add pump-10 --scope telemetry commands --no-updates',
  ]);
}

async function add(context: Context, deviceId: string, options: AddOptions): Promise<void> {
  if (options.publicKey === '-' && options.secretFile === '-') throw new Failure(ExitCode.USAGE, 'stdin can be the public key or the secret, not both');
  const publicKey = options.publicKey === undefined ? '' : await readPublicKey(context, options.publicKey);
  const secret = options.secretFile === undefined ? '' : await readDeviceSecret(context, options.secretFile);
  using client = await openClient(context, options);
  const device = await client.ask(client.operator.createDevice, {
    deviceId,
    publicKey,
    projectId: options.project ?? '',
    nodeId: options.nodeId ?? '',
    productId: options.product ?? '',
    secret,
    scopes: options.scope ?? [],
    updatesAllowed: options.updates,
  });
  if (options.json) printJson(context, device);
  else printRecord(context, device);
}
