import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { createDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN, startService } from '../support/service.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { startMailServer } from './mail_server.ts';
import { TestQueue, mailSettings } from './queue.ts';

const PROCESS = fileURLToPath(new URL('sending_process.ts', import.meta.url));
/** Longer than a lease, milliseconds. */
const LATER = 61_000;

/** What a mail server has got before the node was killed, and the attempts whose mails it has got in the end. */
const CASES = { before_send: { before: [], after: ['2'] }, after_send: { before: ['1'], after: ['1', '2'] } } as const;

describe('a node that is killed', function () {
  this.timeout(60_000);

  for (const [point, { before, after }] of Object.entries(CASES)) {
    it(`at ${point} loses no code of a job that it has opened: another node sends it under the same id`, async () => {
      await using server = await startMailServer();
      await using database = await createDatabase();
      const settings = {
        KEYTURN_DATABASE_URL: database.url, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS, KEYTURN_LOG_LEVEL: 'silent',
        KEYTURN_HTTP_LISTEN: '127.0.0.1:0', KEYTURN_GRPC_LISTEN: '127.0.0.1:0', ...mailSettings(server),
      };
      const child = fork(PROCESS, [JSON.stringify(settings), point], { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
      const ended = once(child, 'exit');
      const [url] = (await once(child, 'message')) as [string];
      const key = newIdentityKey();
      const post = (path: string, claims: object): Promise<Response> =>
        fetch(url + path, { method: 'POST', headers: { 'Content-Type': 'application/jwt' }, body: selfSigned(key, claims) });
      assert.equal((await post('/key', {})).status, 201);
      // The kill may come before the answer.
      await post('/scope', { scope: 'email', email: 'ann@example.com' }).catch(() => undefined);
      const [, signal] = (await ended) as [number | null, NodeJS.Signals | null];
      assert.equal(signal, 'SIGKILL');
      const attempts = (): string[] => server.mails.map(({ headers }) => headers.get('x-keyturn-attempt') ?? '');
      assert.deepEqual(attempts(), before);

      await using service = await startService({ database, settings: mailSettings(server) });
      const queue = await TestQueue.of(service.app.database);
      const [message, ...others] = await queue.all();
      assert.deepEqual([others, message?.state, message?.attempts], [[], 'QUEUED', 1]);
      service.clock.advance(LATER);
      await eventually(async () => assert.deepEqual((await queue.all()).map(({ state, attempts: made }) => [state, made]), [['SENT', 2]]));
      assert.deepEqual(attempts(), after);
      assert.deepEqual([...new Set(server.mails.map(({ headers }) => headers.get('message-id')))], [`<${message?.messageId}@keyturn.example>`]);
      assert.equal(new Set(server.mails.map(({ text }) => text)).size, 1, 'the code is the same');
    });
  }
});
