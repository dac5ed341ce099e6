import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it has arrived. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
  /** Answers from now on. */
  answer: (response: ServerResponse, request: Received) => void;
}

export const WEBHOOK_KEY = Buffer.alloc(32, 9);

/** Starts a receiver of webhooks, which answers 204 until it is told otherwise. Disposing of it closes its connections. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const listen: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      received.push(one);
      receiver.answer(response, one);
    });
  };
  const server = createServer(listen).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    answer: (response) => void response.writeHead(204).end(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
}

/** Settings with which texts and logins go to a receiver. */
export function webhookSettings({ url }: { readonly url: string }): Record<string, string> {
  return { KEYTURN_SMS_WEBHOOK_URL: url, KEYTURN_PUSH_WEBHOOK_URL: `${url}/push`, KEYTURN_WEBHOOK_KEY: `whsec_${WEBHOOK_KEY.toString('base64')}` };
}
