import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { eventually } from '../faults/fixtures/child.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { CODE, TestQueue, seriesOf } from './queue.ts';
import { WEBHOOK_KEY, startReceiver, webhookSettings } from './webhook_receiver.ts';
import type { Received, Receiver } from './webhook_receiver.ts';

type Verify = (key: string, headers: Received['headers'], body: string, now?: number) => string;

const PAGE = fileURLToPath(new URL('../../docs/messages.md', import.meta.url));
const KEY = `whsec_${WEBHOOK_KEY.toString('base64')}`;

describe('texts and logins by webhook', () => {
  let folder: string;
  let page: string;
  let receiver: Receiver;
  let service: TestService;
  let queue: TestQueue;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-webhook-'));
    page = await readFile(PAGE, 'utf8');
    receiver = await startReceiver();
    service = await startService({ settings: webhookSettings(receiver) });
    queue = await TestQueue.of(service.app.database);
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await receiver[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  let copies = 0;
  /** The lines of the page, with a memory of their own. */
  async function verifier(): Promise<Verify> {
    const code = /```js\n(.*?)```/s.exec(page)?.[1] ?? assert.fail('the page has no lines that verify');
    assert.ok(code.trim().split('\n').length <= 15);
    copies += 1;
    const file = join(folder, `verify_${copies}.mjs`);
    await writeFile(file, code);
    return ((await import(pathToFileURL(file).href)) as { verify: Verify }).verify;
  }

  /** Sends a message, and returns the requests in which it has arrived. */
  async function deliver(put: () => Promise<string>): Promise<{ messageId: string; requests: readonly Received[] }> {
    const first = receiver.received.length;
    const messageId = await put();
    await eventually(async () => {
      service.clock.advance(1_000);
      assert.equal((await queue.find(messageId))?.state, 'SENT');
    });
    return { messageId, requests: receiver.received.slice(first) };
  }

  /** The members of the example on the page, at all depths. */
  const shapeOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? Object.entries(value).map(([name, member]) => [name, shapeOf(member)]) : typeof value;
  const examples = (): unknown[] => Array.from(page.matchAll(/```json\n(.*?)```/gs), ([, text = '']) => JSON.parse(text) as unknown);

  it('say what the page says, signed so that its lines verify it', async () => {
    const now = service.clock.now();
    const { messageId, requests: [sms, ...others] } = await deliver(() => queue.code('phone', '+31201234567', { now }));
    assert.ok(sms);
    assert.deepEqual([others, sms.method, sms.path, sms.headers['content-type'], sms.headers['webhook-id']], [[], 'POST', '/hook', 'application/json', messageId]);
    const expires = new Date(now.getTime() + 600_000).toISOString();
    const text = `Your code is ${CODE}. It counts for 10 minutes and is to confirm an address. If you did not ask for it, do nothing, and give it to nobody.`;
    assert.deepEqual(JSON.parse(sms.body), {
      type: 'message.sms', timestamp: now.toISOString(), data: { message_id: messageId, attempt: 1, expires_at: expires, phone: '+31201234567', text },
    });

    const login = { callback: 'https://site.example/login', jwt: 'a.b.c' };
    const { messageId: pushId, requests: [push] } = await deliver(() => queue.push('token of a device', login, { now: service.clock.now() }));
    const { data } = JSON.parse(push?.body ?? '') as { data: Record<string, unknown> };
    assert.deepEqual([push?.path, data['message_id'], data['devtoken'], data['callback'], data['jwt']], ['/hook/push', pushId, 'token of a device', login.callback, login.jwt]);
    assert.deepEqual([sms, push].map((request) => shapeOf(JSON.parse(request?.body ?? ''))), examples().map(shapeOf));

    const verify = await verifier();
    const at = service.clock.now().getTime() / 1000;
    for (const request of [sms, push]) {
      assert.ok(request);
      assert.deepEqual([verify(KEY, request.headers, request.body, at), verify(KEY, request.headers, request.body, at)], ['new', 'repeated']);
    }
    assert.deepEqual((await queue.find(pushId))?.content, { recipient: 'token of a device' });
  });

  it('are not verified when they are old, changed, or of somebody else', async () => {
    const { requests: [request] } = await deliver(() => queue.code('phone', '+31201234567', { now: service.clock.now() }));
    assert.ok(request);
    const { headers, body } = request;
    const at = Number(headers['webhook-timestamp']);
    const verify = await verifier();
    for (const now of [at - 301, at + 301, Number.NaN]) assert.equal(verify(KEY, headers, body, now), 'stale');
    const wrong: Received['headers'][] = [
      { ...headers, 'webhook-id': 'other' }, { ...headers, 'webhook-timestamp': String(at + 1) }, { ...headers, 'webhook-signature': 'v1,' },
      { ...headers, 'webhook-signature': String(headers['webhook-signature']).replace('v1,', 'v2,') },
    ];
    for (const changed of wrong) assert.equal(verify(KEY, changed, body, at), 'forged');
    assert.equal(verify(KEY, headers, body.replace('1', '2'), at), 'forged');
    assert.equal(verify(`whsec_${Buffer.alloc(32, 8).toString('base64')}`, headers, body, at), 'forged');
    assert.equal(verify(KEY, { ...headers, 'webhook-signature': `v1,${'A'.repeat(43)}= ${String(headers['webhook-signature'])}` }, body, at), 'new', 'one of several');
  });

  it('are repeated under the same id, each attempt with a number and a time of its own', async () => {
    let failures = 0;
    receiver.answer = (response) => {
      failures += 1;
      if (failures === 2) return response.socket?.resetAndDestroy();
      return response.writeHead(failures > 3 ? 200 : 503).end(CODE);
    };
    const { messageId, requests } = await deliver(() => queue.code('phone', '+31201234567', { now: service.clock.now() }));
    assert.deepEqual(requests.map(({ body }) => (JSON.parse(body) as { data: { attempt: number } }).data.attempt), [1, 2, 3, 4]);
    assert.deepEqual([...new Set(requests.map(({ headers }) => headers['webhook-id']))], [messageId]);
    const times = requests.map(({ headers }) => Number(headers['webhook-timestamp']));
    assert.deepEqual(times, times.toSorted((one, other) => one - other));
    assert.ok((times.at(-1) ?? 0) > (times[0] ?? 0));
    for (const { headers, body } of requests) assert.equal((await verifier())(KEY, headers, body, Number(headers['webhook-timestamp'])), 'new');
    assert.doesNotMatch(JSON.stringify(service.lines), new RegExp(`${CODE}|\\+3120|${WEBHOOK_KEY.toString('base64').slice(0, 20)}|token of a device`));
    assert.doesNotMatch(await seriesOf(service), new RegExp(`${CODE}|3120`));
  });
});
