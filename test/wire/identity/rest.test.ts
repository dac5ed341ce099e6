import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Answer } from '../answer.ts';
import { CONFIRMED, DONE, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';

/** Section 9 of contracts/authentiq.md, and what else a client may say. */
const ACCEPTS = [
  undefined, 'application/json, */*', 'application/json', 'application/json, text/plain, */*', '*/*', 'application/jwt', 'application/jwt, */*', 'text/html', 'image/*;q=0', 'nonsense', '',
];

const type = (value: string): readonly [string, string] => ['Content-Type', value];

/** What is about raw HTTP alone. */
describe('the calls on keys over HTTP', () => {
  const bench = withIdentities();
  const ask = (method: string, target: string, headers: readonly (readonly [string, string])[] = [], body?: string): Promise<Answer> => bench().rest.send({ method, target, headers, body });

  it('answer the same whatever is accepted', async () => {
    const key = await bench().register();
    for (const accept of ACCEPTS) {
      const headers = [type('application/jwt'), ...(accept === undefined ? [] : [['Accept', accept] as const])];
      for (const method of ['PUT', 'POST']) assertIdentityAnswer(await ask(method, `/key/${key.pk}`, headers, selfSigned(key)), CONFIRMED);
      assertIdentityRefusal(await ask('PUT', `/key/${newIdentityKey().pk}`, headers, selfSigned(key)), 'unknown-key');
    }
  });

  it('take HEAD as GET without its body', async () => {
    const [key, revoked] = [await bench().register(), await bench().revoked()];
    for (const [pk, status] of [[key.pk, 200], [newIdentityKey().pk, 404], ['x', 404], [revoked.pk, 410]] as const) {
      const [get, head] = [await ask('GET', `/key/${pk}`), await ask('HEAD', `/key/${pk}`)];
      assert.deepEqual([get.status, head.status, head.body], [status, status, '']);
      for (const name of ['content-type', 'content-length']) assert.deepEqual(head.headers.get(name), get.headers.get(name), name);
    }
  });

  it('ignore queries that they do not know, but for DELETE', async () => {
    const key = await bench().register();
    for (const query of ['?', '?a=b', '?secret=x&secret=y']) {
      assert.equal((await ask('GET', `/key/${key.pk}${query}`)).status, 200);
      assertIdentityAnswer(await ask('PUT', `/key/${key.pk}${query}`, [type('application/jwt')], selfSigned(key)), CONFIRMED);
    }
    for (const query of [`?secret=${key.secret}&secret=${key.secret}`, `?secret=%zz`, '?other=x']) assertIdentityRefusal(await ask('DELETE', `/key/${key.pk}${query}`), 'bad-request');
    assertIdentityAnswer(await ask('DELETE', `/key/${key.pk}?secret=${key.secret}`), DONE);
  });

  it('take the key in the path in any spelling of the path', async () => {
    const key = await bench().register();
    const escaped = Array.from(key.pk, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join('');
    assert.equal((await ask('GET', `/key/${escaped}`)).status, 200);
    assertIdentityRefusal(await ask('GET', `/key/${key.pk}%`), 'not-found');
    assertIdentityRefusal(await ask('GET', `/key/${key.pk}/`), 'not-found');
    assertIdentityRefusal(await ask('GET', `/key/${key.pk}/x`), 'not-found');
  });

  it('take 16 KiB, and refuse one byte more before all else of the body', async () => {
    const key = await bench().register();
    const jwt = selfSigned(key);
    const padded = (size: number): string => jwt.padEnd(size, ' ');
    assertIdentityAnswer(await ask('PUT', `/key/${key.pk}`, [type('application/jwt')], padded(16_384)), CONFIRMED);
    assertIdentityRefusal(await ask('PUT', `/key/${key.pk}`, [type('application/jwt')], padded(16_385)), 'bad-request');
    assertIdentityRefusal(await ask('PUT', '/key/x', [type('application/jwt')], padded(16_385)), 'bad-request');
  });

  it('refuse other methods with those that there are', async () => {
    const { pk } = newIdentityKey();
    for (const [method, target, allow] of [['PUT', '/key', 'DELETE, POST'], ['GET', '/key', 'DELETE, POST'], ['PATCH', `/key/${pk}`, 'DELETE, GET, HEAD, POST, PUT']] as const) {
      const answer = await ask(method, target);
      assertIdentityRefusal(answer, 'not-supported');
      assert.deepEqual(answer.headers.get('allow'), [allow]);
    }
  });

  it('never let a secret be stored by a cache', async () => {
    const answer = await ask('POST', '/key', [type('application/jwt')], selfSigned(newIdentityKey()));
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
  });
});
