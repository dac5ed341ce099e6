import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { startMailServer } from './mail_server.ts';
import type { MailServer } from './mail_server.ts';
import { TestQueue, mailSettings } from './queue.ts';

const MANY = 500;

const idsOf = ({ mails }: MailServer): string[] => mails.map(({ headers }) => headers.get('message-id') ?? '');

async function sentBy({ url }: TestService): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^keyturn_messages_total\{channel="EMAIL",outcome="sent"\} ([0-9]+)$/m.exec(metrics)?.[1]);
}

describe('several nodes', function () {
  this.timeout(60_000);

  it(`share a queue of ${MANY} messages, and each goes out once`, async () => {
    await using server = await startMailServer();
    await using database = await createDatabase();
    await using one = await startService({ database, settings: mailSettings(server) });
    await using other = await startService({ database, settings: mailSettings(server) });
    const queue = await TestQueue.of(one.app.database);
    const ids = await Promise.all(Array.from({ length: MANY }, (_, index) => queue.code('email', `user-${index}@example.com`)));
    for (const until = Date.now() + 40_000; Date.now() < until; ) {
      const left = (await queue.all()).filter(({ state }) => state !== 'SENT').length;
      if (left === 0) break;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
    const stored = await queue.all();
    assert.deepEqual(stored.filter(({ state, attempts }) => state !== 'SENT' || attempts !== 1), []);
    assert.deepEqual(idsOf(server).toSorted(), ids.map((id) => `<${id}@keyturn.example>`).toSorted());
    assert.deepEqual(server.mails.filter(({ to }) => to.length !== 1), []);
    const shares = await Promise.all([sentBy(one), sentBy(other)]);
    assert.ok(shares.every((share) => share > 0) && shares.reduce((sum, share) => sum + share) === MANY, shares.join());
  });

  it('finish what is under way when they stop, and the next one goes on with the rest', async () => {
    await using database = await createDatabase();
    let begun = 0;
    await using server = await startMailServer({ onMailFrom: (_address, _session, done) => void setTimeout(done, 300, void (begun += 1)) });
    const first = await startService({ database, settings: mailSettings(server) });
    const queue = await TestQueue.of(first.app.database);
    for (let index = 0; index < 30; index += 1) await queue.code('email', `user-${index}@example.com`);
    await eventually(() => assert.ok(begun >= 5));
    await first[Symbol.asyncDispose]();
    const early = idsOf(server).length;
    assert.ok(early >= 5 && early < 30, `${early} had gone out`);

    await using second = await startService({ database, settings: mailSettings(server) });
    const rest = await TestQueue.of(second.app.database);
    assert.ok((await rest.all()).filter(({ state }) => state === 'SENT').length >= early);
    await eventually(async () => assert.ok((await rest.all()).every(({ state, attempts }) => state === 'SENT' && attempts === 1)));
    assert.deepEqual([idsOf(server).length, new Set(idsOf(server)).size], [30, 30]);
  });

  it('break off what hangs when they stop, and lose nothing', async () => {
    await using database = await createDatabase();
    let isDeaf = true;
    await using server = await startMailServer({ onMailFrom: (_address, _session, done) => (isDeaf ? undefined : done()) });
    const first = await startService({ database, settings: mailSettings(server) });
    const queued = await TestQueue.of(first.app.database);
    const messageId = await queued.code('email', 'ann@example.com');
    await eventually(async () => assert.equal((await queued.find(messageId))?.attempts, 1));
    await first[Symbol.asyncDispose]();
    isDeaf = false;
    await using second = await startService({ database, settings: mailSettings(server) });
    const queue = await TestQueue.of(second.app.database);
    await eventually(async () => {
      const found = await queue.find(messageId);
      assert.deepEqual([found?.state, found?.attempts], ['SENT', 2]);
    });
    assert.deepEqual(idsOf(server), [`<${messageId}@keyturn.example>`]);
  });
});
