import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { HEADERS_TOO_LARGE, MALFORMED, MOST_HEADER_BYTES, TARGET_TOO_LONG } from '../../../../src/transport/rest/framing/defect.ts';
import { Framing } from '../../../../src/transport/rest/framing/framing.ts';
import { REFUSED, TAKEN } from '../../../transcoder/shapes.ts';

/** What of these pieces is refused, and whether a request is left unfinished. */
function follow(...pieces: string[]): Framing {
  const framing = new Framing();
  for (const piece of pieces) framing.follow(Buffer.from(piece, 'latin1'));
  return framing;
}

/** A head of so many bytes. */
function headOf(size: number): string {
  const start = 'GET /idp/x?y HTTP/1.1\r\nX: ';
  return `${start}${'x'.repeat(size - start.length - 4)}\r\n\r\n`;
}

describe('what is followed of raw bytes', () => {
  for (const [name, bytes] of TAKEN) {
    it(`is whole wherever it is cut: ${name}`, () => {
      for (let cut = 0; cut <= bytes.length; cut += 1) {
        const framing = follow(bytes.slice(0, cut), bytes.slice(cut) + bytes);
        assert.deepEqual([framing.defect, framing.isWithin], [undefined, false], `cut at ${cut}`);
      }
      assert.equal(follow(...Array.from(bytes.repeat(2))).isWithin, false);
    });
  }

  it('refuses the same wherever it is cut', () => {
    for (const [name, bytes] of REFUSED) {
      const whole = follow(bytes).defect;
      for (let cut = 1; cut < bytes.length; cut += 1) assert.equal(follow(bytes.slice(0, cut), bytes.slice(cut)).defect, whole, `${name}, cut at ${cut}`);
    }
  });

  it('tells where the refused bytes begin, and refuses all after them', () => {
    const good = 'GET / HTTP/1.1\r\n\r\n';
    const framing = new Framing();
    assert.equal(framing.follow(Buffer.from(`${good}GET / HTTP/1.1\r\n`)), -1);
    assert.equal(framing.follow(Buffer.from(`\r\n${good}GET  / HTTP/1.1\r\n\r\n`)), 2 + good.length);
    assert.equal(framing.follow(Buffer.from(good)), 0);
    assert.equal(framing.defect, MALFORMED);
  });

  it('knows whether a request is left unfinished', () => {
    for (const part of ['G', 'GET / HTTP/1.1\r\n\r', '\r', 'POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n']) {
      assert.equal(follow(part).isWithin, true, JSON.stringify(part));
    }
    assert.equal(follow('').isWithin, false);
  });

  it('takes a head of 16 KiB and no larger one, in one piece or in many', () => {
    for (const cut of [1, 100, 16_383, 20_000]) {
      const [longest, longer] = [headOf(MOST_HEADER_BYTES), headOf(MOST_HEADER_BYTES + 1)];
      assert.equal(follow(longest.slice(0, cut), longest.slice(cut)).defect, undefined);
      const refused = follow(longer.slice(0, cut), longer.slice(cut));
      assert.deepEqual([refused.defect, refused.target], [HEADERS_TOO_LARGE, '/idp/x?y']);
    }
    assert.equal(follow('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', `X: ${'x'.repeat(MOST_HEADER_BYTES)}`).defect, HEADERS_TOO_LARGE);
  });

  it('tells a target that is too long from headers that are', () => {
    const refused = follow(`GET /v1/${'x'.repeat(MOST_HEADER_BYTES)}`);
    assert.deepEqual([refused.defect, refused.target.startsWith('/v1/xxx')], [TARGET_TOO_LONG, true]);
  });

  it('takes 16 requests, or 512 chunks, of one read', () => {
    const request = 'GET / HTTP/1.1\r\n\r\n';
    const head = 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n';
    for (const [bytes, isTorrent] of [[request.repeat(16), false], [request.repeat(17), true], [head + '1\r\na\r\n'.repeat(512), false], [head + '1\r\na\r\n'.repeat(513), true]] as const) {
      assert.equal(follow(bytes).isTorrent, isTorrent);
    }
  });
});
