import { percentile } from '../statistics.ts';
import type { LoadClient } from './client.ts';
import type { LoadResult } from './protocol.ts';

/**
 * The timed part: each lane sends what `next` gives it, one request after the
 * other. Ends for all lanes when one has nothing left: with fewer in flight it
 * would be another measurement.
 */
export async function sendFor<Request>(
  seconds: number,
  lanes: number,
  client: Pick<LoadClient<Request>, 'open' | 'send' | 'close'>,
  next: (lane: number) => Request | undefined,
): Promise<LoadResult> {
  await client.open();
  try {
    return await run(seconds, lanes, client, next);
  } finally {
    client.close();
  }
}

async function run<Request>(
  seconds: number,
  lanes: number,
  client: Pick<LoadClient<Request>, 'send'>,
  next: (lane: number) => Request | undefined,
): Promise<LoadResult> {
  const latencies: number[] = [];
  const start = performance.now();
  let end = start + seconds * 1000;
  const sendAll = async (lane: number): Promise<void> => {
    for (let at = start; at < end; ) {
      const request = next(lane);
      if (request === undefined) {
        end = 0;
        return;
      }
      const sent = performance.now();
      await client.send(lane, request);
      at = performance.now();
      latencies.push(at - sent);
    }
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => sendAll(lane)));
  const elapsed = (performance.now() - start) / 1000;
  return { calls: latencies.length, seconds: elapsed, p50: percentile(latencies, 50), p99: percentile(latencies, 99) };
}
