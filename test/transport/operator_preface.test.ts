import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { eventually, pause } from '../faults/fixtures/child.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ask, openConnections, tcp, untilEnd, untilMatch } from './fixtures/sockets.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
/** An empty SETTINGS frame (RFC 9113 section 6.5), which is how both sides begin. */
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const ACKNOWLEDGED = new RegExp(Buffer.from([0, 0, 0, 4, 1, 0, 0, 0, 0]).toString('latin1'));
const LIST = `GET /v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\nConnection: close\r\n\r\n`;

describe('the first bytes on an operator listener without TLS', () => {
  let service: TestService;
  let port: number;
  before(async () => {
    service = await startService({ settings: { KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0' } });
    port = service.app.operator?.port ?? 0;
  });
  after(() => service[Symbol.asyncDispose]());

  /** Sends parts with a pause between. */
  async function send(parts: readonly (string | Buffer)[]): ReturnType<typeof tcp> {
    const socket = await tcp(port);
    socket.setNoDelay(true);
    for (const part of parts) {
      socket.write(part);
      await pause(15);
    }
    return socket;
  }

  for (const start of ['P', 'PR']) {
    it(`${JSON.stringify(start)} and nothing more hurts nobody`, async () => {
      const socket = await send([start]);
      await pause(100);
      assert.equal((await ask(service.url, '/livez')).status, 200);
      socket.destroy();
      await eventually(async () => assert.equal((await openConnections(service.url))['operator'], 0));
    });

    it(`${JSON.stringify(start)} and the end of what is sent ends the connection`, async () => {
      const socket = await tcp(port);
      socket.end(start);
      assert.equal(await untilEnd(socket), '');
    });
  }

  it('cuts a connection that does not say what it is', async () => {
    const silent = await tcp(port);
    const slow = await send(['PR']);
    await Promise.all([untilEnd(silent, 15_000), untilEnd(slow, 15_000)]);
    assert.equal((await openConnections(service.url))['operator'], 0);
  }).timeout(30_000);

  for (const [name, parts] of Object.entries<readonly (string | Buffer)[]>({
    'byte by byte': [...PREFACE.split(''), SETTINGS],
    'in one piece': [PREFACE, SETTINGS],
    'with its first frame': [Buffer.concat([Buffer.from(PREFACE), SETTINGS])],
    'after P': ['P', PREFACE.slice(1), SETTINGS],
    'after PR': ['PR', PREFACE.slice(2), SETTINGS],
    'after PRI': ['PRI', PREFACE.slice(3), SETTINGS],
    'in the middle': [PREFACE.slice(0, 10), PREFACE.slice(10), SETTINGS.subarray(0, 5), SETTINGS.subarray(5)],
  })) {
    it(`takes the preface of HTTP/2 ${name}`, async () => {
      const socket = await send(parts);
      const answer = await untilMatch(socket, ACKNOWLEDGED);
      assert.equal(answer.charCodeAt(3), 4, 'SETTINGS, and then the acknowledgement of ours');
      socket.destroy();
    });
  }

  for (const [name, parts] of Object.entries<readonly string[]>({ 'byte by byte': LIST.split(''), 'in one piece': [LIST], 'after GE': ['GE', LIST.slice(2)] })) {
    it(`takes HTTP/1.1 ${name}`, async () => assert.match(await untilEnd(await send(parts)), /^HTTP\/1\.1 200 OK\r\n[^]*"projects"/));
  }

  for (const method of ['POST', 'PUT', 'PATCH', 'PROPFIND', 'PURGE']) {
    it(`takes ${method}, which begins as HTTP/2 does`, async () => {
      const text = `${method} /v1/projects HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`;
      for (const cut of [1, 2, 3, 4]) {
        const answer = await untilEnd(await send([text.slice(0, cut), text.slice(cut)]));
        assert.match(answer, method === 'POST' ? /^HTTP\/1\.1 401 / : /^HTTP\/1\.1 405 /, `cut at ${cut}`);
      }
    });
  }

  it('takes PRI of HTTP/1.1 for HTTP/2, which it is not, and ends it', async () => {
    await untilEnd(await send(['PRI /v1/projects HTTP/1.1\r\nHost: x\r\n\r\n']));
  });

  it('takes a large body whose beginning comes with the head', async () => {
    const body = JSON.stringify({ name: 'large', project_id: 'large' }).padEnd(60_000);
    const head = `POST /v1/projects HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer ${OPERATOR_TOKEN}\r\nContent-Length: ${body.length}\r\n\r\n`;
    const whole = head + body;
    for (const cut of [2, head.length + 10, 50_000]) {
      assert.match(await untilEnd(await send([whole.slice(0, cut), whole.slice(cut)])), cut === 2 ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 409 /, `cut at ${cut}`);
    }
  });
});
