import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What a request is besides its target and its body. */
interface RequestForm {
  readonly method: string;
  /** Content-Type; undefined: none. */
  readonly type: string | undefined;
}

const POST_JSON: RequestForm = { method: 'POST', type: 'application/json' };
const END_OF_HEAD = '\r\n\r\n';

/** HTTP/1.1 by hand: a connection for each lane, kept alive, and no more of the answer read than its check needs. */
export class HttpLanes {
  readonly #host: string;
  readonly #port: number;
  readonly #count: number;
  readonly #isRight: (answer: string, body: string) => boolean;
  #lanes: Lane[] = [];

  /** `isRight` tells of an answer with status 200, given whole and as its body, whether it is the one that is wanted. */
  constructor(host: string, port: number, count: number, isRight: (answer: string, body: string) => boolean) {
    this.#host = host;
    this.#port = port;
    this.#count = count;
    this.#isRight = isRight;
  }

  async open(): Promise<void> {
    this.#lanes = Array.from({ length: this.#count }, () => new Lane(this.#host, this.#port, this.#isRight));
    await Promise.all(this.#lanes.map((lane) => lane.connected()));
  }

  close(): void {
    for (const lane of this.#lanes) lane.close();
  }

  /** A request in bytes, a POST of a JSON body unless told. */
  encode(path: string, body: string, headers: readonly string[] = [], { method, type }: RequestForm = POST_JSON): Buffer {
    const head = [`${method} ${path} HTTP/1.1`, `Host: ${this.#host}:${this.#port}`, ...headers];
    if (type !== undefined) head.push(`Content-Type: ${type}`);
    return Buffer.from([...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'), 'latin1');
  }

  /** Resolves on the right answer; rejects with any other. */
  send(lane: number, request: Buffer): Promise<void> {
    const own = this.#lanes[lane];
    if (own === undefined) throw new Error(`no lane ${lane}`);
    return own.send(request);
  }
}

class Lane {
  readonly #socket: Socket;
  readonly #isRight: (answer: string, body: string) => boolean;
  #answer = '';
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(host: string, port: number, isRight: (answer: string, body: string) => boolean) {
    this.#isRight = isRight;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#read(text));
    this.#socket.on('error', (error) => this.#fail(error.message));
    this.#socket.on('close', () => this.#fail('the server closed the connection'));
  }

  async connected(): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect');
  }

  close(): void {
    this.#socket.destroy();
  }

  send(request: Buffer): Promise<void> {
    if (!this.#socket.writable) throw new Error('the server closed the connection');
    this.#answer = '';
    this.#waiting = Promise.withResolvers();
    this.#socket.write(request);
    return this.#waiting.promise;
  }

  #read(text: string): void {
    this.#answer += text;
    const head = this.#answer.indexOf(END_OF_HEAD);
    if (head < 0) return;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#answer)?.[1];
    const body = this.#answer.slice(head + END_OF_HEAD.length);
    if (length !== undefined && body.length < Number(length)) return;
    if (this.#answer.startsWith('HTTP/1.1 200 ') && this.#isRight(this.#answer, body)) this.#waiting?.resolve();
    else this.#fail(`not the right answer:\n${this.#answer}`);
  }

  #fail(message: string): void {
    this.#waiting?.reject(new Error(message));
  }
}
