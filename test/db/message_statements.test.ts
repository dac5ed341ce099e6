import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, it } from 'mocha';
import { IdentityStore } from '../../src/db/identity.ts';
import { LoginStore } from '../../src/db/login.ts';
import type { NewMessage } from '../../src/db/message.ts';
import { MessageList } from '../../src/db/message_list.ts';
import { MessageQueue } from '../../src/db/message_queue.ts';
import type { TakenMessage } from '../../src/db/message_queue.ts';
import { connect } from '../support/postgres.ts';
import { withAskedDatabase } from './fixtures/asked_database.ts';
import { newIdentity } from './fixtures/identities.ts';
import { assertIndexed } from './fixtures/plans.ts';
import { ORIGIN, waitingBackends } from './fixtures/rotations.ts';

const NOW = ORIGIN.at;
const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
const REST = { keyId: 'k', box: Buffer.from('rest') };

function messageFor(pk: string): NewMessage {
  return {
    messageId: randomUUID(), channel: 'PUSH', recipientMac: randomBytes(32), keyId: 'k', box: Buffer.from('box'), pk, jobId: undefined,
    createdAt: NOW, deliverUntil: later(300), expiresAt: later(86_400),
  };
}

describe('statements of messages', () => {
  const own = withAskedDatabase(4);
  const { asked, run } = own;

  const queue = new MessageQueue(run);
  const list = new MessageList(run);
  const logins = new LoginStore(run);
  const DEVTOKEN = { keyId: 'k', box: Buffer.from('devtoken') };

  /** A queued message of a key of its own. */
  async function queued(): Promise<NewMessage> {
    const { pk } = newIdentity();
    await new IdentityStore(own.database).register(newIdentity({ pk, devtoken: DEVTOKEN }), ORIGIN);
    const message = messageFor(pk);
    assert.equal(await logins.queue(message, ORIGIN), true);
    return message;
  }

  const take = (seconds = 0, limit = 100): Promise<TakenMessage[]> =>
    queue.take({ channel: 'PUSH', now: later(seconds), leaseUntil: later(seconds + 60), farthest: later(seconds + 180), limit });

  /** Takes one message that was just queued, and what else is due. */
  async function taken(seconds = 0): Promise<TakenMessage> {
    const { messageId } = await queued();
    return (await take(seconds)).find((message) => message.messageId === messageId) ?? assert.fail('it was not taken');
  }

  const WORK: Readonly<Record<string, () => Promise<unknown>>> = {
    login_read: () => logins.read('x'),
    login_queue: () => logins.queue(messageFor('x'), ORIGIN),
    message_take: () => take(),
    message_sent: async () => queue.sent(await taken(), REST),
    message_postpone: async () => queue.postpone(await taken(), later(1), 'later'),
    message_fail: async () => queue.fail(await taken(), 'never', REST, NOW),
    message_list: () => list.read(undefined, undefined, 51, ORIGIN),
    message_list_of_recipients: () => list.read([randomBytes(32), randomBytes(32)], { createdAt: NOW, messageId: 'x' }, 51, ORIGIN),
  };
  for (const [name, work] of Object.entries(WORK)) {
    it(`read each table by an index, and in its order: ${name}`, async () => {
      await work();
      const { text } = asked.findLast((statement) => statement.name === name) ?? assert.fail(`nobody asked ${name}`);
      await assertIndexed(own.url, text, true);
    });
  }

  it('take a message once until its lease ends, and count the attempts', async () => {
    const { messageId } = await queued();
    const attempts = async (seconds: number): Promise<number[]> => (await take(seconds)).filter((message) => message.messageId === messageId).map(({ attempt }) => attempt);
    assert.deepEqual(await attempts(0), [1]);
    assert.deepEqual(await attempts(59), []);
    assert.deepEqual(await attempts(60), [2]);
    assert.deepEqual(await attempts(-60), [], 'a little ahead is a lease');
    assert.deepEqual(await attempts(-61), [3], 'so far ahead is a clock that was set back');
    assert.deepEqual(await attempts(300), [3], 'too late for another attempt');
  });

  it('pass over what another node is taking, and take nothing twice', async () => {
    const messages = await Promise.all(Array.from({ length: 40 }, queued));
    const ids = new Set(messages.map(({ messageId }) => messageId));
    const takings = await Promise.all(Array.from({ length: 10 }, () => take(0, 7)));
    const all = takings.flat().map(({ messageId }) => messageId);
    assert.equal(new Set(all).size, all.length);
    const rest = (await take(0, 100)).map(({ messageId }) => messageId);
    assert.deepEqual([...all, ...rest].filter((id) => ids.has(id)).toSorted(), [...ids].toSorted());
    assert.ok(takings.every((some) => some.length <= 7));
  });

  it('believe whoever has sent a message, and of those that have failed only the last', async () => {
    const first = await taken();
    const second = (await take(60)).find(({ messageId }) => messageId === first.messageId);
    assert.ok(second);
    assert.equal(await queue.postpone(first, later(61), 'late news'), false);
    assert.equal(await queue.fail(first, 'late news', REST, NOW), false);
    assert.equal(await queue.postpone(second, later(61), 'again'), true);
    assert.equal(await queue.sent(first, REST), true, 'it has gone out');
    for (const message of [first, second]) {
      assert.deepEqual([await queue.sent(message, REST), await queue.postpone(message, later(1), 'x'), await queue.fail(message, 'x', REST, NOW)], [false, false, false]);
    }
    assert.ok((await take(100_000)).every(({ messageId }) => messageId !== first.messageId));
  });

  it('write nothing of a login for a key that is revoked meanwhile', async () => {
    const { pk } = newIdentity();
    const identities = new IdentityStore(own.database);
    await identities.register(newIdentity({ pk, devtoken: DEVTOKEN }), ORIGIN);
    const other = await connect(own.url);
    await other.query('begin');
    await other.query("update identity set state = 'REVOKED', key_id = null, box = null where pk = $1", [pk]);
    const waits = logins.queue(messageFor(pk), ORIGIN);
    await waitingBackends(own.url, 1);
    await other.query('commit');
    assert.equal(await waits, false);
    const { rows } = await other.query("select (select count(*)::int from message where pk = $1) as messages, (select count(*)::int from audit_event where identity = $1 and action like '%login%') as audits", [pk]);
    assert.deepEqual(rows, [{ messages: 0, audits: 0 }]);
    await other.end();
    assert.deepEqual(await logins.read(pk), { state: 'REVOKED', devtoken: undefined });
    assert.equal(await logins.read('nobody'), undefined);
  });
});
