import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import type { JsonObject } from '@bufbuild/protobuf';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { ExitCode, Failure } from './failure.ts';
import { printJson, printRecord } from './print.ts';
import { openClient, remote } from './remote.ts';
import type { RemoteOptions } from './remote.ts';
import { readDeviceSecret } from './secret.ts';

interface Options extends RemoteOptions {
  readonly project: string;
  readonly secretFile?: string;
  readonly secondary?: true;
  readonly forceDisconnect?: true;
  readonly idempotencyKey?: string;
}

/** Adds `reset-secret`. */
export function addResetSecretCommand(program: Command, context: Context): void {
  const command = remote(
    program.command('reset-secret').description('reset a secret of a device, and print the new one; the old one is dead at once').argument('<device_id>', 'the device'),
  )
    .option('--project <ID>', 'the project of the device', 'default')
    .option('--secret-file <FILE>', 'the new secret, 8 to 32 characters of A-Za-z0-9_-; - reads it from stdin (default: a generated one)')
    .option('--secondary', 'reset the secondary secret (default: the primary one)')
    .option('--force-disconnect', 'close the open session of the device, and end its access tokens')
    .option('--idempotency-key <KEY>', 'the key of an earlier run, to get its answer; 1 to 255 visible ASCII characters (default: a new one)')
    .action((deviceId: string, options: Options) => reset(context, deviceId, options));
  examples(command, [
    'keyturn reset-secret pump-7',
    'keyturn reset-secret pump-7 --secondary --secret-file pump-7.secret --project plant-3',
    'keyturn reset-secret pump-7 --force-disconnect --json',
  ]);
}

async function reset(context: Context, deviceId: string, options: Options): Promise<void> {
  const key = options.idempotencyKey ?? randomUUID();
  if (!/^[!-~]{1,255}$/.test(key)) throw new Failure(ExitCode.USAGE, '--idempotency-key expects 1 to 255 visible ASCII characters');
  const secret = options.secretFile === undefined ? undefined : await readDeviceSecret(context, options.secretFile);
  using client = await openClient(context, options);
  const request = {
    projectId: options.project,
    deviceId,
    actionId: 'resetSecret',
    reset: { secret, forceDisconnect: options.forceDisconnect, secretType: options.secondary === true ? 'SECONDARY' : undefined },
  };
  let answer: JsonObject;
  let isReplay = false;
  try {
    answer = await client.ask(client.deviceSecrets.resetDeviceSecret, request, {
      send: { 'idempotency-key': key },
      hear: (metadata) => {
        isReplay = metadata['idempotent-replayed'] === 'true';
      },
    });
  } catch (error) {
    throw error instanceof Failure && error.exitCode === ExitCode.FAILED ? unknown(error, key) : error;
  }
  if (isReplay) context.stderr.write('keyturn: this was done by an earlier run, and is its answer; a later reset may have replaced the secret\n');
  if (options.json) printJson(context, answer);
  else printRecord(context, answer);
}

/** With the same key it is done once, however often it is repeated. */
function unknown(failure: Failure, key: string): Failure {
  const advice = `whether the secret was reset is unknown; run the same command again with --idempotency-key '${key.replaceAll("'", String.raw`'\''`)}': it is done once, and its answer is given again`;
  return new Failure(failure.exitCode, `${failure.message}\n  ${advice}`, { cause: failure });
}
