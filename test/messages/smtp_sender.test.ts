import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SMTPServerOptions } from 'smtp-server';
import { SendingError } from '../../src/services/messages/sender.ts';
import { SmtpSender } from '../../src/services/messages/smtp_sender.ts';
import { freePort } from '../support/free_port.ts';
import { startMailServer } from './mail_server.ts';
import { hangUpAtTheEnd, startPlainServer } from './plain_server.ts';
import { CODE } from './queue.ts';
import { MESSAGE, SHORT, failureOf, settingsOf } from './sending.ts';

/** What a server says that refuses, and it quotes whatever it can. */
function refusal(responseCode: number): Error {
  return Object.assign(new Error(`no <ann@example.com> ${CODE}`), { responseCode });
}

const REFUSALS: readonly (readonly [name: string, options: SMTPServerOptions, says: string, isPermanent: boolean])[] = [
  ['a recipient, by a status that asks to come again', { onRcptTo: (_address, _session, done) => done(refusal(450)) }, 'the SMTP server answered 450', false],
  ['a recipient for good', { onRcptTo: (_address, _session, done) => done(refusal(550)) }, 'the SMTP server answered 550', true],
  ['our sender', { onMailFrom: (_address, _session, done) => done(refusal(553)) }, 'the SMTP server answered 553', false],
  ['what the mail says, by a status that asks to come again', { onData: (stream, _session, done) => void stream.resume().on('end', () => done(refusal(452))) }, 'the SMTP server answered 452', false],
  ['what the mail says for good', { onData: (stream, _session, done) => void stream.resume().on('end', () => done(refusal(554))) }, 'the SMTP server answered 554', true],
  ['everybody', { onConnect: (_session, done) => done(refusal(421)) }, 'the SMTP server answered 421', false],
];

describe('the SMTP sender', () => {
  for (const [name, options, says, isPermanent] of REFUSALS) {
    for (const hidePIPELINING of [false, true]) {
      it(`tells of a server that refuses ${name}${hidePIPELINING ? ', without pipelining' : ''}`, async () => {
        await using server = await startMailServer({ ...options, hidePIPELINING });
        assert.deepEqual(await failureOf(settingsOf(server.port)), { says, isPermanent });
      });
    }
  }

  it('goes on after a refused recipient, and needs no connection for each mail', async () => {
    let connections = 0;
    await using server = await startMailServer({
      onConnect: (_session, done) => done(void (connections += 1)),
      onRcptTo: ({ address }, _session, done) => done(address === 'ann@example.com' ? refusal(550) : null),
    });
    using sender = new SmtpSender(settingsOf(server.port));
    const { signal } = new AbortController();
    await assert.rejects(sender.send(MESSAGE, signal), SendingError);
    const others = Array.from({ length: 10 }, (_, index) => `bob-${index}@example.com`);
    for (const recipient of others) await sender.send({ ...MESSAGE, recipient }, signal);
    assert.deepEqual(server.mails.flatMap(({ to }) => to), others);
    assert.ok(connections <= 5, `${connections} connections`);
  });

  it('tells of a server that is away, unknown, silent, broken, or ends in the middle', async () => {
    const away = { isPermanent: false, says: 'the connection to the SMTP server failed (ECONNREFUSED)' };
    assert.deepEqual(await failureOf(settingsOf(await freePort())), away);
    const unknown = await failureOf(settingsOf(25, { host: 'nowhere.invalid' }));
    assert.match(unknown.says, /^the connection to the SMTP server failed \([A-Z]+\)$/);
    const late = { isPermanent: false, says: 'the SMTP server did not answer in time' };
    await using silent = await startPlainServer(() => {});
    assert.deepEqual(await failureOf(settingsOf(silent.port), MESSAGE, SHORT), late);
    await using deaf = await startMailServer({ onData: (stream) => void stream.resume() });
    assert.deepEqual(await failureOf(settingsOf(deaf.port), MESSAGE, SHORT), late, 'hangs after DATA');
    await using slow = await startPlainServer((socket) => void setInterval(() => socket.write('2'), 50).unref());
    assert.deepEqual(await failureOf(settingsOf(slow.port), MESSAGE, SHORT), late, 'a letter at a time');
    await using slower = await startPlainServer((socket) => {
      socket.write('220 here\r\n');
      socket.once('data', () => void setInterval(() => socket.write('2'), 50).unref());
    });
    assert.deepEqual(await failureOf(settingsOf(slower.port), MESSAGE, SHORT), late, 'never silent, and never done');
    await using broken = await startPlainServer((socket) => void socket.end('hello <ann@example.com>\r\n'));
    assert.match((await failureOf(settingsOf(broken.port))).says, /^the connection to the SMTP server failed \([A-Z]+\)$/);
    await using cut = await startPlainServer(hangUpAtTheEnd);
    assert.match((await failureOf(settingsOf(cut.port))).says, /^the connection to the SMTP server failed \([A-Z]+\)$/);
  });
});
