import { generateContract } from '../transcoder/contract.ts';
import { startTranscoder } from '../transcoder/service.ts';
import type { FuzzRoute } from './corpus.ts';

/** What the process of the service tells: where it listens, then how it fares each time it is asked. */
export type ServerMessage =
  | { readonly kind: 'ready'; readonly port: number; readonly routes: readonly FuzzRoute[] }
  | { readonly kind: 'state'; readonly heap: number; readonly resident: number; readonly failures: readonly string[] };

/** pino's level of errors. */
const ERROR = 'error';
const tell = (message: ServerMessage): void => void process.send?.(message);

const { contract } = await generateContract();
const transcoder = await startTranscoder();
const failures: string[] = [];

/** Lines are looked through and dropped, else they would be what fills the memory. */
function readLog(): void {
  for (const line of transcoder.lines) if (line['level'] === ERROR || Number(line['level']) >= 50) failures.push(JSON.stringify(line));
  transcoder.lines.length = 0;
}

process.on('message', () => {
  readLog();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  tell({ kind: 'state', heap: heapUsed, resident: rss, failures: failures.splice(0) });
});
process.on('disconnect', () => process.exit());
setInterval(readLog, 200).unref();

const rules = contract.services.flatMap(({ methods }) => methods.flatMap(({ http }) => http));
const routes = rules.flatMap(({ pattern, body }): FuzzRoute[] => {
  if (pattern === undefined) return [];
  if (pattern.$case === 'custom') return [{ method: pattern.value.kind === '*' ? 'GET' : pattern.value.kind, template: pattern.value.path, hasBody: body !== '' }];
  return [{ method: pattern.$case.toUpperCase(), template: pattern.value, hasBody: body !== '' }];
});
tell({ kind: 'ready', port: Number(new URL(transcoder.url).port), routes });
