import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'mocha';
import { MOST_HEADER_BYTES } from '../../../../src/transport/rest/framing/defect.ts';
import { Framing } from '../../../../src/transport/rest/framing/framing.ts';
import { watchFraming } from '../../../../src/transport/rest/framing/watch.ts';
import { Random, seedOf } from '../../../fuzz/random.ts';
import { OFFERS, REFUSED, TAKEN } from '../../../transcoder/shapes.ts';

const SEED = 20;
const STREAMS = 800;
const SHAPES = [...TAKEN, ...OFFERS, ...REFUSED].map(([, bytes]) => bytes);
/** What is put into a stream. */
const PIECES = [
  '\r', '\n', '\r\n', ' ', '\t', ':', ';', ',', '0', '1', 'f', '\0', '\x0b', '\x85', '\r\n\r\n', '0\r\n\r\n', 'Upgrade: h2c\r\n', 'Connection: upgrade\r\n',
  'Content-Length: 3\r\n', 'Content-Length: \x0b3\r\n', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding:\r\n', 'CONNECT ',
];

/** Up to five shapes in a row, the first of which may have something put in or taken out. */
function streamOf(random: Random): Buffer {
  let text = '';
  for (let count = 1 + random.below(3); count > 0; count -= 1) text += random.pick(SHAPES);
  for (let count = random.below(3); count > 0; count -= 1) {
    const at = random.below(text.length);
    text = text.slice(0, at) + random.pick(PIECES) + text.slice(at + random.below(3));
  }
  return Buffer.from(text + random.pick(TAKEN)[1] + random.pick(TAKEN)[1], 'latin1');
}

function split(bytes: Buffer, size: () => number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 0) pieces.push(bytes.subarray(at, at + size()));
  return pieces;
}

interface Served {
  /** The target and the body of each request that came whole. */
  readonly requests: readonly string[];
  readonly hasFailed: boolean;
  readonly framing: Framing;
}

/** What node's server makes of a stream, with the framing followed or alone. */
async function serve(pieces: readonly Buffer[], isWatched: boolean): Promise<Served> {
  const requests: string[] = [];
  let hasFailed = false;
  const server = createServer({ maxHeaderSize: MOST_HEADER_BYTES, requireHostHeader: false }, (request, response) => {
    let text = `${request.url}\n`;
    request.on('data', (chunk: Buffer) => void (text += chunk.toString('latin1')));
    // Without its version a request is refused for want of a Host.
    request.on('end', () => void (request.httpVersionMajor === 1 && requests.push(text)));
    request.on('error', () => {});
    response.end();
  });
  server.on('clientError', () => void (hasFailed = true));
  const [caller, socket] = duplexPair();
  caller.resume();
  server.emit('connection', socket);
  const framing = isWatched ? watchFraming(socket, () => {}) : new Framing();
  for (const piece of pieces) {
    if (framing.defect !== undefined || framing.isCut) break;
    caller.write(Buffer.from(piece));
    await turn();
  }
  await turn();
  caller.destroy();
  socket.destroy();
  server.close();
  return { requests, hasFailed, framing };
}

/** How many requests are whole before the first byte that is refused, byte for byte, and that byte. */
function follow(bytes: Buffer): { framing: Framing; count: number; refused: number } {
  const framing = new Framing();
  let count = 0;
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (framing.follow(bytes.subarray(at, at + 1)) >= 0) return { framing, count, refused: at };
    if (framing.isWithin) continue;
    // An empty line is whole, too.
    if (at - start > 1) count += 1;
    start = at + 1;
  }
  return { framing, count, refused: bytes.length };
}

describe('the framing and the parser of node', () => {
  it('take the same bytes for the same requests, wherever they are cut', async () => {
    for (let index = 0; index < STREAMS; index += 1) {
      const random = new Random(seedOf(SEED, index));
      const bytes = streamOf(random);
      const { framing, count, refused } = follow(bytes);
      const alone = await serve(split(bytes.subarray(0, refused), () => 1), false);
      const told = `seed ${SEED}, stream ${index}: ${JSON.stringify(bytes.toString('latin1'))}`;
      const isLast = /HTTP\/1\.0|connection:\s*close/i.test(bytes.toString('latin1'));
      assert.ok(alone.requests.length === count || ((alone.hasFailed || isLast) && alone.requests.length < count), `${count} requests, of which node has ${alone.requests.length}; ${told}`);
      for (const size of [() => bytes.length, () => 1 + random.below(200), () => 1 + random.below(4)]) {
        const watched = await serve(split(bytes, size), true);
        const isCut = watched.framing.isCut || watched.framing.isTorrent;
        assert.deepEqual(watched.requests, isCut ? alone.requests.slice(0, watched.requests.length) : alone.requests, told);
        if (!isCut) assert.equal(watched.framing.defect, framing.defect, told);
      }
    }
  });
});
