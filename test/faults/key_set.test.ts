import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { RestClient } from '../wire/rest.ts';
import { eventually } from './fixtures/child.ts';

const JWKS = { method: 'GET', target: '/.well-known/jwks.json' } as const;

describe('the key set with the database away', () => {
  it('is 503 if it was never read, and else what it was', async () => {
    await using own = await createDatabase();
    await using proxy = await startProxy(own.url);
    await using service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database: own });
    using rest = new RestClient(service.url);
    proxy.stop();
    const refused = await rest.send(JWKS);
    assert.deepEqual([refused.status, refused.headers.get('cache-control'), refused.headers.get('content-type')], [503, ['no-store'], ['text/plain; charset=utf-8']]);
    assert.equal(refused.body, 'the keys cannot be read now: the database does not answer');
    proxy.restore();
    await eventually(async () => assert.equal((await rest.send(JWKS)).status, 200));
    const before = await rest.send(JWKS);
    proxy.stop();
    for (const { status, body } of await Promise.all(Array.from({ length: 64 }, () => rest.send(JWKS)))) assert.deepEqual([status, body], [200, before.body]);
    proxy.restore();
    await eventually(async () => assert.equal((await rest.send({ method: 'GET', target: '/readyz' })).status, 200));
    assert.equal((await rest.send(JWKS)).body, before.body);
    assert.ok(!service.lines.some(({ message }) => String(message).includes('keys of the issuer')), 'each request writes no line');
  });
});
