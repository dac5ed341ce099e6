import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { createProgram } from '../../src/cli/commands.ts';
import { runHere } from './keyturn.ts';

/** A command and the words that lead to it. */
export interface Leaf {
  readonly path: readonly string[];
  readonly command: Command;
}

/** A command line whose commands are all there and do nothing, unless they are given an action. */
export function newProgram(): Command {
  const stdin = new PassThrough();
  return createProgram({ environment: {}, stdin, stdout: new PassThrough(), stderr: new PassThrough() }, { finish: () => {} });
}

/** A command and all below it, without those that print help. */
export function commandsOf(command: Command, path: readonly string[] = []): Leaf[] {
  return [{ path, command }, ...command.commands.flatMap((child) => commandsOf(child, [...path, child.name()]))];
}

/** Commands that do something by themselves. */
export function leavesOf(command: Command): Leaf[] {
  return commandsOf(command).filter(({ command: { commands } }) => commands.length === 0);
}

/** The examples at the end of the help of a command, as shell lines. */
export async function examplesOf(path: readonly string[]): Promise<string[]> {
  const { code, stdout, stderr } = await runHere([...path, '--help']);
  assert.deepEqual([code, stderr], [0, '']);
  const [, section = ''] = /\nExamples:\n((?: {2}\$ .*\n)+)/.exec(stdout) ?? [];
  return [...section.matchAll(/^ {2}\$ (.*)$/gm)].map((match) => match[1] ?? '');
}
