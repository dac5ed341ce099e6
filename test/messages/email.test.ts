import assert from 'node:assert/strict';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { issue } from '../support/certificates.ts';
import { startService } from '../support/service.ts';
import { startMailServer } from './mail_server.ts';
import { CODE, TestQueue, mailSettings, seriesOf } from './queue.ts';

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

  it('wait for a password that is right, and the wrong one is told to nobody', async () => {
    const password = 'wrong password of the tests';
    const certificate = issue();
    await using server = await startMailServer({
      ...certificate, secure: true, name: 'mail', disabledCommands: [], onAuth: ({ username }, _session, done) => done(new Error(`${username} ${password}`)),
    });
    const url = `smtps://keyturn:${encodeURIComponent(password)}@127.0.0.1:${server.port}`;
    const usual = getCACertificates('default');
    await using service = await startService({ settings: { ...mailSettings(server), KEYTURN_SMTP_URL: url } });
    const queue = await TestQueue.of(service.app.database);
    const messageId = await queue.code('email', 'ann@example.com');
    const lastError = async (): Promise<string> => (await queue.find(messageId))?.lastError ?? '';
    await eventually(async () => assert.equal(await lastError(), 'the connection to the SMTP server failed (DEPTH_ZERO_SELF_SIGNED_CERT)'));
    setDefaultCACertificates([...usual, certificate.cert]);
    try {
      service.clock.advance(1_200);
      await eventually(async () => assert.equal(await lastError(), 'the SMTP server does not take the user and password (535)'));
    } finally {
      setDefaultCACertificates(usual);
    }
    assert.equal((await queue.find(messageId))?.state, 'QUEUED');
    const audits = await service.app.database.run({ name: 'test_audits', text: 'select * from audit_event' }, []);
    for (const text of [JSON.stringify(service.lines), await seriesOf(service), JSON.stringify(audits)]) {
      for (const secret of [password, encodeURIComponent(password), CODE, 'ann@']) assert.ok(!text.includes(secret));
    }
  });
});
