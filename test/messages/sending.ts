import assert from 'node:assert/strict';
import { SendingError } from '../../src/services/messages/sender.ts';
import type { OutgoingMessage } from '../../src/services/messages/sender.ts';
import { SmtpSender } from '../../src/services/messages/smtp_sender.ts';
import type { SmtpSettings } from '../../src/settings.ts';
import { CODE } from './queue.ts';

export const MESSAGE: OutgoingMessage = {
  messageId: '0b2c7e0e-6a6e-4a55-9d7e-3b8f2f9d6c11', attempt: 3, recipient: 'ann@example.com', subject: 'Your code', body: `Your code is ${CODE}.`,
  createdAt: new Date(0), deliverUntil: new Date(600_000),
};
/** Limits of time that a test can wait for, milliseconds; where nothing hangs they are the usual ones. */
export const SHORT = { attempt: 2_000, connection: 300, socket: 300 };
export const PASSWORD = 'a password of the tests';

export const settingsOf = (port: number, others: Partial<SmtpSettings> = {}): SmtpSettings => ({
  host: '127.0.0.1', port, tls: 'offered', login: undefined, from: { name: 'Keyturn', address: 'codes@keyturn.example' }, ...others,
});

/** One attempt. */
export async function send(settings: SmtpSettings, message = MESSAGE, timeouts?: typeof SHORT): Promise<void> {
  using sender = new SmtpSender(settings, timeouts);
  await sender.send(message, new AbortController().signal);
}

/** The error of an attempt, which must be one that quotes nothing. */
export async function failureOf(settings: SmtpSettings, message = MESSAGE, timeouts?: typeof SHORT): Promise<{ says: string; isPermanent: boolean }> {
  const error: unknown = await send(settings, message, timeouts).then(() => assert.fail('it was sent'), (thrown: unknown) => thrown);
  assert.ok(error instanceof SendingError, String(error));
  assert.equal(error.cause, undefined);
  for (const secret of [CODE, 'ann@', 'example.com', PASSWORD]) assert.ok(!error.message.includes(secret), error.message);
  return { says: error.message, isPermanent: error.isPermanent };
}
