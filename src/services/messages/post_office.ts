import type { Clock } from '../../clock.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import type { NewMessage } from '../../db/message.ts';
import type { MessageQueue } from '../../db/message_queue.ts';
import type { AtSendingPoint } from '../../fault_points.ts';
import type { Log } from '../../log.ts';
import { isLoopback } from '../../loopback.ts';
import type { MessageSettings } from '../../settings.ts';
import type { SendingOutcome } from './delivery.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Sender } from './sender.ts';
import { SmtpSender } from './smtp_sender.ts';
import { WebhookSender } from './webhook_sender.ts';

type Channel = NewMessage['channel'];

export interface PostOfficeParts {
  readonly settings: MessageSettings;
  readonly queue: MessageQueue;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: (channel: Channel, outcome: SendingOutcome) => void;
  readonly atSendingPoint: AtSendingPoint | undefined;
}

const CHANNELS: readonly Channel[] = ['EMAIL', 'SMS', 'PUSH'];

/** Sends the messages of all channels that have a sender; those of the others stay queued. */
export class PostOffice implements AsyncDisposable {
  readonly #dispatchers: ReadonlyMap<Channel, Dispatcher>;
  readonly #log: Log;

  constructor({ settings, count, ...parts }: PostOfficeParts) {
    this.#log = parts.log;
    const senders = CHANNELS.flatMap((channel): [Channel, Sender][] => {
      const sender = senderOf(channel, settings, parts.clock);
      return sender === undefined ? [] : [[channel, sender]];
    });
    this.#dispatchers = new Map(
      senders.map(([channel, sender]) => [channel, new Dispatcher({ ...parts, channel, sender, count: (outcome) => count(channel, outcome) })]),
    );
    this.#warnOfPlainText(settings);
  }

  /** Whether messages of a channel are sent; those of another wait for the operator. */
  hasSender(channel: Channel): boolean {
    return this.#dispatchers.has(channel);
  }

  start(): void {
    const unsent = CHANNELS.filter((channel) => !this.hasSender(channel));
    if (unsent.length > 0) this.#log.info({ channels: unsent }, 'these messages have no sender: they stay queued, and keyturn message list shows them');
    for (const dispatcher of this.#dispatchers.values()) dispatcher.start();
  }

  /** Has messages sent that were just stored. */
  wake(): void {
    for (const dispatcher of this.#dispatchers.values()) dispatcher.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#dispatchers.values(), (dispatcher) => dispatcher[Symbol.asyncDispose]()));
  }

  #warnOfPlainText({ smsWebhookUrl, pushWebhookUrl }: MessageSettings): void {
    for (const [setting, url] of [['KEYTURN_SMS_WEBHOOK_URL', smsWebhookUrl], ['KEYTURN_PUSH_WEBHOOK_URL', pushWebhookUrl]] as const) {
      const { protocol, hostname } = new URL(url ?? 'https://none.invalid');
      if (protocol === 'http:' && !isLoopback(hostname)) this.#log.warn({ setting }, 'messages go over the network without TLS: use https');
    }
  }
}

function senderOf(channel: Channel, { smtp, smsWebhookUrl, pushWebhookUrl, webhookKey }: MessageSettings, clock: Clock): Sender | undefined {
  if (channel === 'EMAIL') return smtp && new SmtpSender(smtp);
  const [url, type] = channel === 'SMS' ? ([smsWebhookUrl, 'message.sms'] as const) : ([pushWebhookUrl, 'message.push'] as const);
  return url !== undefined && webhookKey !== undefined ? new WebhookSender({ url, key: webhookKey, type, clock }) : undefined;
}
