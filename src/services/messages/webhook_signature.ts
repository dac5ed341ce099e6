import { createHmac } from 'node:crypto';

/** The headers by which the receiver of a webhook knows it as ours, and a repetition as such (Standard Webhooks). */
export function webhookHeaders(key: Buffer, messageId: string, at: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': messageId, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
