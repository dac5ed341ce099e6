import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { operatorOf, runHere } from '../cli/keyturn.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { assertDone, assertRefused, operate } from '../wire/operator.ts';
import type { OperatorCall } from '../wire/operator.ts';
import { RestClient } from '../wire/rest.ts';
import { eventually } from '../faults/fixtures/child.ts';
import { CODE, TestQueue } from './queue.ts';
import { startReceiver, webhookSettings } from './webhook_receiver.ts';

interface Listed {
  readonly messages: readonly Record<string, unknown>[];
  readonly next_page_token: string;
}

const listMessages = (request: Readonly<Record<string, unknown>> = {}): OperatorCall => ({ http: 'GET /v1/messages', method: 'listMessages', request });

describe('the list of messages', () => {
  let service: TestService;
  let rest: RestClient;
  let grpc: GrpcClient;
  let queue: TestQueue;
  before(async () => {
    service = await startService();
    rest = new RestClient(service.url);
    grpc = new GrpcClient(service.grpc);
    queue = await TestQueue.of(service.app.database);
    const start = Date.now() - 10_000;
    for (const index of [0, 1, 2, 3, 4]) await queue.code('email', `user-${index}@example.com`, { now: new Date(start + index) });
    await queue.code('phone', '+31201234567', { now: new Date(start + 5) });
    await queue.push('a device@token', { callback: 'https://site.example/', jwt: 'a.b.c' }, { now: new Date(start + 6) });
  });
  after(async () => {
    rest[Symbol.dispose]();
    grpc[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  const audits = (): Promise<Record<string, unknown>[]> =>
    service.app.database.run({ name: 'test_list_audits', text: "select action, actor, details, identity from audit_event where action like 'message.%' order by event_id" }, []);

  for (const wire of WIRES) {
    const ask = (request: Readonly<Record<string, unknown>> = {}): Promise<Answer> => operate({ rest, grpc }, wire, listMessages(request));
    const list = async (request: Readonly<Record<string, unknown>> = {}): Promise<Listed> => assertDone(await ask(request)) as Listed;
    const recipients = ({ messages }: Listed): unknown[] => messages.map(({ recipient }) => recipient);

    it(`${wire}: shows what they say, newest first, while there is no sender, and each look is audited`, async () => {
      const earlier = (await audits()).length;
      const { messages, next_page_token: next } = await list();
      assert.equal(next, '');
      assert.deepEqual(messages.map(({ recipient }) => recipient), ['a device@token', '+31201234567', ...[4, 3, 2, 1, 0].map((index) => `user-${index}@example.com`)]);
      assert.equal(messages[0]?.['body'], '{"callback":"https://site.example/","jwt":"a.b.c"}');
      assert.ok(messages.slice(1).every(({ body }) => String(body).startsWith(`Your code is ${CODE}. `)));
      if (wire === 'rest') {
        const { message_id: id, created_at: at, ...others } = messages[1] ?? {};
        assert.match(String(id), /^[0-9a-f-]{36}$/);
        assert.match(String(at), /Z$/);
        delete others['body'];
        assert.deepEqual(others, { channel: 'SMS', recipient: '+31201234567', state: 'QUEUED', attempts: 0, last_error: '' });
      }
      assert.deepEqual((await audits()).slice(earlier), [{ action: 'message.listed', actor: 'operator', details: { recipient: 'any' }, identity: null }]);
    });

    it(`${wire}: of one recipient, in any of its spellings`, async () => {
      const earlier = (await audits()).length;
      for (const recipient of [' User-3@EXAMPLE.com ', 'user-3@example.com']) assert.deepEqual(recipients(await list({ recipient })), ['user-3@example.com']);
      for (const recipient of ['+31201234567', '+31 (20) 123.45-67']) assert.deepEqual(recipients(await list({ recipient })), ['+31201234567']);
      assert.deepEqual(recipients(await list({ recipient: 'a device@token' })), ['a device@token']);
      for (const recipient of ['nobody@example.com', '+31201234568', 'A device@token', 'user-3@example.com,user-2@example.com', '%', 'x'.repeat(5_000)]) {
        assert.deepEqual(await list({ recipient }), { messages: [], next_page_token: '' });
      }
      const traces = (await audits()).slice(earlier);
      assert.equal(traces.length, 11, 'those that found nothing too');
      assert.doesNotMatch(JSON.stringify(traces), /user-3|3120|device@/);
    });

    it(`${wire}: in pages`, async () => {
      const seen: unknown[] = [];
      let token = '';
      do {
        const page = await list({ page_size: 3, page_token: token });
        assert.ok(page.messages.length <= 3);
        seen.push(...recipients(page));
        token = page.next_page_token;
      } while (token !== '');
      assert.deepEqual(seen, recipients(await list()));
      for (const wrong of ['x', Buffer.from('a b').toString('base64url'), Buffer.from('1').toString('base64url'), Buffer.from('-1 x').toString('base64url')]) {
        assertRefused(await ask({ page_token: wrong }), 'INVALID_ARGUMENT', ['page_token']);
      }
      assert.deepEqual(recipients(await list({ page_token: Buffer.from('9223372036854775807 x').toString('base64url') })).length, 7);
      assertRefused(await ask({ page_size: -1 }), 'INVALID_ARGUMENT', ['page_size']);
    });

    it(`${wire}: to the operator alone, and to no cache`, async () => {
      const earlier = (await audits()).length;
      for (const authorization of [null, 'Bearer wrong-token-of-the-tests']) assertRefused(await operate({ rest, grpc }, wire, listMessages(), authorization), 'UNAUTHENTICATED');
      assert.equal((await audits()).length, earlier);
      if (wire === 'rest') assert.deepEqual((await ask()).headers.get('cache-control'), ['no-store']);
    });
  }

  it('by the command line, with a word about codes in its help', async () => {
    const json = await runHere(['message', 'list', '--json'], operatorOf(service));
    assert.deepEqual([json.code, json.stderr], [0, '']);
    const answer = await rest.send({ method: 'GET', target: '/v1/messages', headers: [['Authorization', `Bearer ${operatorOf(service)['KEYTURN_OPERATOR_TOKEN']}`]] });
    assert.deepEqual(JSON.parse(json.stdout), JSON.parse(answer.body));
    const table = await runHere(['message', 'list', '--recipient', 'user-1@example.com'], operatorOf(service));
    assert.match(table.stdout, new RegExp(`^CREATED_AT +CHANNEL +STATE +ATTEMPTS +LAST_ERROR +RECIPIENT +BODY\\n\\S+Z +EMAIL +QUEUED +0 +- +user-1@example\\.com +Your code is ${CODE}`));
    assert.equal(table.stdout.match(/@example/g)?.length, 1);
    assert.deepEqual(JSON.parse((await runHere(['message', 'list', '--limit', '2', '--json'], operatorOf(service))).stdout).messages.length, 2);
    assert.equal((await runHere(['message', 'list', '--limit', '0'], operatorOf(service))).code, 2);
    assert.match((await runHere(['message', 'list', '--help'])).stdout.replaceAll(/\s+/g, ' '), /Shows codes: as long as a channel has no sender/);
  });

  it('drops them after a day', async () => {
    await using other = await startService();
    const { database, sweeper } = other.app;
    const old = await TestQueue.of(database);
    await old.code('email', 'ann@example.com');
    const show = async (): Promise<number> => {
      const answer = await fetch(`${other.url}/v1/messages`, { headers: { Authorization: `Bearer ${operatorOf(other)['KEYTURN_OPERATOR_TOKEN']}` } });
      return ((await answer.json()) as Listed).messages.length;
    };
    assert.equal(await show(), 1);
    other.clock.advance(86_400_000);
    assert.equal(await show(), 0, 'at once');
    await sweeper.sweep();
    assert.deepEqual(await old.all(), []);
  });

  it('does not show what messages say once their channel has a sender, or they are sent or given up', async () => {
    await using receiver = await startReceiver();
    await using sending = await startService({ settings: webhookSettings(receiver) });
    const own = await TestQueue.of(sending.app.database);
    receiver.answer = (response, { path }) => void response.writeHead(path.endsWith('push') ? 410 : 500).end();
    await own.code('email', 'ann@example.com');
    await own.code('phone', '+31201234567');
    await own.push('token', { jwt: 'a.b.c' });
    await eventually(async () => assert.deepEqual((await own.all()).map(({ channel, lastError }) => `${channel}: ${lastError}`).toSorted(), [
      'EMAIL: null', 'PUSH: the webhook answered 410', 'SMS: the webhook answered 500',
    ]));
    const { stdout } = await runHere(['message', 'list', '--json'], operatorOf(sending));
    const { messages } = JSON.parse(stdout) as Listed;
    const shown = messages.map(({ channel, state, body, attempts, next_attempt_at: next }) => [channel, state, String(body).slice(0, 9), attempts, next !== undefined].join(' ')).toSorted();
    assert.deepEqual(shown, ['EMAIL QUEUED Your code 0 false', 'PUSH FAILED  1 false', 'SMS QUEUED  1 true']);
  });
});
