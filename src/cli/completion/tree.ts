import type { Argument, Command, Option } from 'commander';

/** What can stand for a value: one of these words, a file, a folder, or what nobody can know. */
export type Value = readonly string[] | 'file' | 'folder' | 'any';

export interface OptionNode {
  /** As they are typed, the long one last. */
  readonly names: readonly string[];
  readonly description: string;
  /** What the value is called; undefined if it takes none. */
  readonly valueName: string | undefined;
  readonly value: Value;
  /** Whether it takes all words up to the next option. */
  readonly isVariadic: boolean;
}

export interface ArgumentNode {
  readonly name: string;
  readonly value: Value;
  readonly isVariadic: boolean;
}

/** A command as shells have to know it. */
export interface CommandNode {
  /** The words after the name of the program. */
  readonly path: readonly string[];
  readonly name: string;
  readonly description: string;
  readonly children: readonly CommandNode[];
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ArgumentNode[];
}

/** The commands, options and arguments below a program, with the built-in help of each. */
export function treeOf(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  const children = help
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help')
    .map((child) => treeOf(child, [...path, child.name()]));
  return {
    path,
    name: command.name(),
    description: firstClause(command.description()),
    children: children.length === 0 ? [] : [...children, helpOf(path, children)],
    options: help.visibleOptions(command).map(toOption),
    arguments: command.registeredArguments.map(toArgument),
  };
}

/** All commands of a tree, each before those below it. */
export function allOf(node: CommandNode): CommandNode[] {
  return [node, ...node.children.flatMap(allOf)];
}

function helpOf(path: readonly string[], siblings: readonly CommandNode[]): CommandNode {
  const argument = { name: 'command', value: siblings.map(({ name }) => name), isVariadic: false };
  return { path: [...path, 'help'], name: 'help', description: 'print help on a command', children: [], options: [], arguments: [argument] };
}

function toOption({ short, long, description, flags, argChoices, required, optional, variadic }: Option): OptionNode {
  return {
    names: [short, long].filter((name) => name !== undefined),
    description: firstClause(description),
    valueName: required || optional ? /[<[]([^\]>.]+)/.exec(flags)?.[1] : undefined,
    value: argChoices ?? valueOf(flags),
    isVariadic: variadic,
  };
}

function toArgument(argument: Argument): ArgumentNode {
  return { name: argument.name(), value: argument.argChoices ?? 'any', isVariadic: argument.variadic };
}

function valueOf(flags: string): Value {
  if (flags.includes('<FILE>')) return 'file';
  return flags.includes('<FOLDER>') ? 'folder' : 'any';
}

/** A menu has room for little. */
function firstClause(description: string): string {
  return description.split(/[;.:](?: |$)| \(/, 1)[0] ?? '';
}
