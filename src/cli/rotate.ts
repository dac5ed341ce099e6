import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import { isLoopback } from '../loopback.ts';
import { readCertificates, readOwnCertificate } from './certificates.ts';
import type { OwnCertificate } from './certificates.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { ExitCode, Failure } from './failure.ts';
import { printJson } from './print.ts';

interface Options {
  readonly url: string;
  readonly deviceId: string;
  readonly key: string;
  readonly state: string;
  readonly alg?: JwsAlgorithm;
  readonly exp: number;
  readonly timeout: number;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly insecureHttp?: true;
  readonly json?: true;
}

const EXIT_CODES = { usage: ExitCode.USAGE, failed: ExitCode.FAILED, refused: ExitCode.REFUSED } as const;

/** Adds `rotate`. */
export function addRotateCommand(program: Command, context: Context): void {
  const command = program
    .command('rotate')
    .description('replace the key of a device, as the device; may be killed at any time and run again')
    .requiredOption('--url <URL>', 'where the service serves REST, such as https://keyturn.example.com')
    .requiredOption('--device-id <ID>', 'the device')
    .requiredOption('--key <FILE>', 'its private key, unencrypted PKCS#8 PEM, mode 0600; holds the new key afterwards')
    .requiredOption('--state <FOLDER>', 'what it has to remember, with keys; mode 0700, for this device alone')
    .addOption(
      new Option('--alg <ALG>', 'what the new key is for (default: as the current one)')
        .choices(['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256']),
    )
    .option('--exp <SECONDS>', 'how long a signed update is good for, 10 to 86400', wholeNumber(10, 86_400), 600)
    .option('--timeout <SECONDS>', 'how long to go on trying, 1 to 3600', wholeNumber(1, 3600), 60)
    .option('--ca <FILE>', 'certificate authorities to trust in place of the usual ones, PEM')
    .option('--cert <FILE>', 'client certificate chain for mutual TLS, PEM; needs --cert-key')
    .option('--cert-key <FILE>', 'its private key, unencrypted PEM')
    .option('--insecure-http', 'take a http:// URL that leads to another machine')
    .option('--json', 'print one JSON document')
    .action((options: Options) => run(context, options));
  examples(command, [
    'keyturn rotate --url https://keyturn.example.com --device-id pump-7 --key pump-7.pem --state pump-7.state',
    'keyturn rotate --url http://localhost:8080 --device-id pump-7 --key pump-7.pem --state pump-7.state --alg ES384 --json',
  ]);
}

async function run(context: Context, options: Options): Promise<void> {
  const target = { url: readUrl(options), ca: options.ca === undefined ? undefined : readCertificates(options.ca), own: readOwn(options) };
  // Loaded here, because the other commands have no use for it.
  const { RotationError, rotate } = await import('../device/rotate.ts');
  try {
    const { deviceId, thumbprint, alg, previousThumbprint, resumed } = await rotate({
      target,
      deviceId: options.deviceId,
      keyFile: options.key,
      stateFolder: options.state,
      alg: options.alg,
      lifetime: options.exp,
      timeout: options.timeout * 1000,
    });
    const rotated = { device_id: deviceId, key_thumbprint: thumbprint, algorithm: alg, previous_thumbprint: previousThumbprint, resumed };
    if (options.json) printJson(context, rotated);
    else context.stdout.write(`${deviceId} has the new key ${thumbprint} (${alg})${resumed ? ', as an earlier run had begun' : ''}\n`);
  } catch (error) {
    if (error instanceof RotationError) throw new Failure(EXIT_CODES[error.trouble], error.message, { cause: error });
    throw error;
  }
}

function readOwn({ cert, certKey }: Options): OwnCertificate | undefined {
  if (cert === undefined && certKey === undefined) return undefined;
  if (cert === undefined || certKey === undefined) throw new Failure(ExitCode.USAGE, '--cert and --cert-key are given together');
  return readOwnCertificate({ cert, key: certKey });
}

function readUrl({ url: text, insecureHttp }: Options): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new Failure(ExitCode.USAGE, '--url expects a URL such as https://keyturn.example.com');
  }
  if (url.username !== '' || url.password !== '') throw new Failure(ExitCode.USAGE, '--url takes no user and no password');
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && insecureHttp !== true) {
    throw new Failure(ExitCode.USAGE, `--url leads to ${url.hostname} without TLS; use https, or add --insecure-http`);
  }
  return url;
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It should be a whole number from ${least} to ${most}.`);
  };
}
