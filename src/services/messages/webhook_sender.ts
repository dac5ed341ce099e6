import type { Clock } from '../../clock.ts';
import { SendingError, codeOf } from './sender.ts';
import type { OutgoingMessage, Sender } from './sender.ts';
import { webhookHeaders } from './webhook_signature.ts';

const AT_ONCE = 16;
/** For the whole of an attempt, milliseconds. */
const TIMEOUT = 10_000;
/** Of an answer so many bytes are read, so that its connection can be used again; none of them is looked at. */
const MOST_ANSWER = 16_384;

/** What a webhook says, beside what is common to all. */
type Data = Readonly<Record<string, unknown>>;

/** Where messages of one kind go. */
export interface WebhookSettings {
  readonly url: string;
  /** What signs. */
  readonly key: Buffer;
  readonly type: 'message.sms' | 'message.push';
  readonly clock: Clock;
}

/** Posts messages to a URL, signed. Each attempt is one request: no redirect is followed. */
export class WebhookSender implements Sender {
  readonly atOnce = AT_ONCE;
  readonly #settings: WebhookSettings;
  readonly #timeout: number;

  constructor(settings: WebhookSettings, timeout = TIMEOUT) {
    this.#settings = settings;
    this.#timeout = timeout;
  }

  async send(message: OutgoingMessage, signal: AbortSignal): Promise<void> {
    const { url, key, type, clock } = this.#settings;
    const now = clock.now();
    const body = JSON.stringify({ type, timestamp: message.createdAt.toISOString(), data: dataOf(message, type) });
    const both = AbortSignal.any([signal, AbortSignal.timeout(this.#timeout)]);
    try {
      const headers = { 'content-type': 'application/json', 'user-agent': 'Keyturn', ...webhookHeaders(key, message.messageId, now, body) };
      const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers, body, signal: both });
      await drain(answer);
      if (!answer.ok) throw refusalOf(answer, now);
    } catch (error) {
      throw error instanceof SendingError ? error : failureOf(error as Error, both);
    }
  }

  /** Its connections close by themselves. */
  [Symbol.dispose](): void {}
}

function dataOf({ messageId, attempt, recipient, body, deliverUntil }: OutgoingMessage, type: WebhookSettings['type']): Data {
  const common = { message_id: messageId, attempt, expires_at: deliverUntil.toISOString() };
  return type === 'message.sms' ? { ...common, phone: recipient, text: body } : { ...common, devtoken: recipient, ...(JSON.parse(body) as Data) };
}

/** What an answer says counts for nothing, and neither does its end, once its status is known. */
async function drain({ body }: Response): Promise<void> {
  if (body === null) return;
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += (chunk as Uint8Array).length;
      if (bytes > MOST_ANSWER) return;
    }
  } catch {
    // The status was heard.
  }
}

function refusalOf({ status, headers }: Response, now: Date): SendingError {
  return new SendingError(`the webhook answered ${status}`, { isPermanent: status === 410, retryAfter: waitAskedFor(headers.get('retry-after'), now) });
}

/** Retry-After (RFC 9110 section 10.2.3), seconds or a date, as milliseconds from now. */
function waitAskedFor(text: string | null, now: Date): number | undefined {
  if (text === null) return undefined;
  const wait = /^[0-9]{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  return wait > 0 ? wait : undefined;
}

function failureOf({ cause }: Error, { aborted }: AbortSignal): SendingError {
  if (aborted) return new SendingError('the webhook did not answer in time');
  return new SendingError(`the request to the webhook failed${codeOf((cause as NodeJS.ErrnoException | undefined)?.code)}`);
}
