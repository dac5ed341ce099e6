import { allOf } from './tree.ts';
import type { ArgumentNode, CommandNode, OptionNode, Value } from './tree.ts';

/** What does not depend on the commands. Needs bash 4, and nothing of the package bash-completion. */
const WALK = String.raw`
# The words up to the cursor as they were typed: readline parts them at = and : too.
_keyturn_words() {
  local part rest=\${COMP_LINE:0:COMP_POINT}
  words=()
  for part in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ $rest == [[:space:]]* || \${#words[@]} -eq 0 ]]; then words+=(''); fi
    rest=\${rest#"\${rest%%[![:space:]]*}"}
    part=\${part:0:\${#rest}}
    words[\${#words[@]}-1]+=$part
    rest=\${rest#"$part"}
  done
}

# What an option of this command takes: nothing, "any", "file", "folder" or words; with a + before it, several of them.
_keyturn_value() {
  local pair
  value=
  for pair in $valued; do
    if [[ $pair == "$1="* ]]; then value=\${pair#*=}; fi
  done
}

_keyturn_offer() {
  case $1 in
    any) ;;
    file) compopt -o default ;;
    folder) compopt -o dirnames ;;
    *) COMPREPLY=($(compgen -W "\${1//,/ }" -- "$2")) ;;
  esac
}

_keyturn() {
  local -a words
  local IFS=$' \t\n' word path= count=0 behind= expected= commands options valued arguments value
  COMPREPLY=()
  _keyturn_words
  local current=\${words[\${#words[@]}-1]}
  _keyturn_command
  for word in "\${words[@]:1:\${#words[@]}-2}"; do
    if [[ -n $behind ]]; then count=$((count + 1))
    elif [[ -n $expected && $expected != +* ]]; then expected=
    elif [[ $word == -- ]]; then behind=yes expected=
    elif [[ $word == --*=* ]]; then expected=
    elif [[ $word == -* ]]; then _keyturn_value "$word"; expected=$value
    elif [[ -n $expected ]]; then :
    elif [[ $count -eq 0 && " $commands " == *" $word "* ]]; then path+="/$word"; _keyturn_command
    else count=$((count + 1)); fi
  done
  if [[ -n $expected && ( $expected != +* || $current != -* ) ]]; then _keyturn_offer "\${expected#+}" "$current"
  elif [[ -z $behind && $current == --*=* ]]; then
    _keyturn_value "\${current%%=*}"
    _keyturn_offer "\${value:-any}" "\${current#*=}"
    if [[ $COMP_WORDBREAKS != *=* ]]; then COMPREPLY=("\${COMPREPLY[@]/#/\${current%%=*}=}"); fi
  elif [[ -z $behind && $current == -* ]]; then _keyturn_offer "$options" "$current"
  elif [[ -n $commands ]]; then _keyturn_offer "$commands" "$current"
  else
    local -a kinds=($arguments)
    value=\${kinds[count]:-\${kinds[\${#kinds[@]}-1]}}
    if [[ $count -lt \${#kinds[@]} || $value == +* ]]; then _keyturn_offer "\${value#+}" "$current"; fi
  fi
}
`.replaceAll(String.raw`\${`, '${');

/** A script for bash, to be sourced. */
export function bashScript(tree: CommandNode): string {
  const cases = allOf(tree).map(caseOf).join('\n');
  return `# bash completion of ${tree.name}

# What can follow the command of this path.
_keyturn_command() {
  commands= options= valued= arguments=
  case $path in
${cases}
  esac
}
${WALK}
complete -F _keyturn ${tree.name}
`;
}

function caseOf(node: CommandNode): string {
  const sets = {
    commands: node.children.map(({ name }) => name),
    options: node.options.flatMap(({ names }) => names),
    valued: node.options.flatMap(valuedWords),
    arguments: node.arguments.map(kindOf),
  };
  const words = Object.entries(sets)
    .filter(([, items]) => items.length > 0)
    .map(([name, items]) => `${name}='${items.join(' ')}'`);
  return `    '${node.path.map((word) => `/${word}`).join('')}') ${words.join(' ')} ;;`;
}

function valuedWords({ names, valueName, ...option }: OptionNode): string[] {
  return valueName === undefined ? [] : names.map((name) => `${name}=${kindOf(option)}`);
}

function kindOf({ value, isVariadic }: Pick<ArgumentNode, 'value' | 'isVariadic'>): string {
  return `${isVariadic ? '+' : ''}${textOf(value)}`;
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : value.join(',');
}
