import { Command, InvalidArgumentError } from 'commander';
import { torture } from './torture.ts';

const EPILOGUE = `
Each kill is a SIGKILL: of the service at any time or at a named fault point, of its PostgreSQL, or of both; now and
then some of the devices lose their power, too. Needs about two seconds for each kill. Progress is on standard error;
the last line on standard output is "bricked B lost L kills N rotations M resets R":
  bricked  devices that were refused for good or cannot rotate at the end
  lost     acknowledged rotations and answered resets of secrets that the service does not have, and whatever else in
           its books does not agree
The exit code is 0 if both are 0, else 1.`;

const { kills, devices } = new Command('npm run torture --')
  .description('Kills the service again and again while crash-safe devices rotate their keys and applications reset secrets, and compares the books.')
  .option('--kills <n>', 'kills', count, 20)
  .option('--devices <n>', 'devices', count, 16)
  .addHelpText('after', EPILOGUE)
  .parse()
  .opts<{ kills: number; devices: number }>();

function count(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 999999.');
  return Number(text);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

const ending = new AbortController();
for (const [signal, exitCode] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
  process.on(signal, () => {
    process.exitCode = exitCode;
    ending.abort(new Error(`ended by ${signal}`));
  });
}
try {
  const report = await torture({ kills, devices, progress, signal: ending.signal });
  for (const fault of report.faults) progress(fault);
  if (report.bricked > 0 || report.lost > 0 || report.kills < kills) process.exitCode = 1;
  process.stdout.write(`bricked ${report.bricked} lost ${report.lost} kills ${report.kills} rotations ${report.rotations} resets ${report.resets}\n`);
} catch (error) {
  process.exitCode ??= 1;
  progress(error instanceof Error ? error.message : String(error));
}
