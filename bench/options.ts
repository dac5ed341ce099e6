import { Command, InvalidArgumentError, Option } from 'commander';
import { IDENTITY_PARTS } from './identity/kinds.ts';
import type { IdentityPart } from './identity/kinds.ts';
import type { Wire } from './load/protocol.ts';
import { SECRET_PARTS } from './secrets/kinds.ts';
import type { SecretPart } from './secrets/kinds.ts';
import { TOKEN_PARTS } from './tokens/kinds.ts';
import type { TokenPart } from './tokens/kinds.ts';

/** Requests in flight of a round. */
export const IN_FLIGHT = 16;

/** The parts that `--only` chooses from, in the order in which they run. */
export const PARTS = ['rest', 'grpc', ...SECRET_PARTS, ...IDENTITY_PARTS, ...TOKEN_PARTS, 'echo', 'scale', 'start'] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly devices: number;
  readonly fleet: number;
  readonly only?: Part;
  readonly profile?: Wire | SecretPart | IdentityPart | TokenPart | 'echo';
  readonly json?: string;
}

const EPILOGUE = `
Every figure of rotations, resets, tokens, bindings, jobs and checks is that of real ones: signed, verified, written durably.
The floor is the least program that makes them too (bench/floor, bench/secrets, bench/identity, bench/tokens). Compare ratios, not figures of different machines.`;

/** Reads the command line. Prints help and ends the process where it asks for it or is wrong. */
export function readOptions(): Options {
  return new Command('npm run bench --')
    .description('Measures Keyturn: rotations, the calls about device secrets, those of identity binding and those about tokens beside their floors, echoes beside bare node:http, a large fleet, and its start.')
    .option('--rounds <n>', 'rounds of each side', count, 5)
    .option('--seconds <s>', 'length of a round', seconds, 5)
    .option('--devices <n>', 'devices with keys or secrets, or identity keys, 16 or more', devices, 1000)
    .option('--fleet <n>', 'devices of the large fleet of part scale', count, 1_000_000)
    .addOption(new Option('--only <part>', 'one part only').choices(PARTS))
    .addOption(new Option('--profile <part>', 'where the CPU time of one round goes, instead of the parts').choices(['rest', 'grpc', ...SECRET_PARTS, ...IDENTITY_PARTS, ...TOKEN_PARTS, 'echo']))
    .option('--json <file>', 'write the figures to a file as JSON too')
    .addHelpText('after', EPILOGUE)
    .parse()
    .opts<Options>();
}

function count(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 9999999.');
  return Number(text);
}

function devices(text: string): number {
  const number = count(text);
  if (number < IN_FLIGHT) throw new InvalidArgumentError(`It must be at least ${IN_FLIGHT}, one for each request in flight.`);
  return number;
}

function seconds(text: string): number {
  const number = Number(text);
  if (!(number > 0 && number <= 3600)) throw new InvalidArgumentError('It must be more than 0 and at most 3600.');
  return number;
}
