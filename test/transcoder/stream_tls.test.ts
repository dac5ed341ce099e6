import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { readTlsFiles } from '../../src/tls_files.ts';
import { until } from '../limits/fixtures.ts';
import { tls, untilEnd, untilMatch } from '../transport/fixtures/sockets.ts';
import { tlsFolder } from '../transport/fixtures/tls_folder.ts';
import type { TlsFolder } from '../transport/fixtures/tls_folder.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';
import { WATCH } from './stream_callers.ts';

describe('streams over REST with TLS', () => {
  let folder: TlsFolder;
  let transcoder: TestTranscoder;
  before(() => {
    folder = tlsFolder();
  });
  beforeEach(async () => {
    const { KEYTURN_TLS_CERT: cert = '', KEYTURN_TLS_KEY: key = '' } = folder.settings;
    transcoder = await startTranscoder({ [WATCH]: watch }, { tls: readTlsFiles({ cert, key, clientCa: undefined }) });
  });
  afterEach(() => transcoder[Symbol.asyncDispose]());
  after(() => folder[Symbol.dispose]());

  async function watching(): Promise<Socket> {
    const socket = await tls(Number(new URL(transcoder.url).port), { ca: folder.ca.cert });
    socket.write('GET /stream/events HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(await untilMatch(socket, /"eventNumber":1/), /\r\nStrict-Transport-Security: /);
    return socket;
  }

  it('end when the caller goes away', async () => {
    const socket = await watching();
    assert.equal(transcoder.load().streams, 1);
    socket.destroy();
    await until(() => transcoder.load().streams === 0, 'the stream has ended', 1_000);
  });

  it('end with a last line and the connection when the service does', async () => {
    const socket = await watching();
    const said = untilEnd(socket);
    await transcoder.stop(5_000);
    assert.match(await said, /^[0-9a-f]+\r\n\{"error":\{"code":14,"message":"unavailable\."[^\n]*\}\n\r\n0\r\n\r\n$/);
  });
});

async function* watch(_request: object, { signal }: Call): AsyncGenerator<object> {
  yield { eventNumber: 1, word: '', load: Buffer.alloc(0) };
  await once(signal, 'abort');
}
