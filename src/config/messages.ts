import { decodeBase64Either } from '../crypto/base64.ts';
import type { MessageSettings } from '../settings.ts';
import { Expected } from './reader.ts';
import type { Reader } from './reader.ts';
import { httpUrl } from './values.ts';

/** Reads how messages leave. */
export function readMessages(reader: Reader): MessageSettings {
  const url = reader.text('KEYTURN_SMTP_URL', smtpUrl);
  const from = reader.text('KEYTURN_MAIL_FROM', mailFrom);
  if (url !== undefined && from === undefined) reader.complain('KEYTURN_MAIL_FROM', 'is missing: e-mail needs a sender');
  const smsWebhookUrl = reader.text('KEYTURN_SMS_WEBHOOK_URL', httpUrl);
  const pushWebhookUrl = reader.text('KEYTURN_PUSH_WEBHOOK_URL', httpUrl);
  const webhookKey = reader.text('KEYTURN_WEBHOOK_KEY', webhookKeyOf);
  if ((smsWebhookUrl ?? pushWebhookUrl) !== undefined && webhookKey === undefined) {
    reader.complain('KEYTURN_WEBHOOK_KEY', 'is missing: whoever takes messages must know that they are ours');
  }
  return { smtp: url !== undefined && from !== undefined ? { url, from } : undefined, smsWebhookUrl, pushWebhookUrl, webhookKey };
}

function smtpUrl(value: string): string {
  if (!URL.canParse(value) || !/^smtps?:$/.test(new URL(value).protocol)) throw new Expected('smtp://USER:PASSWORD@HOST:PORT or smtps://...');
  return value;
}

function mailFrom(value: string): string {
  if (!/^[^@\r\n]*[^@\r\n\s<>]@[^@\r\n\s<>]+>?$/.test(value)) throw new Expected('an address such as keyturn@example.com or Keyturn <keyturn@example.com>');
  return value;
}

/** As Standard Webhooks writes keys: base64, with or without `whsec_` before it. */
function webhookKeyOf(value: string): Buffer {
  const key = decodeBase64Either(value.replace(/^whsec_/, ''));
  if (key === undefined || key.length < 24 || key.length > 64) throw new Expected('24 to 64 random bytes as base64, with or without whsec_ before them');
  return key;
}
