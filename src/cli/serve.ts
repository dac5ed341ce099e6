import type { Command } from 'commander';
import type { Context } from './context.ts';
import { examples } from './examples.ts';

/** Adds `serve`. Its exit code is handed to `finish`, because serve has written what went wrong itself. */
export function addServeCommand(program: Command, { environment }: Context, finish: (exitCode: number) => void): void {
  const command = program
    .command('serve')
    .description('run the service until SIGTERM or SIGINT')
    .action(async () => {
      // Loaded here, because the other commands need nothing of the service.
      const { serve } = await import('../serve.ts');
      finish(await serve(environment));
    });
  examples(command, ['keyturn serve', 'KEYTURN_HTTP_LISTEN=127.0.0.1:8081 KEYTURN_DATA_DIR=/var/lib/keyturn keyturn serve']);
}
