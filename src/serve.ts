import { build } from './app.ts';
import type { App } from './app.ts';
import { ConfigError, readConfig } from './config/index.ts';
import type { Environment } from './config/index.ts';
import { boundHeap } from './heap.ts';

/** Exit codes of the service: 0 after a signal, 1 if it cannot start, 2 for bad settings. */
const FAILED = 1;
const BAD_SETTINGS = 2;

/** From when on another signal is meant as another one, milliseconds. */
const SECOND_SIGNAL = 1_000;

/**
 * Runs the service until SIGTERM or SIGINT and drains it. Returns the exit
 * code. A second signal ends the process at once.
 */
export async function serve(environment: Environment): Promise<number> {
  const signalled = nextSignal();
  // A reader of the ready line that has gone away is no fault of the service.
  process.stdout.on('error', () => {});
  try {
    await using app = await build(readConfig(environment));
    announce(app);
    boundHeap();
    await signalled;
    return 0;
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`keyturn: bad settings\n${error.message.replaceAll(/^/gm, '  ')}\n`);
      return BAD_SETTINGS;
    }
    process.stderr.write(`keyturn: ${error instanceof Error ? error.message : String(error)}\n`);
    return FAILED;
  }
}

function announce({ http, grpc, operator, store, hasTls }: App): void {
  const places = [`http=${hasTls ? 'https' : 'http'}://${format(http)}`, `grpc=${format(grpc)}`, `store=${store}`];
  if (operator !== undefined) places.push(`operator=${format(operator)}`);
  process.stdout.write(`keyturn ready ${places.join(' ')}\n`);
}

function format({ host, port }: App['http']): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function nextSignal(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | undefined;
    const onSignal = (): void => {
      first ??= performance.now();
      // At a terminal npm passes on what the terminal has sent already: that is one signal, not two.
      if (performance.now() - first > SECOND_SIGNAL) process.exit(FAILED);
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
