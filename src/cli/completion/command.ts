import { Argument } from 'commander';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { examples } from '../examples.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { treeOf } from './tree.ts';
import { zshScript } from './zsh.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

const HELP = `
To have it in every new shell:
  bash 4 or newer: add the line  source <(keyturn completion bash)  to ~/.bashrc
  zsh: add the line  source <(keyturn completion zsh)  to ~/.zshrc, below the one that calls compinit
  fish: run  keyturn completion fish > ~/.config/fish/completions/keyturn.fish

A script knows the commands and options of the version that has printed it, and starts nothing when Tab is pressed.`;

/** Adds `completion`. */
export function addCompletionCommand(program: Command, { stdout }: Context): void {
  const command = program
    .command('completion')
    .description('print a script by which a shell completes commands, options, their words and files')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => void stdout.write(SCRIPTS[shell](treeOf(program))))
    .addHelpText('after', HELP);
  examples(command, ['source <(keyturn completion bash)', 'keyturn completion fish > keyturn.fish']);
}
