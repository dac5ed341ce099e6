import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { pause } from '../faults/fixtures/child.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { tcp, tls, untilEnd } from './fixtures/sockets.ts';
import { tlsFolder } from './fixtures/tls_folder.ts';
import type { TlsFolder } from './fixtures/tls_folder.ts';

const CALLERS = 200;
const LIVE = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';
const LIST = `GET /v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\n\r\n`;

function answersIn(text: string): number {
  return text.split('HTTP/1.1 200 OK').length - 1;
}

describe('many answers at once', () => {
  let folder: TlsFolder;
  let service: TestService;
  before(async () => {
    folder = tlsFolder();
    service = await startService({ settings: folder.settings });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('over TLS leave every connection open that takes its own', async () => {
    const options = { ca: folder.ca.cert };
    const sockets: Socket[] = await Promise.all(Array.from({ length: CALLERS }, () => tls(service.app.http.port, options)));
    const answered = sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve)));
    for (const socket of sockets) socket.write(LIVE);
    await Promise.all(answered);
    await pause(200);
    assert.equal(sockets.filter(({ closed, destroyed }) => closed || destroyed).length, 0);
    for (const socket of sockets) socket.destroy();
  });
});

describe('pipelined requests during a drain', () => {
  it('are all answered, and then the connection ends', async () => {
    const service = await startService({ settings: { KEYTURN_DRAIN_DELAY: '2' } });
    const socket = await tcp(service.app.http.port);
    socket.write(LIST);
    await new Promise((resolve) => socket.once('data', resolve));
    const stopped = service[Symbol.asyncDispose]();
    const said = untilEnd(socket);
    socket.write(LIST.repeat(3));
    assert.equal(answersIn(await said), 3);
    await stopped;
  });
});
