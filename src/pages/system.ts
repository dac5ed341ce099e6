import type { Metrics } from '../metrics.ts';
import type { Readiness } from '../readiness.ts';
import type { Page } from '../transport/rest/handler.ts';

type Shown = Awaited<ReturnType<Page>>;

const TEXT = 'text/plain; charset=utf-8';

/** Time that may be spent on making a page: at once, milliseconds, and of all time. */
const BUDGET = { most: 500, share: 0.1 };

/** The pages beside the API: whether the process lives, whether it can work, and its metrics. */
export function systemPages(readiness: Readiness, metrics: Metrics): ReadonlyMap<string, Page> {
  return new Map<string, Page>([
    ['/livez', async () => ({ status: 200, contentType: TEXT, body: 'ok' })],
    [
      '/readyz',
      async () =>
        (await readiness.check())
          ? { status: 200, contentType: TEXT, body: 'ok' }
          : { status: 503, contentType: TEXT, body: 'not ready: the database does not answer, or the service is stopping' },
    ],
    ['/metrics', bounded(() => metricsPage(metrics))],
  ]);
}

async function metricsPage(metrics: Metrics): Promise<Shown> {
  const { contentType, text } = await metrics.expose();
  return { status: 200, contentType, body: text };
}

/** Makes a page once for all who ask at the same time, and shows the last one again while making it takes too much of the time. */
function bounded(make: () => Promise<Shown>): Page {
  let last: Promise<Shown> | undefined;
  let isMaking = false;
  let budget = BUDGET.most;
  let looked = performance.now();
  return () => {
    const now = performance.now();
    budget = Math.min(BUDGET.most, budget + (now - looked) * BUDGET.share);
    looked = now;
    if (last !== undefined && (isMaking || budget <= 0)) return last;
    isMaking = true;
    last = make().finally(() => {
      isMaking = false;
      budget -= performance.now() - now;
    });
    return last;
  };
}
