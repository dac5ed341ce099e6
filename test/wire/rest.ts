import { Agent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { assertDocumented } from '../openapi/answers.ts';
import { assertAllowed } from '../openapi/requests.ts';
import type { Asked } from '../openapi/requests.ts';
import type { Answer } from './answer.ts';

export interface RestRequest {
  readonly method?: string;
  /** The raw target. */
  readonly target: string;
  /** In this order and spelling, repeated ones too. Host and the framing of the body are added unless given. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer | undefined;
  /** Sends the body in chunks of this size, without Content-Length. */
  readonly chunk?: number;
}

/** Looks at an answer; throws an Error if it is not as it has to be. */
type Look = (method: string, target: string, answer: Answer, asked: Asked) => void;

/** Answers are as gen/openapi.json says, and what was done is what it allows. */
function lookByDocument(method: string, target: string, answer: Answer, asked: Asked): void {
  assertDocumented(method, target, answer);
  if (answer.status < 300) assertAllowed(asked);
}

/** Speaks HTTP/1.1 to one service, over connections that stay open. It keeps to gen/openapi.json, unless `look` looks at something else. */
export class RestClient implements Disposable {
  readonly #url: URL;
  readonly #look: Look;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(url: string, look: Look = lookByDocument) {
    this.#url = new URL(url);
    this.#look = look;
  }

  send({ method = 'POST', target, headers = [], body, chunk }: RestRequest): Promise<Answer> {
    const bytes = Buffer.from(body ?? '');
    const all = [['Host', this.#url.host], ...headers];
    if (chunk !== undefined) all.push(['Transfer-Encoding', 'chunked']);
    else if (body !== undefined || method === 'POST') all.push(['Content-Length', String(bytes.length)]);
    const { hostname: host, port } = this.#url;
    return new Promise((resolve, reject) => {
      const request = httpRequest({ host, port, method, path: target, headers: all.flat(), agent: this.#agent }, (response) => {
        read(response)
          .then((answer) => {
            this.#look(method, target, answer, { method, target, headers, body: bytes.toString() });
            return answer;
          })
          .then(resolve, reject);
      });
      request.once('error', reject);
      for (const part of partsOf(bytes, chunk ?? bytes.length)) request.write(part);
      request.end();
    });
  }

  /** Writes bytes to a new connection and takes what comes until it is closed: no answer is an empty text. */
  raw(bytes: string | Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port) });
      const chunks: Buffer[] = [];
      const give = (): void => resolve(Buffer.concat(chunks).toString('latin1'));
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.once('close', give);
      socket.once('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? give() : reject(error)));
      socket.setTimeout(5000, () => socket.destroy(new Error('the connection stays open without an answer')));
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    });
  }

  /** One request as text, lines by `\n`, with `Connection: close`. */
  async rawRequest(head: string, body = ''): Promise<Answer> {
    const lines = `${head}\nHost: ${this.#url.host}\nConnection: close\n\n`.replaceAll('\n', '\r\n');
    return parseAnswer(await this.raw(lines + body));
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function partsOf(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / Math.max(size, 1)) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

async function read(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return toAnswer(response.statusCode ?? 0, response.rawHeaders, Buffer.concat(chunks).toString());
}

export function parseAnswer(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...headers] = text.slice(0, end).split('\r\n');
  const pairs = headers.flatMap((header) => [header.slice(0, header.indexOf(':')), header.slice(header.indexOf(':') + 1).trim()]);
  return toAnswer(Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1] ?? 0), pairs, text.slice(end + 4));
}

interface RpcStatus {
  readonly details?: readonly { reason?: string; fieldViolations?: readonly { field: string }[] }[];
}

function toAnswer(status: number, rawHeaders: readonly string[], body: string): Answer {
  const headers = new Map<string, string[]>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[index + 1] ?? '']);
  }
  const details = status >= 400 && body.startsWith('{') ? ((JSON.parse(body) as RpcStatus).details ?? []) : [];
  const reason = details.find((detail) => detail.reason !== undefined)?.reason;
  const fields = details.flatMap((detail) => detail.fieldViolations ?? []).map((violation) => violation.field);
  return { wire: 'rest', status, reason, fields, body, headers };
}
