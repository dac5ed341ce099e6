import type { Command, Reply } from './protocol.ts';

/** Takes the orders of a load process by IPC and answers each. The process ends with its parent. */
export function answerOrders(obey: (command: Command) => Promise<Reply>): void {
  process.on('message', (command: Command) => {
    void obey(command)
      .catch((error: unknown): Reply => ({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }))
      .then((reply) => process.send?.(reply));
  });
  process.on('disconnect', () => process.exit(0));
}
