import { decodeBase64Either } from '../crypto/base64.ts';
import { isLoopback } from '../loopback.ts';
import { isCarriedBySmtp } from '../mail_address.ts';
import type { MessageSettings, SmtpSettings } from '../settings.ts';
import { Expected } from './reader.ts';
import type { Reader } from './reader.ts';

/** Reads how messages leave. */
export function readMessages(reader: Reader): MessageSettings {
  const server = reader.text('KEYTURN_SMTP_URL', smtpServer);
  const from = reader.text('KEYTURN_MAIL_FROM', mailFrom);
  if (reader.isGiven('KEYTURN_SMTP_URL') && !reader.isGiven('KEYTURN_MAIL_FROM')) reader.complain('KEYTURN_MAIL_FROM', 'is missing: e-mail needs a sender');
  const smsWebhookUrl = reader.text('KEYTURN_SMS_WEBHOOK_URL', webhookUrl);
  const pushWebhookUrl = reader.text('KEYTURN_PUSH_WEBHOOK_URL', webhookUrl);
  const webhookKey = reader.text('KEYTURN_WEBHOOK_KEY', webhookKeyOf);
  const hasWebhook = reader.isGiven('KEYTURN_SMS_WEBHOOK_URL') || reader.isGiven('KEYTURN_PUSH_WEBHOOK_URL');
  if (hasWebhook && !reader.isGiven('KEYTURN_WEBHOOK_KEY')) {
    reader.complain('KEYTURN_WEBHOOK_KEY', 'is missing: whoever takes messages must know that they are ours');
  }
  return { smtp: server && from && { ...server, from }, smsWebhookUrl, pushWebhookUrl, webhookKey };
}

const SMTP_URL = 'smtp://USER:PASSWORD@HOST:PORT or smtps://..., user and password percent-encoded, with nothing after it but ?tls=required or ?tls=offered behind smtp://';

/** Of the members that a URL can have, those that are no option are refused: none is ignored in silence. */
function smtpServer(value: string): Omit<SmtpSettings, 'from'> {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const scheme = /^(smtps?):$/.exec(url?.protocol ?? '')?.[1];
  const host = url?.hostname.replaceAll(/^\[|\]$/g, '') ?? '';
  const asked = [...(url?.searchParams ?? [])];
  if (url === undefined || scheme === undefined || !/^[A-Za-z0-9._:-]+$/.test(host) || url.pathname.length > 1 || url.hash !== '' || url.port === '0') throw new Expected(SMTP_URL);
  const [[name, tls] = [], ...others] = asked;
  const isKnown = name === undefined || (name === 'tls' && scheme === 'smtp' && (tls === 'required' || tls === 'offered'));
  if (!isKnown || others.length > 0) throw new Expected(SMTP_URL);
  const login = loginOf(url);
  return {
    host,
    port: Number(url.port || (scheme === 'smtps' ? 465 : 587)),
    tls: scheme === 'smtps' ? 'implicit' : tls === 'required' || tls === 'offered' ? tls : usualTls(host, login),
    login,
  };
}

/** A password goes over no network in the clear, unless that is what is asked for. */
function usualTls(host: string, login: SmtpSettings['login']): SmtpSettings['tls'] {
  return login !== undefined && !isLoopback(host) ? 'required' : 'offered';
}

function loginOf({ username, password }: URL): SmtpSettings['login'] {
  if (username === '' && password === '') return undefined;
  if (username === '' || password === '') throw new Expected(SMTP_URL);
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw new Expected(SMTP_URL);
  }
}

/** `ADDRESS`, or `NAME <ADDRESS>`. */
function mailFrom(value: string): SmtpSettings['from'] {
  const [, name = '', inBrackets] = /^([^<>\r\n]*)<([^<>]*)>$/.exec(value.trim()) ?? [];
  const address = inBrackets ?? value.trim();
  if (!isCarriedBySmtp(address) || /[\p{Cc}"]/u.test(name)) throw new Expected('an address such as keyturn@example.com or Keyturn <keyturn@example.com>');
  return { name: name.trim(), address };
}

function webhookUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isBare = url?.username === '' && url.password === '' && url.hash === '';
  if (url === undefined || !isBare || !/^https?:$/.test(url.protocol)) {
    throw new Expected('a URL such as https://gateway.example/sms, without user and password: who sends is shown by the signature');
  }
  return value;
}

/** As Standard Webhooks writes keys: base64, with or without `whsec_` before it. */
function webhookKeyOf(value: string): Buffer {
  const key = decodeBase64Either(value.replace(/^whsec_/, ''));
  if (key === undefined || key.length < 24 || key.length > 64) throw new Expected('24 to 64 random bytes as base64, with or without whsec_ before them');
  return key;
}
