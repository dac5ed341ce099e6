import { allOf } from './tree.ts';
import type { ArgumentNode, CommandNode, OptionNode, Value } from './tree.ts';

/** No command takes options before its subcommand, so the first words are the way to it. */
const AT = `# Whether the words before the cursor begin with this command; one with subcommands has to be all of them.
function __keyturn_at
    set -l words (commandline -opc)[2..]
    set -l count (math (count $argv) - 1)
    if test $argv[1] = group
        test (count $words) -eq $count; or return 1
    else
        test (count $words) -ge $count; or return 1
    end
    test $count -eq 0; or test "$words[1..$count]" = "$argv[2..]"
end`;

/** A script for fish. */
export function fishScript(tree: CommandNode): string {
  const lines = allOf(tree).flatMap(linesOf);
  return `# fish completion of ${tree.name}\n\n${AT}\n\ncomplete -c ${tree.name} -f\n${lines.join('\n')}\n`;
}

function linesOf(node: CommandNode): string[] {
  return [
    ...node.children.map((child) => complete(node, `-a ${quote(child.name)} -d ${quote(child.description)}`)),
    ...node.options.map((option) => complete(node, optionWords(option))),
    ...node.arguments.flatMap((argument) => argumentLines(node, argument)),
  ];
}

function complete({ path, children }: CommandNode, words: string): string {
  const condition = ['__keyturn_at', children.length > 0 ? 'group' : 'leaf', ...path].join(' ');
  return `complete -c keyturn -n ${quote(condition)} ${words}`;
}

function optionWords({ names, description, valueName, value }: OptionNode): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  return [...flags, ...(valueName === undefined ? [] : [valueWords(value)]), `-d ${quote(description)}`].join(' ');
}

function valueWords(value: Value): string {
  if (value === 'file') return '-r -F';
  if (value === 'folder') return "-x -a '(__fish_complete_directories)'";
  return value === 'any' ? '-x' : `-x -a ${quote(value.join(' '))}`;
}

function argumentLines(node: CommandNode, { value }: ArgumentNode): string[] {
  if (value === 'any') return [];
  return [complete(node, value === 'file' ? '-F' : `-a ${typeof value === 'string' ? "'(__fish_complete_directories)'" : quote(value.join(' '))}`)];
}

function quote(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
