import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SMTPServerOptions } from 'smtp-server';
import { MOST_ATTEMPTS } from '../../src/services/messages/back_off.ts';
import { eventually } from '../faults/fixtures/child.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { startMailServer } from './mail_server.ts';
import { CODE, PK, TestQueue, mailSettings } from './queue.ts';

/** A mail server whose answer to recipients the test sets. */
function refusing(): SMTPServerOptions & { code: number | undefined; asked: number } {
  const options: SMTPServerOptions & { code: number | undefined; asked: number } = {
    code: 451,
    asked: 0,
    onRcptTo({ address }, _session, done) {
      options.asked += 1;
      done(options.code === undefined ? null : Object.assign(new Error(`not ${address}`), { responseCode: options.code }));
    },
  };
  return options;
}

const auditsOf = ({ app }: TestService): Promise<Record<string, unknown>[]> =>
  app.database.run({ name: 'test_audits', text: `select action, actor, identity, details from audit_event where action like 'message.%' order by event_id` }, []);

describe('attempts to send a message', () => {
  it('are repeated with the same id until one succeeds', async () => {
    const options = refusing();
    await using server = await startMailServer(options);
    await using service = await startService({ settings: mailSettings(server) });
    const queue = await TestQueue.of(service.app.database);
    const messageId = await queue.code('email', 'ann@example.com');
    for (const [attempt, least, most] of [[1, 800, 1200], [2, 4_000, 6_000], [3, 12_000, 18_000], [4, 48_000, 72_000], [5, 96_000, 144_000]] as const) {
      const error = `the SMTP server answered ${450 + attempt}`;
      const stored = await eventually(async () => {
        const found = await queue.find(messageId);
        assert.deepEqual([found?.attempts, found?.lastError], [attempt, error]);
        return found;
      });
      const wait = (stored?.nextAttemptAt?.getTime() ?? 0) - service.clock.now().getTime();
      assert.ok(wait <= most && wait > least - 5_000, `after attempt ${attempt} it waits ${wait} ms`);
      options.code = attempt === 5 ? undefined : 451 + attempt;
      service.clock.advance(wait);
    }
    await eventually(async () => assert.equal((await queue.find(messageId))?.state, 'SENT'));
    const [mail, ...others] = server.mails;
    assert.deepEqual([others, options.asked, mail?.headers.get('x-keyturn-attempt')], [[], 6, '6']);
    assert.equal(mail?.headers.get('message-id'), `<${messageId}@keyturn.example>`);
    assert.deepEqual(await auditsOf(service), []);
    assert.ok(!JSON.stringify(service.lines).includes(CODE));
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    assert.match(metrics, /^keyturn_messages_total\{channel="EMAIL",outcome="retried"\} 5$/m);
    assert.match(metrics, /^keyturn_messages_total\{channel="EMAIL",outcome="sent"\} 1$/m);
  });

  it('end at once after a refusal for good, in the dead letters, without what it said', async () => {
    const options = refusing();
    options.code = 550;
    await using server = await startMailServer(options);
    await using service = await startService({ settings: mailSettings(server) });
    const queue = await TestQueue.of(service.app.database);
    const messageId = await queue.code('email', 'ann@example.com');
    const hostile = await queue.code('email', 'ann@example.com, eve');
    await eventually(async () => assert.deepEqual((await queue.all()).map(({ state }) => state), ['FAILED', 'FAILED']));
    const stored = await queue.find(messageId);
    assert.deepEqual(
      [stored?.attempts, stored?.nextAttemptAt, stored?.lastError, stored?.content],
      [1, null, 'the SMTP server answered 550', { recipient: 'ann@example.com' }],
    );
    assert.equal((await queue.find(hostile))?.lastError, 'SMTP cannot carry the address');
    assert.equal(options.asked, 1);

    const audits = await auditsOf(service);
    const byMessage = new Map(audits.map((audit) => [(audit['details'] as { message_id: string }).message_id, audit]));
    assert.deepEqual(byMessage.get(messageId), {
      action: 'message.failed', actor: 'keyturn', identity: PK,
      details: { message_id: messageId, channel: 'EMAIL', attempts: '1', cause: 'the SMTP server answered 550' },
    });
    const line = service.lines.find((entry) => entry['message'] === 'a message was given up' && entry['message_id'] === messageId);
    assert.deepEqual([line?.['level'], line?.['error']], ['warn', 'the SMTP server answered 550']);
    for (const text of [JSON.stringify(service.lines), JSON.stringify(audits)]) assert.doesNotMatch(text, new RegExp(`${CODE}|ann@`));
  });

  it('end when the code has expired, which is never sent', async () => {
    const options = refusing();
    await using server = await startMailServer(options);
    await using service = await startService({ settings: mailSettings(server) });
    const queue = await TestQueue.of(service.app.database);
    const now = service.clock.now();
    const late = await queue.code('email', 'ann@example.com', { now: new Date(now.getTime() - 700_000) });
    await eventually(async () => assert.equal((await queue.find(late))?.state, 'FAILED'));
    assert.deepEqual([(await queue.find(late))?.attempts, (await queue.find(late))?.lastError, options.asked], [0, 'its time was over', 0]);
    const short = await queue.code('email', 'ann@example.com', { countsFor: 90_000, attempts: 4 });
    await eventually(async () => assert.equal((await queue.find(short))?.state, 'FAILED'));
    assert.equal((await queue.find(short))?.lastError, 'the SMTP server answered 451', 'no attempt would come in time');
    const postponed = await queue.code('email', 'ann@example.com');
    await eventually(async () => assert.equal((await queue.find(postponed))?.lastError, 'the SMTP server answered 451'));
    options.code = undefined;
    service.clock.advance(600_000);
    await eventually(async () => assert.equal((await queue.find(postponed))?.state, 'FAILED'));
    assert.equal((await queue.find(postponed))?.lastError, 'its time was over; before that the SMTP server answered 451');
    assert.deepEqual(server.mails, []);
  });

  it(`end after ${MOST_ATTEMPTS} of them`, async () => {
    const options = refusing();
    await using server = await startMailServer(options);
    await using service = await startService({ settings: mailSettings(server) });
    const queue = await TestQueue.of(service.app.database);
    const messageId = await queue.code('email', 'ann@example.com', { countsFor: 80_000_000, attempts: MOST_ATTEMPTS - 3 });
    await eventually(async () => {
      // Each wait is shorter than this, and so is the lease.
      service.clock.advance(150_000);
      assert.equal((await queue.find(messageId))?.state, 'FAILED');
    });
    assert.deepEqual([(await queue.find(messageId))?.attempts, options.asked], [MOST_ATTEMPTS, 3]);
  });
});
