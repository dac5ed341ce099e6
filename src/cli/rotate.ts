import { Option } from 'commander';
import type { Command } from 'commander';
import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import type { Context } from './context.ts';
import { deviceSide, failureOf, readTarget, wholeNumber } from './device_side.ts';
import type { DeviceSideOptions } from './device_side.ts';
import { examples } from './examples.ts';
import { printJson } from './print.ts';
import { showWaiting } from './progress.ts';

interface Options extends DeviceSideOptions {
  readonly alg?: JwsAlgorithm;
  readonly exp: number;
}

/** Adds `rotate`. */
export function addRotateCommand(program: Command, context: Context): void {
  const command = deviceSide(program.command('rotate'), 'its private key, unencrypted PKCS#8 PEM, mode 0600; holds the new key afterwards')
    .description('replace the key of a device, as the device; may be killed at any time and run again')
    .addOption(
      new Option('--alg <ALG>', 'what the new key is for (default: as the current one)')
        .choices(['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256']),
    )
    .option('--exp <SECONDS>', 'how long a signed update is good for, 10 to 86400', wholeNumber(10, 86_400), 600)
    .option('--json', 'print one JSON document')
    .action((options: Options) => run(context, options));
  examples(command, [
    'keyturn rotate --url https://keyturn.example.com --device-id pump-7 --key pump-7.pem --state pump-7.state',
    'keyturn rotate --url http://localhost:8080 --device-id pump-7 --key pump-7.pem --state pump-7.state --alg ES384 --json',
  ]);
}

async function run(context: Context, options: Options): Promise<void> {
  const target = readTarget(options);
  // Loaded here, because the other commands have no use for it.
  const { DeviceError, rotate } = await import('../device/rotate.ts');
  try {
    const { deviceId, thumbprint, alg, previousThumbprint, resumed } = await showWaiting(context, options.json === true, `rotating the key of ${options.deviceId}`, rotate({
      target,
      deviceId: options.deviceId,
      keyFile: options.key,
      stateFolder: options.state,
      alg: options.alg,
      lifetime: options.exp,
      timeout: options.timeout * 1000,
    }));
    const rotated = { device_id: deviceId, key_thumbprint: thumbprint, algorithm: alg, previous_thumbprint: previousThumbprint, resumed };
    if (options.json) printJson(context, rotated);
    else context.stdout.write(`${deviceId} has the new key ${thumbprint} (${alg})${resumed ? ', as an earlier run had begun' : ''}\n`);
  } catch (error) {
    throw error instanceof DeviceError ? failureOf(error) : error;
  }
}
