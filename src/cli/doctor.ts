import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import type { Finding, State } from '../doctor/index.ts';
import { styledState } from './colour.ts';
import type { Context } from './context.ts';
import { examples } from './examples.ts';
import { ExitCode } from './failure.ts';
import { printJson, visible, widthOfTerminal } from './print.ts';
import { showWaiting } from './progress.ts';
import { foldAtBlanks } from './text_width.ts';

const HELP = `
Reads the environment of keyturn serve and changes nothing on the machine. It can only tell about the environment that
it is given: run it as the user of the service, with the service's variables and in its folder.

Each line says good, warning or bad, and then what to do.

Exit codes:
  0  nothing bad was found
  1  something is bad
  2  wrong usage`;

/** Columns that what is so gets of any terminal. */
const LEAST = 20;

/** Adds `doctor`. Its exit code is handed to `finish`. */
export function addDoctorCommand(program: Command, context: Context, finish: (exitCode: number) => void): void {
  const command = program
    .command('doctor')
    .description('look at all that the service stands on and say what to do')
    .option('--json', 'print one JSON document')
    .action(async ({ json }: { json?: true }) => {
      // Loaded here, because the other commands need nothing of it.
      const { examine } = await import('../doctor/index.ts');
      const findings = await showWaiting(context, json === true, 'looking', examine(context.environment, systemClock));
      const counts = countsOf(findings);
      if (json) printJson(context, { findings: findings.map((finding) => ({ ...finding })), ...counts });
      else printLines(context, findings, counts);
      finish(counts.bad > 0 ? ExitCode.FAILED : ExitCode.DONE);
    })
    .addHelpText('after', HELP);
  examples(command, ['keyturn doctor', 'KEYTURN_DATA_DIR=/var/lib/keyturn keyturn doctor --json']);
}

function countsOf(findings: readonly Finding[]): Record<State, number> {
  const counts = { good: 0, warning: 0, bad: 0 };
  for (const { state } of findings) counts[state] += 1;
  return counts;
}

/** A line a finding: its state, its check, what is so, and after a dash what to do. Folded on a terminal, below what is so. */
function printLines(context: Context, findings: readonly Finding[], counts: Record<State, number>): void {
  const { stdout } = context;
  const stateWidth = 'warning'.length;
  const checkWidth = Math.max(...findings.map(({ check }) => check.length));
  const before = stateWidth + checkWidth + 4;
  const width = widthOfTerminal(stdout);
  for (const { check, state, says, todo } of findings) {
    const text = visible(`${says}${todo === undefined ? '' : ` - ${todo}`}`);
    const lines = width === undefined ? [text] : foldAtBlanks(text, Math.max(LEAST, width - before));
    const head = `${styledState(context, stdout, state)}${' '.repeat(stateWidth - state.length)}  ${check.padEnd(checkWidth)}  `;
    stdout.write(`${head}${lines.join(`\n${' '.repeat(before)}`)}\n`);
  }
  stdout.write(`${counts.good} good, ${counts.warning} ${counts.warning === 1 ? 'warning' : 'warnings'}, ${counts.bad} bad\n`);
}
