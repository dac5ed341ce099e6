import assert from 'node:assert/strict';
import { assertAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import { UPDATE, assertUntouched, makeUpdate } from './harness.ts';
import type { Update, WireRequest } from './harness.ts';
import { restOnly, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

const FORM = 'application/x-www-form-urlencoded';
const padded = (size: number) => ({ pop }: Update): WireRequest => {
  const bare = JSON.stringify({ x: '', pop }).length;
  return { body: JSON.stringify({ x: 'x'.repeat(size - bare), pop }) };
};
const form = (size: number) => ({ pop }: Update): WireRequest => ({ type: FORM, body: `pop=${encodeURIComponent(pop)}&x=`.padEnd(size, 'x') });
const badJwt = (request: (update: Update) => WireRequest) => (update: Update): WireRequest => ({ ...request(update), authorization: 'not a JWT' });
const chunked = (request: (update: Update) => WireRequest) => (update: Update): WireRequest => ({ ...request(update), chunk: 4096 });

const SIZES: readonly Row[] = restOnly([
  { name: '16384 bytes of JSON', want: 'OK', request: padded(16_384) },
  { name: '16385 bytes of JSON', want: 'E400', request: padded(16_385) },
  { name: '16384 bytes of form', want: 'OK', request: form(16_384) },
  { name: '16385 bytes of form', want: 'E400', request: form(16_385) },
  { name: '16384 bytes in chunks', want: 'OK', request: chunked(padded(16_384)) },
  { name: '16385 bytes in chunks', want: 'E400', request: chunked(padded(16_385)) },
  { name: '16384 bytes and no good JWT', want: 'E401', request: badJwt(padded(16_384)) },
  { name: '16385 bytes and no good JWT', want: 'E400', request: badJwt(padded(16_385)) },
  { name: '16385 bytes in chunks and no good JWT', want: 'E400', request: badJwt(chunked(padded(16_385))) },
  { name: '16385 bytes and no JWT at all', want: 'E400', request: (update) => ({ ...padded(16_385)(update), authorization: undefined }) },
  { name: '16385 bytes of another type', want: 'E400', request: (update) => ({ ...padded(16_385)(update), type: 'text/plain' }) },
  { name: '16385 bytes at an unknown path', want: 'E404', request: (update) => ({ ...padded(16_385)(update), target: `${UPDATE}/x` }) },
  { name: '100 000 bytes', want: 'E400', request: padded(100_000) },
]);

describe('section 4: the body limit', () => {
  const bench = withBench();
  runRows(bench, SIZES);

  it('E400 grpc: a message of 16385 bytes, whatever the JWT; one of 16384 is read', async () => {
    const device = await bench().device();
    const { jwt, pop } = makeUpdate(device);
    for (const [size, authorization, want] of [
      [16_385, jwt, 'E400'],
      [16_385, 'not a JWT', 'E400'],
      [16_384, 'not a JWT', 'E401'],
      [16_384, jwt, 'OK'],
    ] as const) {
      const known = Buffer.concat([Buffer.from([0x0a, pop.length]), Buffer.from(pop)]);
      // An unknown field fills it up: its key is one byte, its length two.
      const rest = size - known.length - 3;
      const body = Buffer.concat([known, Buffer.from([0x7a, (rest & 0x7f) | 0x80, rest >> 7]), Buffer.alloc(rest)]);
      assert.equal(body.length, size);
      assertAnswer(await bench().send('grpc', { authorization, body }), want);
    }
  });

  it('E400 rest: 4 MiB, by length and in chunks, is answered and not just cut off', async () => {
    const device = await bench().device();
    const { jwt } = makeUpdate(device);
    const body = 'x'.repeat(4 << 20);
    for (const chunk of [undefined, 65_536]) {
      const answer: Answer = await bench().send('rest', { authorization: jwt, body, ...(chunk === undefined ? {} : { chunk }) });
      assertAnswer(answer, 'E400');
    }
    await assertUntouched(bench(), device);
  });

  it('E400 rest: a length beyond the limit is answered before the body is there', async () => {
    const lines = [`POST ${UPDATE} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', 'Content-Length: 20000', '', ''];
    const text = await bench().rest.raw(lines.join('\r\n') + 'x'.repeat(16_385));
    assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n/);
  });
});
