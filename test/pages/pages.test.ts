import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import { inspectConfig } from '../../src/config/index.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const DOCUMENT = readFileSync(new URL('../../gen/openapi.json', import.meta.url));
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const NOTHING = "default-src 'none'; frame-ancestors 'none'";
const FOR_GOOD = 'public, max-age=31536000, immutable';

/** Path, media type, what browsers may do with it, and how long it may be kept without its version in the query. */
const PAGES: readonly (readonly [path: string, contentType: string, policy: string, cacheControl: string])[] = [
  ['/openapi.json', 'application/json', NOTHING, 'public, max-age=60'],
  ['/docs', 'text/html; charset=utf-8', POLICY, 'no-cache'],
  ['/docs/theme.js', 'text/javascript; charset=utf-8', NOTHING, 'no-cache'],
  ['/docs/start.js', 'text/javascript; charset=utf-8', NOTHING, 'no-cache'],
  ['/docs/assist.js', 'text/javascript; charset=utf-8', NOTHING, 'no-cache'],
  ['/docs/page.css', 'text/css; charset=utf-8', NOTHING, 'no-cache'],
  ['/docs/favicon.svg', 'image/svg+xml', NOTHING, 'no-cache'],
  ['/docs/swagger-ui.css', 'text/css; charset=utf-8', NOTHING, 'no-cache'],
  ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8', NOTHING, 'no-cache'],
];

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** One request whose path is sent as it stands, and whose answer is not unpacked. */
async function ask(base: string, path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(base);
  const sent = request({ hostname, port, path, method, headers, agent: false }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}

describe('the pages of the contract', () => {
  let service: TestService;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  for (const [path, contentType, policy, cacheControl] of PAGES) {
    it(`GET and HEAD ${path}, each with its headers`, async () => {
      const { status, headers, body } = await ask(service.url, path);
      assert.equal(status, 200);
      const { 'content-type': type, 'content-security-policy': csp, 'cache-control': cache } = headers;
      assert.deepEqual([type, csp, cache], [contentType, policy, cacheControl]);
      assert.deepEqual([headers['x-content-type-options'], headers['referrer-policy'], headers['cross-origin-resource-policy']], ['nosniff', 'no-referrer', 'same-origin']);
      assert.equal(headers['cross-origin-opener-policy'], path === '/docs' ? 'same-origin' : undefined);
      assert.deepEqual([headers['vary'], headers['content-encoding'], headers['access-control-allow-origin']], ['Accept-Encoding', undefined, undefined]);
      assert.equal(headers['content-length'], String(body.length));
      const head = await ask(service.url, path, {}, 'HEAD');
      assert.deepEqual([head.status, head.body.length], [200, 0]);
      assert.deepEqual({ ...head.headers, date: '' }, { ...headers, date: '' });
    });

    it(`${path} is sent compressed to those who take that, and not again to those who have it`, async () => {
      const plain = await ask(service.url, path);
      const tags = new Set([plain.headers.etag]);
      for (const [coding, unpack] of [['br', brotliDecompressSync], ['gzip', gunzipSync]] as const) {
        const answer = await ask(service.url, path, { 'accept-encoding': coding });
        assert.equal(answer.headers['content-encoding'], coding);
        assert.deepEqual(unpack(answer.body), plain.body);
        assert.ok(answer.body.length < plain.body.length);
        tags.add(answer.headers.etag);
        const { etag = '' } = answer.headers;
        const known = await ask(service.url, path, { 'accept-encoding': coding, 'if-none-match': `"other", W/${etag}` });
        assert.deepEqual([known.status, known.body.length, known.headers.etag], [304, 0, etag]);
        assert.deepEqual([known.headers['cache-control'], known.headers['vary']], [plain.headers['cache-control'], 'Accept-Encoding']);
        assert.equal((await ask(service.url, path, { 'if-none-match': etag })).status, 200, 'the tag is of those bytes alone');
      }
      assert.equal(tags.size, 3);
    });

    it(`${path} has no other method`, async () => {
      const options = await ask(service.url, path, {}, 'OPTIONS');
      assert.deepEqual([options.status, options.headers.allow], [204, 'GET, HEAD, OPTIONS']);
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const { status, headers } = await ask(service.url, path, {}, method);
        assert.deepEqual([status, headers.allow], [405, 'GET, HEAD, OPTIONS'], method);
      }
    });
  }

  it('serve the document as it is committed', async () => {
    const { body } = await ask(service.url, '/openapi.json');
    assert.ok(body.equals(DOCUMENT));
  });

  it('choose the coding by the weights that the caller gives', async () => {
    for (const [accepted, coding] of [
      ['gzip, deflate, br, zstd', 'br'], ['gzip;q=1, br;q=0.5', 'gzip'], ['BR ; Q=0.5', 'br'], ['*', 'br'], ['br;q=0, *;q=0.1', 'gzip'], ['identity', undefined], ['', undefined],
      ['gzip;q=0', undefined], ['*;q=0', undefined], ['identity;q=0', undefined], ['identity, gzip;q=0.5', undefined], ['gzip;q=2', undefined], ['deflate', undefined], ['gzip;level=9', undefined],
    ] as const) {
      const { headers, status } = await ask(service.url, '/docs', { 'accept-encoding': accepted });
      assert.deepEqual([status, headers['content-encoding']], [200, coding], accepted);
    }
  });

  it('name each file by its version, below the page, and those may be kept for good', async () => {
    const html = (await ask(service.url, '/docs')).body.toString();
    const places = Array.from(html.matchAll(/(?:src|href)="([^"]*)"/g), ([, place = '']) => place);
    const files = places.filter((place) => !['openapi.json', '#operations'].includes(place));
    assert.deepEqual([...new Set(files.map((file) => `/${file.split('?')[0]}`))].toSorted(), PAGES.map(([path]) => path).filter((path) => path.startsWith('/docs/')).toSorted());
    for (const file of files) {
      assert.match(file, /^docs\/[a-z.-]+\?v=[\w-]{22}$/);
      assert.equal((await ask(service.url, `/${file}`)).headers['cache-control'], FOR_GOOD, file);
      // A node of another version, asked for the files of this one's page, gives its own, which nobody may keep.
      assert.equal((await ask(service.url, `/${file}x`)).headers['cache-control'], 'no-cache', file);
    }
    assert.doesNotMatch(html, /<script>|<style|style=|\son[a-z]+=|https?:/, 'nothing is inline, nothing is elsewhere');
  });

  it('lead from /docs/ to the page, whatever stands before it', async () => {
    const { status, headers } = await ask(service.url, '/docs/');
    assert.deepEqual([status, headers.location], [308, '../docs']);
    assert.equal(new URL(headers.location ?? '', 'https://proxy.example/keyturn/docs/').href, 'https://proxy.example/keyturn/docs');
  });

  it('serve nothing else', async () => {
    for (const path of ['/docs/index.html', '/docs/swagger-ui.css.map', '/docs/..', '/docs/../package.json', '/docs/%2e%2e/package.json', '/docs/..%2f..%2fpackage.json', '/docs//theme.js', '/docs/theme.js/', '/Docs', '/docs/package.json', '/openapi.json/']) {
      const { status, headers } = await ask(service.url, path);
      assert.deepEqual([status, headers['content-type']], [404, 'application/json'], path);
    }
  });
});

/** The statuses of both pages on the public listener and on the operator's. */
async function statuses(settings: Readonly<Record<string, string>>): Promise<readonly number[]> {
  await using service = await startService({ settings: { KEYTURN_OPERATOR_LISTEN: '127.0.0.1:0', ...settings } });
  const asked = [service.url, `http://${service.operator}`].flatMap((base) => ['/docs', '/docs/start.js', '/openapi.json'].map((path) => ask(base, path)));
  return (await Promise.all(asked)).map(({ status }) => status);
}

describe('KEYTURN_DOCS', () => {
  it('says where they are', async () => {
    assert.deepEqual(await statuses({}), [200, 200, 200, 200, 200, 200]);
    assert.deepEqual(await statuses({ KEYTURN_DOCS: 'operator' }), [404, 404, 404, 200, 200, 200]);
    assert.deepEqual(await statuses({ KEYTURN_DOCS: 'off' }), [404, 404, 404, 404, 404, 404]);
  });

  it('is refused where it is wrong', () => {
    for (const [value, says] of [['yes', 'expects one of on, off, operator'], ['operator', 'is operator, but KEYTURN_OPERATOR_LISTEN is not set']] as const) {
      assert.deepEqual(inspectConfig({ KEYTURN_DOCS: value }).faults, [{ variable: 'KEYTURN_DOCS', says }]);
    }
    assert.deepEqual(inspectConfig({ KEYTURN_DOCS: 'operator', KEYTURN_OPERATOR_LISTEN: '127.0.0.1:1' }).faults, []);
  });
});
