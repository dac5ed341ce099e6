import { Command, InvalidArgumentError } from 'commander';
import { SCENARIOS } from './scenarios.ts';

export interface Options {
  readonly seconds: number;
  readonly only?: string;
  readonly json?: string;
}

const EPILOGUE = `
Each attack comes from one process, most of them from the very address of the good devices. The promise: no good
rotation, or with attacks named tokens-, no good call about tokens, is refused, none takes a second, and the process of the service stays under 256 MB (of 10^6 bytes).

Attacks: ${SCENARIOS.map(({ name }) => name).join(', ')}`;

/** Reads the command line. Prints help and ends the process where it asks for it or is wrong. */
export function readOptions(): Options {
  return new Command('npm run attack --')
    .description('Attacks a Keyturn while good devices rotate their keys or use tokens, and tells whether it holds.')
    .option('--seconds <s>', 'length of each attack', seconds, 10)
    .option('--only <name>', 'only attacks whose names begin like this', known)
    .option('--json <file>', 'write the figures to a file as JSON too')
    .addHelpText('after', EPILOGUE)
    .parse()
    .opts<Options>();
}

function seconds(text: string): number {
  const number = Number(text);
  if (!(number >= 1 && number <= 3600)) throw new InvalidArgumentError('It must be from 1 to 3600.');
  return number;
}

function known(text: string): string {
  if (!SCENARIOS.some(({ name }) => name.startsWith(text))) throw new InvalidArgumentError('No attack has a name like this.');
  return text;
}
