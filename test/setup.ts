/** Counts the tests of the whole run and prints the closing line that CI reads. */
const counts = { passed: 0, failed: 0, skipped: 0 };

export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    const test = this.currentTest;
    if (test?.state === 'passed') counts.passed += 1;
    else if (test?.state === 'failed') counts.failed += 1;
  },
};

export function mochaGlobalTeardown(this: Mocha.Runner): void {
  counts.failed = this.stats?.failures ?? counts.failed;
  counts.passed = this.stats?.passes ?? counts.passed;
  counts.skipped = this.stats?.pending ?? 0;
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
}
