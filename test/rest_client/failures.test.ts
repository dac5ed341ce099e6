import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { OperatorServiceClient, isOperatorServiceError } from '../../gen/rest/keyturn/v1/operator_service.ts';
import { RestError, basic, bearer } from '../../gen/rest/runtime/index.ts';
import type { ClientOptions } from '../../gen/rest/runtime/index.ts';
import { failure } from './clients.ts';

/** What stands between a client and its service may answer anything; here it does. */
describe('a generated client before what is no Keyturn', () => {
  let server: Server;
  let baseUrl: string;
  let answer: RequestListener;

  before(async () => {
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const client = (options: Partial<ClientOptions> = {}): OperatorServiceClient => new OperatorServiceClient({ baseUrl, ...options });
  const says = (status: number, body: string, headers: Record<string, string> = {}): void => {
    answer = (_request, response) => void response.writeHead(status, headers).end(body);
  };

  it('keeps the text of an answer that is no envelope', async () => {
    for (const body of ['<html>Bad Gateway</html>', '', '{"error":{}}', '[]', 'null', '{"code":"5","message":"x"}']) {
      says(502, body, { 'content-type': 'text/html', 'x-request-id': 'proxy-1', 'retry-after': '7' });
      const error = await failure(client().listProjects());
      assert.ok(error instanceof RestError && !isOperatorServiceError(error));
      assert.deepEqual([error.status, error.code, error.envelope, error.body, error.text, error.requestId, error.retryAfter], [502, undefined, undefined, undefined, body, 'proxy-1', 7]);
      assert.equal(error.message, 'HTTP status 502');
    }
  });

  it('tells a success that is not JSON', async () => {
    says(200, '<html>Sign in</html>');
    const error = await failure(client().getDevice({ device_id: 'x' }));
    assert.ok(error instanceof RestError && error.cause instanceof SyntaxError);
    assert.deepEqual([error.status, error.message, error.text], [200, 'GET /v1/devices/{device_id}: the answer is not JSON', '<html>Sign in</html>']);
  });

  it('reads a date in Retry-After', async () => {
    says(503, '', { 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
    const late = await failure(client().listProjects());
    assert.ok(late instanceof RestError && late.retryAfter !== undefined && late.retryAfter > 30 && late.retryAfter <= 61);
    says(503, '', { 'retry-after': 'soon' });
    const odd = await failure(client().listProjects());
    assert.ok(odd instanceof RestError && odd.retryAfter === undefined);
  });

  it('knows no time to wait that no timer can wait', async () => {
    says(503, '', { 'retry-after': '9'.repeat(400) });
    const error = await failure(client().listProjects());
    assert.ok(error instanceof RestError && error.retryAfter === undefined);
  });

  it('takes no credentials in the base URL, and does not quote them', () => {
    for (const own of ['http://user:word@127.0.0.1:1', 'https://word@127.0.0.1/below', '//user:word@127.0.0.1']) {
      assert.throws(() => client({ baseUrl: own }), { name: 'TypeError', message: 'the base URL has credentials; give them as headers' });
    }
    assert.ok(client({ baseUrl: 'http://127.0.0.1:1/a@b' }));
  });

  it('ends a stream whose line does not end', async () => {
    const closed = Promise.withResolvers<void>();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' }).once('close', closed.resolve);
      const more = (): void => void response.write('x'.repeat(1 << 20), (error) => (error ?? undefined) === undefined && setImmediate(more));
      more();
    };
    const error = await failure(client().watchEvents({})[Symbol.asyncIterator]().next());
    assert.match(String(error), /^Error: a line of the stream is longer than 16777216 characters$/);
    await closed.promise;
  });

  it('follows no redirect, which would take its credentials elsewhere', async () => {
    says(307, '', { location: '/v1/elsewhere' });
    assert.ok((await failure(client().createProject({ name: 'x' }))) instanceof TypeError);
  });

  it('passes on what fetch throws, and the reasons of signals', async () => {
    answer = (_request, response) => response.destroy();
    assert.ok((await failure(client().listProjects())) instanceof TypeError);
    answer = () => {};
    const late = await failure(client({ timeout: 20 }).listProjects());
    assert.ok(late instanceof DOMException && late.name === 'TimeoutError');
    const reason = new Error('enough');
    assert.equal(await failure(client().listProjects({}, { signal: AbortSignal.abort(reason) })), reason);
    const stop = new AbortController();
    const call = failure(client({ timeout: 60_000 }).listProjects({}, { signal: stop.signal }));
    stop.abort(reason);
    assert.equal(await call, reason);
  });

  it('stays within the limit of time until the whole answer is there', async () => {
    answer = (_request, response) => void response.writeHead(200).write('{"projects":');
    const late = await failure(client().listProjects({}, { timeout: 50 }));
    assert.ok(late instanceof DOMException && late.name === 'TimeoutError');
  });

  it('tells a stream that ends within a line', async () => {
    says(200, '{"event_id":"1"}\n{"event');
    const stream = client().watchEvents()[Symbol.asyncIterator]();
    assert.deepEqual((await stream.next()).value, { event_id: '1' });
    assert.match(String(await failure(stream.next())), /the stream has ended within a line/);
  });

  it('sends neither "." nor ".." nor nothing in a path, and no half of a character', async () => {
    answer = (request) => assert.fail(`${request.url} was sent`);
    for (const id of ['.', '..', '', '\ud800']) assert.ok((await failure(client().getDevice({ device_id: id }))) instanceof TypeError);
    says(200, '{}');
    await client().freezeDevice({ device_id: '..' });
  });

  it('sends what the caller gives and no other credentials, the own headers of a call first', async () => {
    const seen: unknown[] = [];
    answer = ({ headers, url, method }, response) => {
      seen.push([method, url, headers.authorization, headers['x-auth-token'], headers['x-signature']]);
      response.end('{}');
    };
    await client({ baseUrl: `${baseUrl}/prefix//` }).listDevices({ page_token: 'a+b/c=&d e', page_size: 5, project_id: undefined });
    let serial = 0;
    const provided = client({ headers: () => ({ authorization: bearer(`t${++serial}`), 'x-auth-token': 'of client' }), authorize: ({ method, url, headers, body }) => headers.set('x-signature', `${method} ${url.slice(baseUrl.length)} ${String(body)}`) });
    await provided.createProject({ name: 'é' });
    await provided.getDevice({ device_id: 'a/b' }, { headers: { authorization: basic('n', 'ä:') } });
    assert.deepEqual(seen, [
      ['GET', '/prefix/v1/devices?page_token=a%2Bb%2Fc%3D%26d%20e&page_size=5', undefined, undefined, undefined],
      ['POST', '/v1/projects', 'Bearer t1', 'of client', 'POST /v1/projects {"name":"é"}'],
      ['GET', '/v1/devices/a%2Fb', `Basic ${Buffer.from('n:ä:').toString('base64')}`, 'of client', 'GET /v1/devices/a%2Fb undefined'],
    ]);
  });

  it('quotes no credentials in its errors', async () => {
    const error = await failure(client({ headers: { authorization: 'Bearer se\ncret' } }).listProjects());
    assert.ok(error instanceof TypeError && error.message === 'the header authorization cannot be sent' && error.cause === undefined);
    assert.throws(() => basic('a:b', 'c'), TypeError);
    assert.throws(() => client({ baseUrl: `${baseUrl}?a=b` }), TypeError);
  });
});
