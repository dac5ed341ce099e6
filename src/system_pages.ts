import type { Metrics } from './metrics.ts';
import type { Readiness } from './readiness.ts';
import type { Page } from './transport/rest/server.ts';

const TEXT = 'text/plain; charset=utf-8';

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
    [
      '/metrics',
      async () => {
        const { contentType, text } = await metrics.expose();
        return { status: 200, contentType, body: text };
      },
    ],
  ]);
}
