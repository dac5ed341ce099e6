import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { KeyUpdate } from '../../examples/demo/device.ts';
import type { LoadClient } from './client.ts';

const BODY = '{"Success":"Public key updated"}';
const END_OF_HEAD = '\r\n\r\n';

/** HTTP/1.1 by hand: a connection for each lane, kept alive, and no more of the answer read than its check needs. */
export class RestClient implements LoadClient<Buffer> {
  readonly #host: string;
  readonly #port: number;
  readonly #count: number;
  #lanes: Lane[] = [];

  constructor(host: string, port: number, lanes: number) {
    this.#host = host;
    this.#port = port;
    this.#count = lanes;
  }

  async open(): Promise<void> {
    this.#lanes = Array.from({ length: this.#count }, () => new Lane(this.#host, this.#port));
    await Promise.all(this.#lanes.map((lane) => lane.connected()));
  }

  close(): void {
    for (const lane of this.#lanes) lane.close();
  }

  encode({ jwt, pop }: KeyUpdate): Buffer {
    const body = JSON.stringify({ pop });
    const head = ['POST /device/update/pubkey HTTP/1.1', `Host: ${this.#host}:${this.#port}`, `Authorization: ${jwt}`];
    const type = ['Content-Type: application/json', `Content-Length: ${body.length}`];
    return Buffer.from([...head, ...type, '', body].join('\r\n'), 'latin1');
  }

  send(lane: number, request: Buffer): Promise<void> {
    const own = this.#lanes[lane];
    if (own === undefined) throw new Error(`no lane ${lane}`);
    return own.send(request);
  }
}

class Lane {
  readonly #socket: Socket;
  #answer = '';
  #waiting: PromiseWithResolvers<void> | undefined;

  constructor(host: string, port: number) {
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
    const isRight = this.#answer.startsWith('HTTP/1.1 200 ') && body === BODY && !/\r\nidempotent-replayed:/i.test(this.#answer);
    if (isRight) this.#waiting?.resolve();
    else this.#fail(`not the answer to a rotation:\n${this.#answer}`);
  }

  #fail(message: string): void {
    this.#waiting?.reject(new Error(message));
  }
}
