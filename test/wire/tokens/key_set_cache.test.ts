import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Answer } from '../answer.ts';
import { makeUpdate } from '../harness.ts';
import { withBench } from '../rows.ts';
import { accessKey, askKeySet } from './checks.ts';
import type { KeySetRequest } from './checks.ts';

type Header = readonly [string, string];

function tagOf({ headers }: Answer): string {
  return headers.get('etag')?.[0] ?? assert.fail('it has no ETag');
}

describe('the key set of a device, kept for a while', () => {
  const bench = withBench();

  const ask = (id: string, conditions: readonly string[] = [], request: KeySetRequest = {}): Promise<Answer> =>
    askKeySet(bench(), 'rest', id, { ...request, headers: conditions.map((value): Header => ['If-None-Match', value]) });

  it('may be kept by its caller for half a minute', async () => {
    const { id } = await bench().device();
    const answer = await ask(id);
    assert.deepEqual([answer.status, answer.headers.get('cache-control'), answer.headers.get('content-type')], [200, ['private, max-age=30'], ['application/json']]);
    assert.match(tagOf(answer), /^"[\w-]{43}"$/);
    assert.deepEqual(answer.headers.get('vary'), ['Authorization'], 'a cache of several callers does not show it to one whom Keyturn would refuse');
    assert.deepEqual((await ask(id, [tagOf(answer)])).headers.get('vary'), ['Authorization']);
    const { authorization } = await accessKey(bench());
    assert.equal(tagOf(await ask(id, [], { authorization })), tagOf(answer), 'whoever asks');
  });

  it('is 304 to who has it', async () => {
    const { id } = await bench().device();
    const tag = tagOf(await ask(id));
    for (const conditions of [[tag], [`W/${tag}`], ['*'], [`"a", ${tag}`], ['"a"', tag], [`${'"a", '.repeat(1500)}${tag}`]]) {
      for (const method of ['GET', 'HEAD']) {
        const { status, body, headers } = await ask(id, conditions, { method });
        assert.deepEqual([status, body, headers.get('etag'), headers.get('cache-control'), headers.get('content-type'), headers.get('content-length')], [304, '', [tag], ['private, max-age=30'], undefined, undefined], conditions.join(' and ').slice(0, 60));
        assert.equal(headers.get('x-request-id')?.length, 1);
      }
    }
  });

  it('is whole to who has something else, or says so in no known form', async () => {
    const { id } = await bench().device();
    const whole = await ask(id);
    const tag = tagOf(whole);
    for (const conditions of [['"a"'], [''], [tag.slice(1, -1)], [`w/${tag}`], ['*', '*'], [`${tag}x`], ['"'.repeat(10_000)], [', '.repeat(5000)], [`${' '.repeat(10_000)}"a"`]]) {
      const answer = await ask(id, conditions);
      assert.deepEqual([answer.status, answer.body, tagOf(answer)], [200, whole.body, tag], conditions.join(' and ').slice(0, 60));
    }
  });

  it('has its headers for HEAD', async () => {
    const { id } = await bench().device();
    const [whole, head] = [await ask(id), await ask(id, [], { method: 'HEAD' })];
    assert.deepEqual([head.status, head.body], [200, '']);
    for (const name of ['etag', 'cache-control', 'content-type', 'content-length']) assert.deepEqual(head.headers.get(name), whole.headers.get(name), name);
  });

  it('has another tag after a rotation, a freezing and an unfreezing, and the first one after those again', async () => {
    const device = await bench().device();
    const first = tagOf(await ask(device.id));
    await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
    const frozen = await ask(device.id, [first]);
    assert.deepEqual([frozen.status, frozen.body], [200, '{"keys":[]}']);
    assert.equal((await ask(device.id, [tagOf(frozen)])).status, 304);
    await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
    assert.equal((await ask(device.id, [first])).status, 304);
    assert.equal((await bench().sendUpdate('rest', makeUpdate(device))).status, 200);
    const second = await ask(device.id, [first, tagOf(frozen)]);
    assert.equal(second.status, 200);
    assert.equal((await ask(device.id, [tagOf(second)])).status, 304);
    const all = await ask(device.id, [tagOf(second)], { retired: true });
    assert.equal(all.status, 200, 'with the keys before it, it is another');
    assert.equal((await ask(device.id, [tagOf(all)], { retired: true })).status, 304);
  });

  it('is no-store and has no tag where it is refused, whatever the caller has', async () => {
    const { id } = await bench().device();
    const { authorization } = await accessKey(bench(), ['iotda:devices:query']);
    for (const [answer, status] of [
      [await ask(id, ['*'], { authorization: '' }), 401], [await ask(id, ['*'], { authorization }), 403], [await ask('nobody', ['*']), 404], [await ask(`${id}?x=1`, ['*']), 404],
      [await ask(id, ['*'], { method: 'POST' }), 405], [await bench().operator('GET', `/v1/devices/${id}/jwks.json?x=1`, undefined, [['If-None-Match', '*']]), 400],
    ] as const) {
      assert.deepEqual([answer.status, answer.headers.get('cache-control'), answer.headers.get('etag')], [status, ['no-store'], undefined]);
    }
    const removed = await bench().device();
    const tag = tagOf(await ask(removed.id));
    await bench().operator('DELETE', `/v1/devices/${removed.id}`);
    assert.equal((await ask(removed.id, [tag])).status, 404);
    assert.deepEqual((await bench().operator('GET', `/v1/devices/${id}`)).headers.get('cache-control'), ['no-store'], 'nothing else may be kept');
  });
});
