import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { openLine, until } from '../limits/fixtures.ts';
import type { RawLine } from '../limits/fixtures.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const REQUEST = 'GET /edge/wait HTTP/1.1\r\nHost: a\r\n\r\n';
/** More than the kernel takes for a caller that does not read. */
const LARGE = 20_000_000;
/** Far below the time after which an idle connection is closed. */
const PROMPT = 10_000;

describe('connections whose answer is on its way as the service stops', () => {
  let transcoder: TestTranscoder;
  let calls = 0;

  beforeEach(async () => {
    calls = 0;
    transcoder = await startTranscoder({
      '/transcoder.v1.EdgeService/Wait': async (request: object) => {
        calls += 1;
        return { ...request, aString: 'x'.repeat(LARGE) };
      },
    });
  });
  afterEach(() => transcoder[Symbol.asyncDispose]());

  /** A caller that reads nothing yet, and whose answer has begun. */
  async function slowLine(behind = ''): Promise<RawLine> {
    const line = await openLine(Number(new URL(transcoder.url).port));
    line.socket.pause();
    line.socket.write(REQUEST + behind);
    await until(() => calls === 1 && transcoder.load().running === 0, 'the answer is on its way');
    return line;
  }

  it('are closed once it is out, although its head has said that they stay', async () => {
    const line = await slowLine();
    const stopped = transcoder.stop(PROMPT);
    line.socket.resume();
    await stopped;
    await until(line.isClosed, 'the connection is closed');
    assert.match(line.text(), /^HTTP\/1\.1 200 OK\r\n[^]*\r\nConnection: keep-alive\r\n/);
    assert.match(line.text().slice(-20), /x"\}$/);
  });

  it('still tell what was wrong with the bytes behind', async () => {
    const line = await slowLine('no request\r\n\r\n');
    const stopped = transcoder.stop(PROMPT);
    line.socket.resume();
    await stopped;
    await until(line.isClosed, 'the connection is closed');
    assert.match(line.text().slice(LARGE), /x"\}HTTP\/1\.1 400 /);
  });
});
