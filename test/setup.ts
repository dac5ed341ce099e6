import { stopServer } from './support/postgres.ts';

/** Ends what the run has started and prints the closing line that CI reads. */
export async function mochaGlobalTeardown(this: Mocha.Runner): Promise<void> {
  await stopServer();
  const { passes = 0, failures = 0, pending = 0 } = this.stats ?? {};
  process.stdout.write(`\n${passes} passed, ${failures} failed, ${pending} skipped\n`);
}
