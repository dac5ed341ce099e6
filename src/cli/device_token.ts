import type { Command } from 'commander';
import type { Context } from './context.ts';
import { deviceSide, failureOf, readTarget, wholeNumber } from './device_side.ts';
import type { DeviceSideOptions } from './device_side.ts';
import { examples } from './examples.ts';
import { ExitCode, Failure } from './failure.ts';
import { printJson } from './print.ts';
import { showWaiting } from './progress.ts';

interface Options extends DeviceSideOptions {
  readonly scope?: string;
  readonly exp: number;
}

/** Adds `token`. */
export function addTokenCommand(program: Command, context: Context): void {
  const command = deviceSide(program.command('token'), 'its private key, unencrypted PKCS#8 PEM, mode 0600')
    .description('get an access token with the key of a device, as the device, and print it; changes no file')
    .option('--scope <WORDS>', 'scope words joined by single spaces (default: all that the device may have)')
    .option('--exp <SECONDS>', 'how long a signed request is good for, 10 to 86400', wholeNumber(10, 86_400), 60)
    .option('--json', 'print the answer of the service, one JSON document')
    .action((options: Options) => run(context, options));
  examples(command, [
    'TOKEN=$(keyturn token --url https://keyturn.example.com --device-id pump-7 --key pump-7.pem --state pump-7.state)',
    "keyturn token --url http://localhost:8080 --device-id pump-7 --key pump-7.pem --state pump-7.state --scope 'telemetry.write refresh.token' --json",
  ]);
}

async function run(context: Context, options: Options): Promise<void> {
  const { scope } = options;
  if (scope !== undefined && (scope.length > 1024 || !/^[^ ]+(?: [^ ]+)*$/.test(scope))) {
    throw new Failure(ExitCode.USAGE, '--scope expects words joined by single spaces, at most 1024 characters');
  }
  const target = readTarget(options);
  // Loaded here, because the other commands have no use for it.
  const { DeviceError, getToken } = await import('../device/get_token.ts');
  try {
    const token = await showWaiting(context, options.json === true, `getting a token for ${options.deviceId}`, getToken({
      target,
      deviceId: options.deviceId,
      keyFile: options.key,
      stateFolder: options.state,
      scope,
      lifetime: options.exp,
      timeout: options.timeout * 1000,
    }));
    if (options.json) printJson(context, { ...token });
    else context.stdout.write(`${token.access_token}\n`);
  } catch (error) {
    throw error instanceof DeviceError ? failureOf(error) : error;
  }
}
