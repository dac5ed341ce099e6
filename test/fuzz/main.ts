import { Command, InvalidArgumentError, Option } from 'commander';
import { SUBJECTS, fuzz } from './fuzz.ts';
import type { Subject } from './fuzz.ts';

const EPILOGUE = `
Requests that were changed knowing what they are, or blindly, are written to the real service of the transcoder tests,
or, with --subject applications, to Keyturn itself as its applications and devices send them, signed and with tokens, or,
with --subject identity, as holders of identity keys do, with hostile JWTs, addresses and codes, over gRPC too, or,
with --subject tokens, as devices, resource servers and gateways do, with calls whose answers are known, over gRPC too. It
runs in a process of its own, several requests go over one connection and in pieces. A finding is an end of that process,
a status over 499, an answer that is late, missing, not well-formed, not documented or another one over gRPC, an error in its log, something
changed without a proof, and memory that grows. Each is printed with the seed and the bytes. The exit code is 0 if there is none, else 1.`;

const { requests, seed, subject } = new Command('npm run fuzz --')
  .description('Sends broken requests to the transcoder, to the API for applications, to that for identity keys or to that for tokens.')
  .option('--requests <n>', 'requests', count, 1_000_000)
  .option('--seed <n>', 'seed of the run', count, Date.now() % 2 ** 32)
  .addOption(new Option('--subject <what>', 'what is fuzzed').choices(SUBJECTS).default('transcoder'))
  .addHelpText('after', EPILOGUE)
  .parse()
  .opts<{ requests: number; seed: number; subject: Subject }>();

function count(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of at most ten digits.');
  return Number(text);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

progress(`seed ${seed}`);
const report = await fuzz({ requests, seed, subject, progress });
if (report.findings.length > 0) process.exitCode = 1;
const { heap, resident } = report;
process.stdout.write(
  `seed ${seed} requests ${report.requests} connections ${report.connections} answers ${report.answers} seconds ${Math.round(report.seconds)} ` +
    `heap ${heap.early >> 20} to ${heap.late >> 20} MiB resident ${resident >> 20} MiB findings ${report.findings.length}\n`,
);
