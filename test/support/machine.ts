import { spawnSync } from 'node:child_process';
import { describe } from 'mocha';
import type { Suite } from 'mocha';

/** The commands of a list that this machine lacks, each with the option by which it tells its version. */
export function missingCommands(...commands: readonly (string | readonly [command: string, version: string])[]): string[] {
  return commands.map((each) => (typeof each === 'string' ? ([each, '--version'] as const) : each)).flatMap(([command, version]) => (spawnSync(command, [version]).status === 0 ? [] : [command]));
}

/**
 * A suite that needs what not every machine has. Where something is missing its title names that, and its tests count as
 * skipped; CI installs all of it and takes such a title for a failure.
 */
export function describeWith(missing: readonly string[], title: string, body: (this: Suite) => void): void {
  if (missing.length === 0) describe(title, body);
  else describe.skip(`${title} (skipped: this machine has no ${missing.join(' and no ')})`, body);
}
