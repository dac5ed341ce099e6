import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { startService } from '../support/service.ts';
import { startMailServer } from './mail_server.ts';
import { CODE, TestQueue, mailSettings } from './queue.ts';
import { startReceiver, webhookSettings } from './webhook_receiver.ts';

const HOUR = 3_600_000;

describe('messages and faults', () => {
  it('a clock that steps back or forwards stalls nothing', async () => {
    let code: number | undefined = 451;
    await using server = await startMailServer({ onRcptTo: (_address, _session, done) => done(code === undefined ? null : Object.assign(new Error('later'), { responseCode: code })) });
    await using service = await startService({ settings: mailSettings(server) });
    const queue = await TestQueue.of(service.app.database);
    const { clock } = service;
    const queued = (): Promise<string> => queue.code('email', 'ann@example.com', { now: clock.now(), countsFor: 10 * HOUR });
    const until = async (messageId: string, state: string, lastError: string | null): Promise<void> =>
      eventually(async () => assert.deepEqual([(await queue.find(messageId))?.state, (await queue.find(messageId))?.lastError], [state, lastError]));

    const postponed = await queued();
    await until(postponed, 'QUEUED', 'the SMTP server answered 451');
    clock.advance(-HOUR);
    code = 452;
    await until(postponed, 'QUEUED', 'the SMTP server answered 452');
    code = undefined;
    await until(postponed, 'SENT', null);

    const untried = await queue.code('email', 'ann@example.com', { now: new Date(clock.now().getTime() + HOUR) });
    await until(untried, 'SENT', null);

    clock.advance(2 * HOUR);
    const after = await queued();
    await until(after, 'SENT', null);
    clock.advance(-2 * HOUR);
    await until(await queued(), 'SENT', null);
  });

  it('a database that is away while a message goes out leads to another attempt, and to one line in the log', async () => {
    let taken = 0;
    await using service = await startService();
    const { database } = service.app;
    const sql = (text: string): Promise<unknown> => database.run({ name: `test ${text}`, text }, []);
    await using server = await startMailServer({
      onRcptTo(_address, _session, done) {
        taken += 1;
        sql(taken === 1 ? 'alter table message rename to message_away' : 'select 1').then(() => done(), done);
      },
    });
    await using sending = await startService({ database: { url: service.databaseUrl, [Symbol.asyncDispose]: () => Promise.resolve() }, settings: mailSettings(server) });
    const queue = await TestQueue.of(database);
    const messageId = await queue.code('email', 'ann@example.com');
    await eventually(() => assert.equal(sending.lines.filter(({ level }) => level === 'error').length, 2));
    const errors = sending.lines.filter(({ level }) => level === 'error').map(({ message, channel }) => ({ message, channel }));
    assert.deepEqual(errors.toSorted((a, b) => String(a.message).localeCompare(String(b.message))), [
      { message: 'could not look for messages to send; it is tried again', channel: 'EMAIL' },
      { message: 'what became of a message could not be recorded; it is tried again', channel: 'EMAIL' },
    ]);
    await sql('alter table message_away rename to message');
    sending.clock.advance(61_000);
    await eventually(async () => assert.deepEqual([(await queue.find(messageId))?.state, (await queue.find(messageId))?.attempts], ['SENT', 2]));
    assert.deepEqual(server.mails.map(({ headers }) => [headers.get('message-id'), headers.get('x-keyturn-attempt')]), [
      [`<${messageId}@keyturn.example>`, '1'], [`<${messageId}@keyturn.example>`, '2'],
    ]);
    assert.equal(sending.lines.filter(({ level }) => level === 'error').length, 2);
    assert.doesNotMatch(JSON.stringify(sending.lines), new RegExp(`${CODE}|ann@`));
  });

  it('a message whose job is deleted while it goes out is gone, and nobody minds', async () => {
    await using receiver = await startReceiver();
    await using service = await startService({ settings: webhookSettings(receiver) });
    const queue = await TestQueue.of(service.app.database);
    const remove = (): Promise<unknown> => service.app.database.run({ name: 'test_remove', text: 'delete from message' }, []);
    for (const status of [200, 500, 410]) {
      const removed = new Promise<void>((resolve, reject) => {
        receiver.answer = (response) => void remove().then(() => response.writeHead(status).end(resolve), reject);
      });
      await queue.code('phone', '+31201234567');
      await removed;
    }
    receiver.answer = (response) => void response.writeHead(200).end();
    const last = await queue.code('phone', '+31201234567');
    await eventually(async () => assert.equal((await queue.find(last))?.state, 'SENT'));
    assert.deepEqual(service.lines.filter(({ level }) => level === 'error' || level === 'warn'), []);
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    for (const [outcome, count] of [['sent', 1], ['retried', 0], ['failed', 0]] as const) assert.match(metrics, new RegExp(`^keyturn_messages_total\\{channel="SMS",outcome="${outcome}"\\} ${count}$`, 'm'));
  });

  it('a channel that hangs holds up no other, and one without a sender waits without attempts until it has one', async () => {
    await using receiver = await startReceiver();
    await using deaf = await startMailServer({ onMailFrom: () => {} });
    await using service = await startService({ settings: { ...mailSettings(deaf), KEYTURN_SMS_WEBHOOK_URL: receiver.url, KEYTURN_WEBHOOK_KEY: Buffer.alloc(24).toString('base64') } });
    const queue = await TestQueue.of(service.app.database);
    for (let index = 0; index < 20; index += 1) await queue.code('email', `user-${index}@example.com`);
    const text = await queue.code('phone', '+31201234567');
    const login = await queue.push('token', { jwt: 'a.b.c' }, { countsFor: HOUR });
    await eventually(async () => assert.equal((await queue.find(text))?.state, 'SENT'));
    assert.deepEqual([(await queue.find(login))?.state, (await queue.find(login))?.attempts], ['QUEUED', 0]);
    const started = service.lines.find(({ message }) => String(message).startsWith('these messages have no sender'));
    assert.deepEqual(started?.['channels'], ['PUSH']);
    await using later = await startService({
      database: { url: service.databaseUrl, [Symbol.asyncDispose]: () => Promise.resolve() }, settings: webhookSettings(receiver),
    });
    assert.ok(later.url);
    await eventually(async () => assert.equal((await queue.find(login))?.state, 'SENT'));
  });
});
