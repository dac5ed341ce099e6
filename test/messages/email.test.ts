import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { startService } from '../support/service.ts';
import { startMailServer } from './mail_server.ts';
import { CODE, TestQueue, mailSettings } from './queue.ts';

describe('codes by e-mail', () => {
  it('go out through the SMTP server, and what they said is dropped', async () => {
    await using server = await startMailServer();
    await using service = await startService({ settings: mailSettings(server) });
    const queue = await TestQueue.of(service.app.database);
    const messageId = await queue.code('email', 'ann@example.com');
    await eventually(async () => assert.equal((await queue.find(messageId))?.state, 'SENT'));

    const [mail, ...others] = server.mails;
    assert.ok(mail);
    assert.deepEqual([others, mail.from, mail.to], [[], 'codes@keyturn.example', ['ann@example.com']]);
    const { headers } = mail;
    assert.deepEqual(
      ['from', 'to', 'subject', 'message-id', 'x-keyturn-attempt', 'auto-submitted'].map((name) => headers.get(name)),
      ['Keyturn <codes@keyturn.example>', 'ann@example.com', 'Your code', `<${messageId}@keyturn.example>`, '1', 'auto-generated'],
    );
    assert.equal(mail.text, `Your code is ${CODE}. It counts for 10 minutes and is to confirm an address. If you did not ask for it, do nothing, and give it to nobody.`);

    const stored = await queue.find(messageId);
    assert.deepEqual(
      [stored?.attempts, stored?.nextAttemptAt, stored?.lastError, stored?.content],
      [1, null, null, { recipient: 'ann@example.com' }],
    );
    assert.ok(!JSON.stringify(service.lines).includes(CODE));
    assert.ok(!JSON.stringify(service.lines).includes('ann@'));
  });
});
