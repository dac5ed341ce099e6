import { allOf } from './tree.ts';
import type { ArgumentNode, CommandNode, OptionNode, Value } from './tree.ts';

/** A script for zsh, to be sourced or to lie in a folder of fpath as `_keyturn`. */
export function zshScript(tree: CommandNode): string {
  const functions = allOf(tree).map(functionOf).join('\n\n');
  return `#compdef ${tree.name}
# zsh completion of ${tree.name}

${functions}

if [[ $funcstack[1] = _${tree.name} ]]; then
  _${tree.name} "$@"
else
  compdef _${tree.name} ${tree.name}
fi
`;
}

function functionOf(node: CommandNode): string {
  return node.children.length > 0 ? groupFunction(node) : leafFunction(node);
}

function leafFunction(node: CommandNode): string {
  const specs = [...node.options.flatMap(optionSpecs), ...node.arguments.map(argumentSpec)];
  const body = specs.length === 0 ? '_message "nothing more"' : ['_arguments -s -S', ...specs].join(' \\\n    ');
  return `${nameOf(node)}() {\n  ${body}\n}`;
}

function groupFunction(node: CommandNode): string {
  const commands = node.children.map(({ name, description }) => quote(`${name}:${description.replaceAll(':', String.raw`\:`)}`));
  return `${nameOf(node)}() {
  local curcontext=$curcontext state line
  local -a commands=(
    ${commands.join('\n    ')}
  )
  _arguments -s -S -C \\
    ${[...node.options.flatMap(optionSpecs), `'1: :->command'`, `'*:: :->rest'`].join(' \\\n    ')}
  case $state in
    command) _describe -t commands command commands ;;
    rest)
      case $words[1] in
        ${node.children.map((child) => `${child.name}) ${nameOf(child)} ;;`).join('\n        ')}
      esac
      ;;
  esac
}`;
}

function nameOf({ path }: CommandNode): string {
  return ['_keyturn', ...path].join('_');
}

/** One that is given excludes its other names, and help excludes all. */
function optionSpecs({ names, description, valueName, value, isVariadic }: OptionNode): string[] {
  const exclusion = names.includes('--help') || names.includes('--version') ? '(- *)' : isVariadic ? '*' : names.length > 1 ? `(${names.join(' ')})` : '';
  const explanation = `[${escape(description)}]`;
  if (valueName === undefined) return names.map((name) => quote(`${exclusion}${name}${explanation}`));
  return names.map((name) => quote(`${exclusion}${name}=${explanation}:${escape(valueName)}:${actionOf(value)}`));
}

function argumentSpec({ name, value, isVariadic }: ArgumentNode): string {
  return quote(`${isVariadic ? '*' : ''}:${escape(name)}:${actionOf(value)}`);
}

/** With `()` nothing is offered. A message in its place would keep options from being completed. */
function actionOf(value: Value): string {
  if (value === 'file') return '_files';
  if (value === 'folder') return '_files -/';
  return value === 'any' ? '()' : `(${value.join(' ')})`;
}

function escape(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
