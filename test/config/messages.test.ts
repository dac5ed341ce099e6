import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { inspectConfig, readConfig } from '../../src/config/index.ts';
import type { MessageSettings, SmtpSettings } from '../../src/settings.ts';

const KEY = Buffer.alloc(32, 7);
const FROM = { KEYTURN_MAIL_FROM: 'codes@keyturn.example' };
const HOOK = { KEYTURN_WEBHOOK_KEY: KEY.toString('base64') };
const PASSWORD = 'secret of the tests';

const read = (settings: Readonly<Record<string, string>>): MessageSettings => readConfig(settings).messages;
const smtp = (url: string, from = FROM.KEYTURN_MAIL_FROM): SmtpSettings => read({ KEYTURN_SMTP_URL: url, KEYTURN_MAIL_FROM: from }).smtp ?? assert.fail();

const missing = (settings: Readonly<Record<string, string>>): string[] => inspectConfig(settings).faults.map(({ variable, says }) => `${variable} ${says}`);

/** Values that are refused, and what each should have been. */
const BAD: readonly (readonly [variable: string, values: readonly string[], says: RegExp, others?: Readonly<Record<string, string>>])[] = [
  [
    'KEYTURN_SMTP_URL',
    [
      'mail.example.com', 'mail.example.com:25', 'http://mail.example.com', 'smtp://', 'smtp:///x', 'smtp://mail.example.com:0', 'smtp://mail.example.com:65536', 'smtp://mail.example.com/x',
      'smtp://mail.example.com#x', 'smtp://ann:@mail.example.com', 'smtp://ann@mail.example.com', `smtp://:${PASSWORD}@mail.example.com`, `smtp://ann:${PASSWORD}@mail.example.com/x`, 'smtp://a:%ff@mail.example.com', 'smtp://mail.example.com?tls=no', 'smtps://mail.example.com?tls=required',
      'smtp://mail.example.com?logger=true', 'smtp://mail.example.com?tls=offered&debug=true', 'smtp://mail.example.com?tls=offered&tls=required', 'smtp://ma il.example.com', 'smtp://mäil.example.com',
    ],
    /^expects smtp:\/\/USER:PASSWORD@HOST:PORT or smtps:\/\//,
    FROM,
  ],
  [
    'KEYTURN_MAIL_FROM',
    ['keyturn', 'codes@', '@keyturn.example', 'Keyturn codes@keyturn.example', 'Keyturn <codes@keyturn.example', 'a@b.example, c@d.example', 'Keyturn <a@b.example> <c@d.example>', 'K\r\nBcc: x <a@b.example>', '"K" <a@b.example>', 'codes@[127.0.0.1]'],
    /^expects an address such as keyturn@example.com or Keyturn <keyturn@example.com>$/,
  ],
  ['KEYTURN_SMS_WEBHOOK_URL', ['gateway', 'ftp://gateway.example', `https://ann:${PASSWORD}@gateway.example/`, 'https://ann@gateway.example/', 'https://gateway.example/#x'], /^expects a URL such as https:\/\/gateway.example\/sms, without user/, HOOK],
  ['KEYTURN_PUSH_WEBHOOK_URL', ['gateway', '//gateway.example', `https://:${PASSWORD}@gateway.example/`], /^expects a URL such as/, HOOK],
  ['KEYTURN_WEBHOOK_KEY', [Buffer.alloc(23).toString('base64'), Buffer.alloc(65).toString('base64'), `whsec_${PASSWORD}`, PASSWORD, 'whsec_', `sk_${KEY.toString('base64')}`], /^expects 24 to 64 random bytes as base64, with or without whsec_/],
];

describe('the settings of messages', () => {
  it('are none unless they are given: everything stays queued', () => {
    const none: MessageSettings = { smtp: undefined, smsWebhookUrl: undefined, pushWebhookUrl: undefined, webhookKey: undefined };
    assert.deepEqual(read({}), none);
    assert.deepEqual(read(Object.fromEntries(BAD.map(([variable]) => [variable, '']))), none);
    assert.deepEqual(read(FROM), none, 'a sender alone does no harm');
  });

  it('say where e-mail goes, and whether by TLS', () => {
    const from = { name: '', address: 'codes@keyturn.example' };
    assert.deepEqual(smtp('smtp://mail.example.com'), { host: 'mail.example.com', port: 587, tls: 'offered', login: undefined, from });
    assert.deepEqual(smtp('smtps://mail.example.com'), { host: 'mail.example.com', port: 465, tls: 'implicit', login: undefined, from });
    assert.deepEqual(smtp('smtp://a%40b:p%3Aw%2F@mail.example.com:2525'), { host: 'mail.example.com', port: 2525, tls: 'required', login: { user: 'a@b', password: 'p:w/' }, from });
    for (const [url, tls] of [
      ['smtp://a:b@127.0.0.1', 'offered'], ['smtp://a:b@[::1]:25', 'offered'], ['smtp://a:b@localhost', 'offered'], ['smtp://a:b@10.0.0.1', 'required'], ['smtp://a:b@mail.example.com?tls=offered', 'offered'],
      ['smtp://mail.example.com?tls=required', 'required'], ['smtps://a:b@mail.example.com:2465/', 'implicit'],
    ] as const) {
      assert.equal(smtp(url).tls, tls, url);
    }
    assert.equal(smtp('smtp://[::1]:25').host, '::1');
    assert.deepEqual(smtp('smtp://mail.example.com', ' Keyturn, Inc. <codes@keyturn.example>').from, { name: 'Keyturn, Inc.', address: 'codes@keyturn.example' });
    assert.deepEqual(smtp('smtp://mail.example.com', '<codes@keyturn.example>').from, from);
  });

  it('say where texts and logins go, and what signs them', () => {
    for (const text of [KEY.toString('base64'), `whsec_${KEY.toString('base64')}`, `whsec_${KEY.toString('base64').replace(/=+$/, '')}`]) {
      assert.deepEqual(read({ KEYTURN_SMS_WEBHOOK_URL: 'https://gateway.example/sms?x=1', KEYTURN_WEBHOOK_KEY: text }), {
        smtp: undefined, smsWebhookUrl: 'https://gateway.example/sms?x=1', pushWebhookUrl: undefined, webhookKey: KEY,
      });
    }
    assert.equal(read({ KEYTURN_PUSH_WEBHOOK_URL: 'http://127.0.0.1:9000', ...HOOK }).pushWebhookUrl, 'http://127.0.0.1:9000');
  });

  for (const [variable, values, says, others = {}] of BAD) {
    it(`refuse ${variable} where it is wrong, without telling it`, () => {
      for (const value of values) {
        const { faults } = inspectConfig({ [variable]: value, ...others });
        assert.deepEqual(faults.map((fault) => fault.variable), [variable], value);
        assert.match(faults[0]?.says ?? '', says, value);
        assert.ok(!JSON.stringify(faults).includes(PASSWORD));
      }
    });
  }

  it('belong together: a server needs a sender, and a webhook a key', () => {
    const sender = 'KEYTURN_MAIL_FROM is missing: e-mail needs a sender';
    const key = 'KEYTURN_WEBHOOK_KEY is missing: whoever takes messages must know that they are ours';
    assert.deepEqual(missing({ KEYTURN_SMTP_URL: 'smtp://mail.example.com' }), [sender]);
    assert.deepEqual(missing({ KEYTURN_SMS_WEBHOOK_URL: 'https://gateway.example' }), [key]);
    assert.deepEqual(missing({ KEYTURN_PUSH_WEBHOOK_URL: 'https://gateway.example', KEYTURN_SMTP_URL: 'smtp://mail.example.com' }), [sender, key]);
  });
});
