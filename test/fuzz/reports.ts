import type { Material } from './applications/corpus.ts';
import type { FuzzRoute } from './corpus.ts';
import type { IdentityMaterial } from './identity/material.ts';
import type { TokenMaterial } from './tokens/material.ts';

/** Of what requests to a service are made. */
export type Corpus =
  | { readonly kind: 'transcoder'; readonly routes: readonly FuzzRoute[] }
  | { readonly kind: 'applications'; readonly material: Material }
  | { readonly kind: 'identity'; readonly material: IdentityMaterial; readonly grpcPort: number }
  | { readonly kind: 'tokens'; readonly material: TokenMaterial; readonly grpcPort: number };

/** What the process of a service tells: where it listens, then how it fares each time it is asked. */
export type ServerMessage =
  | { readonly kind: 'ready'; readonly port: number; readonly corpus: Corpus }
  | { readonly kind: 'state'; readonly heap: number; readonly resident: number; readonly failures: readonly string[] };

/** A service in a process of its own. */
export interface FuzzedService {
  /** What it has logged; taken away as it is read. */
  readonly lines: Record<string, unknown>[];
  readonly port: number;
  readonly corpus: Corpus;
  /** Looks at what must not have changed; what has, is a failure. */
  readonly look?: () => Promise<readonly string[]>;
}

/** pino's level of errors. */
const ERROR = 'error';

function tell(message: ServerMessage): void {
  // A parent that has heard enough may be gone meanwhile.
  if (process.connected) process.send?.(message, () => {});
}

/** Tells the parent that the service is ready, then how it fares, and ends the process with the parent. */
export function reportTo({ lines, port, corpus, look = async () => [] }: FuzzedService, dispose: () => Promise<void>): void {
  const failures: string[] = [];
  // Lines are looked through and dropped, else they would be what fills the memory.
  const readLog = (): void => {
    for (const line of lines) if (line['level'] === ERROR || Number(line['level']) >= 50) failures.push(JSON.stringify(line));
    lines.length = 0;
  };
  const tellState = async (): Promise<void> => {
    failures.push(...(await look()));
    readLog();
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    tell({ kind: 'state', heap: heapUsed, resident: rss, failures: failures.splice(0) });
  };
  process.on('message', () => void tellState());
  process.once('disconnect', () => void dispose().finally(() => process.exit()));
  setInterval(readLog, 200).unref();
  tell({ kind: 'ready', port, corpus });
}
