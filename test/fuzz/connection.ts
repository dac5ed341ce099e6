import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { Framing } from '../../src/transport/rest/framing/framing.ts';
import { readAnswers } from './answers.ts';
import type { FuzzAnswer } from './answers.ts';
import type { FuzzCase } from './case.ts';

/** How long the last answer may take, and with it the end of the connection, milliseconds. */
const MOST_WAIT = 8_000;
/** How long a request that is not whole is left open, milliseconds. */
const SHORT_WAIT = 5;
/** Headers that every answer has. */
const ALWAYS = ['cache-control', 'content-security-policy', 'referrer-policy', 'x-content-type-options'];

/** What came over a connection, and how it ended. */
interface Exchange {
  readonly bytes: Buffer;
  readonly end: 'closed' | 'reset' | 'open';
}

/** Throws an Error that says what is wrong with a refusal. */
export type CheckRefusal = (status: number, body: string) => void;

/** Sends a case over a connection of its own. Returns how many answers came; throws an Error that says what is wrong with them. */
export async function tryCase(port: number, fuzzCase: FuzzCase, checkRefusal?: CheckRefusal): Promise<number> {
  const isOpen = isLeftOpen(fuzzCase);
  const { bytes, end } = await exchange(port, fuzzCase, isOpen ? SHORT_WAIT : MOST_WAIT);
  const mayBeCut = (end === 'open' && isOpen) || (end === 'reset' && !fuzzCase.isWhole);
  if (end === 'open' && !isOpen) throw new Error(`the connection is open after ${MOST_WAIT} ms; it said ${JSON.stringify(bytes.toString('latin1'))}`);
  const answers = readAnswers(bytes, mayBeCut);
  for (const answer of answers) {
    check(answer, fuzzCase);
    if (answer.status >= 400 && answer.status < 500 && answer.body !== '') checkRefusal?.(answer.status, answer.body);
  }
  if (fuzzCase.isWhole && answers.length !== fuzzCase.requests + 1) {
    throw new Error(`${answers.length} answers to ${fuzzCase.requests + 1} requests: ${answers.map(({ status }) => status).join(' ')}`);
  }
  return answers.length;
}

/** Whether the service is right to wait for more: what came before has swallowed the last request, which asks for the end. */
function isLeftOpen({ pieces, last }: FuzzCase): boolean {
  const framing = new Framing();
  const bytes = Buffer.concat(pieces);
  framing.follow(bytes.subarray(0, last));
  const isSwallowed = framing.isWithin;
  framing.follow(bytes.subarray(last));
  return framing.defect === undefined && isSwallowed;
}

function exchange(port: number, { pieces }: FuzzCase, patience: number): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    let timer = setTimeout(() => give('open'), MOST_WAIT);
    const give = (end: Exchange['end']): void => {
      clearTimeout(timer);
      // A reset leaves no port behind.
      socket.resetAndDestroy();
      resolve({ bytes: Buffer.concat(chunks), end });
    };
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.once('end', () => give('closed'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return give('reset');
      clearTimeout(timer);
      reject(error);
    });
    void send(socket, pieces).then(() => {
      clearTimeout(timer);
      if (!socket.destroyed) timer = setTimeout(() => give('open'), patience);
    });
  });
}

/** Each piece in a turn of its own, so that most are read by themselves. */
async function send(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    await turn();
  }
}

function check({ status, headers, body }: FuzzAnswer, { pieces }: FuzzCase): void {
  // That of a deadline that was asked for is the caller's own doing.
  if (status >= 500 && !((status === 504 || status === 500) && /grpc-timeout/i.test(Buffer.concat(pieces).toString('latin1')))) throw new Error(`status ${status}: ${body}`);
  for (const name of ALWAYS) if (!headers.has(name)) throw new Error(`${status} without ${name}`);
  if (!headers.has('x-request-id')) throw new Error(`${status} without X-Request-ID`);
  // A body that was sent back may have any form under any name.
  if (body !== '' && status >= 400) JSON.parse(body);
}
