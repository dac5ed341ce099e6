import assert from 'node:assert/strict';
import { operate } from '../support/iotda.ts';
import type { Served } from '../support/iotda.ts';

interface ListedMessage {
  readonly channel: string;
  readonly body: string;
  readonly state: string;
}

/** What is queued for an address, number or device token, the newest first, as the operator reads it. */
export async function messagesTo(served: Pick<Served, 'url'>, recipient: string): Promise<ListedMessage[]> {
  const { messages } = await operate(served, 'GET', `/v1/messages?recipient=${encodeURIComponent(recipient)}`);
  return messages as ListedMessage[];
}

/** The code that was sent last to an address or number. */
export async function codeTo(served: Pick<Served, 'url'>, recipient: string): Promise<string> {
  const [newest] = await messagesTo(served, recipient);
  return /\b\d{6}\b/.exec(newest?.body ?? '')?.[0] ?? assert.fail(`no code for ${recipient}`);
}
