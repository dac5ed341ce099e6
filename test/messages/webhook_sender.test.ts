import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { systemClock } from '../../src/clock.ts';
import { SendingError } from '../../src/services/messages/sender.ts';
import { WebhookSender } from '../../src/services/messages/webhook_sender.ts';
import { freePort } from '../support/free_port.ts';
import { startPlainServer } from './plain_server.ts';
import { CODE } from './queue.ts';
import { MESSAGE } from './sending.ts';
import { WEBHOOK_KEY, startReceiver } from './webhook_receiver.ts';

const SMS = { ...MESSAGE, recipient: '+31201234567' };
/** For what hangs, milliseconds; else it is the usual one. */
const SHORT = 400;

function send(url: string, timeout?: number, signal = new AbortController().signal): Promise<void> {
  return new WebhookSender({ url, key: WEBHOOK_KEY, type: 'message.sms', clock: systemClock }, timeout).send(SMS, signal);
}

/** The error of an attempt, which must be one that quotes nothing. */
async function failureOf(url: string, timeout?: number): Promise<Pick<SendingError, 'message' | 'isPermanent' | 'retryAfter'>> {
  const error: unknown = await send(url, timeout).then(() => assert.fail('it was sent'), (thrown: unknown) => thrown);
  assert.ok(error instanceof SendingError, String(error));
  assert.equal(error.cause, undefined);
  assert.doesNotMatch(error.message, new RegExp(`${CODE}|3120|127\\.0`));
  const { message, isPermanent, retryAfter } = error;
  return { message, isPermanent, retryAfter };
}

describe('the webhook sender', () => {
  for (const status of [400, 401, 404, 413, 422, 500, 502, 503]) {
    it(`tries again after ${status}`, async () => {
      await using receiver = await startReceiver();
      receiver.answer = (response, { body }) => void response.writeHead(status).end(body);
      assert.deepEqual(await failureOf(receiver.url), { message: `the webhook answered ${status}`, isPermanent: false, retryAfter: undefined });
    });
  }

  it('gives up after 410', async () => {
    await using receiver = await startReceiver();
    receiver.answer = (response) => void response.writeHead(410).end();
    assert.deepEqual(await failureOf(receiver.url), { message: 'the webhook answered 410', isPermanent: true, retryAfter: undefined });
  });

  it('waits as long as Retry-After asks for, in seconds or as a date, if that makes sense', async () => {
    await using receiver = await startReceiver();
    for (const [text, least, most] of [
      ['7', 7_000, 7_000], [new Date(Date.now() + 60_000).toUTCString(), 50_000, 60_000], [new Date(Date.now() - 60_000).toUTCString(), undefined, undefined],
      ['0', undefined, undefined], ['-1', undefined, undefined], ['soon', undefined, undefined], ['99999999999', undefined, undefined],
    ] as const) {
      receiver.answer = (response) => void response.writeHead(429, { 'retry-after': text }).end();
      const { message, retryAfter } = await failureOf(receiver.url);
      assert.equal(message, 'the webhook answered 429');
      assert.ok(least === undefined ? retryAfter === undefined : retryAfter !== undefined && retryAfter >= least && retryAfter <= most, `${text}: ${retryAfter}`);
    }
  });

  it('follows no redirect', async () => {
    await using elsewhere = await startReceiver();
    await using receiver = await startReceiver();
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.answer = (response) => void response.writeHead(status, { location: elsewhere.url }).end();
      assert.equal((await failureOf(receiver.url)).message, `the webhook answered ${status}`);
    }
    assert.deepEqual([elsewhere.received.length, receiver.received.length], [0, 5]);
  });

  it('reads little of an answer, and is content once its status is known', async () => {
    await using receiver = await startReceiver();
    let written = 0;
    receiver.answer = (response) => {
      const chunk = Buffer.alloc(65_536);
      const write = (): void => {
        if (response.destroyed || written > 100_000_000) return;
        written += chunk.length;
        if (response.write(chunk)) setImmediate(write);
        else response.once('drain', write);
      };
      write();
    };
    await send(receiver.url);
    assert.ok(written < 50_000_000, `${written} bytes were written`);
    receiver.answer = (response) => void response.writeHead(200, { 'content-length': '10' }).write('half');
    await send(receiver.url, SHORT);
    receiver.answer = (response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
      setTimeout(() => response.destroy(), 20);
    };
    await send(receiver.url);
  });

  it('tells of a receiver that hangs, breaks off, is away or unknown, and speaks no HTTP', async () => {
    await using receiver = await startReceiver();
    receiver.answer = () => {};
    const late = { message: 'the webhook did not answer in time', isPermanent: false, retryAfter: undefined };
    assert.deepEqual(await failureOf(receiver.url, SHORT), late);
    await using silent = await startPlainServer(() => {});
    assert.deepEqual(await failureOf(`http://127.0.0.1:${silent.port}/`, SHORT), late);
    receiver.answer = (response) => void response.socket?.resetAndDestroy();
    const away = /^the request to the webhook failed \([A-Z_]+\)$/;
    assert.match((await failureOf(receiver.url)).message, away);
    assert.equal((await failureOf(`http://127.0.0.1:${await freePort()}/`)).message, 'the request to the webhook failed (ECONNREFUSED)');
    assert.match((await failureOf('http://nowhere.invalid/')).message, away);
    assert.match((await failureOf(`https://127.0.0.1:${new URL(receiver.url).port}/`)).message, away);
    await using strange = await startPlainServer((socket) => void socket.end(`${CODE} +31201234567\r\n\r\n`));
    assert.equal((await failureOf(`http://127.0.0.1:${strange.port}/`)).message, 'the request to the webhook failed');
  });

  it('is broken off by its signal', async () => {
    await using receiver = await startReceiver();
    const stop = new AbortController();
    receiver.answer = () => stop.abort();
    await assert.rejects(send(receiver.url, undefined, stop.signal), SendingError);
  });
});
