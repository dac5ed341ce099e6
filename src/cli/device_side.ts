import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { DeviceError } from '../device/device_error.ts';
import type { Target } from '../device/exchange.ts';
import { isLoopback } from '../loopback.ts';
import { readCertificates, readOwnCertificate } from './certificates.ts';
import type { OwnCertificate } from './certificates.ts';
import { ExitCode, Failure } from './failure.ts';

/** The options that all commands share which are run on a device. */
export interface DeviceSideOptions {
  readonly url: string;
  readonly deviceId: string;
  readonly key: string;
  readonly state: string;
  /** Seconds. */
  readonly timeout: number;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly insecureHttp?: true;
  readonly json?: true;
}

const EXIT_CODES = { usage: ExitCode.USAGE, failed: ExitCode.FAILED, refused: ExitCode.REFUSED } as const;

/** Adds the shared options that come first to a command; `key` says what the key file is for. */
export function deviceSide(command: Command, key: string): Command {
  return command
    .requiredOption('--url <URL>', 'where the service serves REST, such as https://keyturn.example.com')
    .requiredOption('--device-id <ID>', 'the device')
    .requiredOption('--key <FILE>', key)
    .requiredOption('--state <FOLDER>', 'what it has to remember, with keys; mode 0700, for this device alone')
    .option('--timeout <SECONDS>', 'how long to go on trying, 1 to 3600', wholeNumber(1, 3600), 60)
    .option('--ca <FILE>', 'certificate authorities to trust in place of the usual ones, PEM')
    .option('--cert <FILE>', 'client certificate chain for mutual TLS, PEM; needs --cert-key')
    .option('--cert-key <FILE>', 'its private key, unencrypted PEM')
    .option('--insecure-http', 'take a http:// URL that leads to another machine');
}

/** Where the service is, by the options. Throws a Failure. */
export function readTarget(options: DeviceSideOptions): Target {
  return { url: readUrl(options), ca: options.ca === undefined ? undefined : readCertificates(options.ca), own: readOwn(options) };
}

/** How a command ends that the device side could not do. */
export function failureOf(error: DeviceError): Failure {
  return new Failure(EXIT_CODES[error.trouble], error.message, { cause: error });
}

function readOwn({ cert, certKey }: DeviceSideOptions): OwnCertificate | undefined {
  if (cert === undefined && certKey === undefined) return undefined;
  if (cert === undefined || certKey === undefined) throw new Failure(ExitCode.USAGE, '--cert and --cert-key are given together');
  return readOwnCertificate({ cert, key: certKey });
}

function readUrl({ url: text, insecureHttp }: DeviceSideOptions): URL {
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

/** Reads a whole number in these bounds. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It should be a whole number from ${least} to ${most}.`);
  };
}
