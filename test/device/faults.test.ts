import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ONE_TRY, newDevice } from './device.ts';
import { listen, startProxy } from './proxy.ts';
import type { Fault } from './proxy.ts';

const BAD_GATEWAY = { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad Gateway</h1>' };

/** What is not the service's word, whatever it looks like. */
const DOUBTS: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ['a request that is lost', 'lose_request'],
  ['a reply that is lost', 'lose_reply'],
  ['a reply that is cut off', 'cut_reply'],
  ['502 of a proxy', BAD_GATEWAY],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '0' } }],
  ['503 with Retry-After as a date', { status: 503, headers: { 'retry-after': new Date(0).toUTCString() } }],
  ['500 of the service', { status: 500, body: '{"error":{"code":500,"status":"Internal Server Error","request":"r","message":""}}' }],
  ['a login page with 200', { status: 200, body: '<html>Welcome to the hotel</html>' }],
  ['200 with other JSON', { status: 200, body: '{"Success":"Welcome"}' }],
  ['200 with nothing', { status: 200 }],
  ['200 with too much', { status: 200, body: `{"Success":"Public key updated"}${' '.repeat(20_000)}` }],
  ['a redirect', { status: 307, headers: { location: 'http://127.0.0.1:1/' } }],
  ['401 of a proxy', { status: 401, headers: { 'www-authenticate': 'Basic' }, body: 'Who are you?' }],
  ['403 of a proxy', { status: 403, body: '{"error":"forbidden"}' }],
  ['400 of a proxy', { status: 400, body: '{"error":{"code":"400"}}' }],
  ['404', { status: 404, body: '{"error":{"code":404,"status":"Not Found","request":"r","message":""}}' }],
  ['429 of the service', { status: 429, headers: { 'retry-after': '0' }, body: '{"error":{"code":429,"message":"Slow down","status":"Too Many Requests"}}' }],
]);

function busy(seconds: string): Fault {
  return { status: 503, headers: { 'retry-after': seconds } };
}

describe('a rotation over a bad line', () => {
  let service: TestService;

  before(async () => {
    service = await startService();
  });

  after(() => service[Symbol.asyncDispose]());

  for (const [name, fault] of DOUBTS) {
    it(`sends the identical request again after ${name}`, async () => {
      using device = await newDevice(service);
      await using proxy = await startProxy(service.url, [fault]);
      const { resumed } = await device.rotate({ url: proxy.url });
      assert.equal(resumed, false);
      assert.equal(proxy.seen.length, 2);
      assert.equal(proxy.seen[0], proxy.seen[1]);
      await device.assertSettled(1);
    });
  }

  it('gives up in time, and the next run sends the identical request', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, [], 'lose_reply');
    const { thumbprint } = device;
    await assert.rejects(device.rotate({ url: proxy.url, timeout: 300 }), {
      trouble: 'failed', message: /^there was no certain answer in time; the last one: no answer, (?:ECONNRESET|[0-9]+ ms were over); both keys are safe, run again to go on$/,
    });
    assert.equal(device.thumbprint, thumbprint);
    assert.ok(proxy.seen.length > 1);
    proxy.otherwise = 'pass';
    assert.equal((await device.rotate({ url: proxy.url })).resumed, true);
    assert.deepEqual(new Set(proxy.seen).size, 1);
    await device.assertSettled(1);
  });

  it('takes what arrives when it has given up', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, ['late']);
    await assert.rejects(device.rotate({ url: proxy.url, timeout: 300, firstPause: 10_000 }), { trouble: 'failed', message: /100 ms were over/ });
    await proxy.settled();
    const { resumed, thumbprint } = await device.rotate();
    assert.deepEqual([resumed, thumbprint], [true, await device.currentThumbprint()]);
    await device.assertSettled(1);
  });

  it('takes what arrives after it was killed, and after the JWT was signed anew', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, ['lose_request']);
    await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
    const first = { jwt: String(device.pending?.['jwt']), pop: String(device.pending?.['pop']) };
    // As if the clock had jumped: the service refuses what is sent, and accepts the first JWT later all the same.
    proxy.faults.push({ status: 401, body: '{"error":{"code":401}}' }, 'pass', 'lose_request');
    await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
    assert.notEqual(device.pending?.['jwt'], first.jwt);
    assert.equal(await device.send(first), 200);
    const { resumed } = await device.rotate();
    assert.equal(resumed, true);
    await device.assertSettled(1);
  });

  it('takes what arrives between two questions for the key that counts', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, ['lose_request']);
    await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
    const first = { jwt: String(device.pending?.['jwt']), pop: String(device.pending?.['pop']) };
    const arrive = async (): Promise<void> => assert.equal(await device.send(first), 200);
    proxy.faults.push({ status: 401, body: '{"error":{"code":401}}' }, 'pass', arrive);
    assert.equal((await device.rotate({ url: proxy.url })).resumed, true);
    await device.assertSettled(1);
  });

  it('waits as long as it is asked to, or not at all', async () => {
    using device = await newDevice(service);
    await using proxy = await startProxy(service.url, [busy('1'), 'pass', busy('3600')]);
    const start = performance.now();
    await device.rotate({ url: proxy.url });
    assert.ok(performance.now() - start >= 990);
    await assert.rejects(device.rotate({ url: proxy.url }), { trouble: 'failed', message: /HTTP 503; both keys are safe, run again in 3600 seconds to go on$/ });
    assert.equal(proxy.seen.length, 3);
  });

  it('fails where nobody listens, and where there is no such host, with everything written down', async () => {
    using device = await newDevice(service);
    for (const [url, why] of [['http://127.0.0.1:1', /ECONNREFUSED/], ['http://keyturn.invalid', /ENOTFOUND|EAI_AGAIN/], [service.url.replace('http', 'https'), /no answer/]] as const) {
      await assert.rejects(device.rotate({ url, ...ONE_TRY }), { trouble: 'failed', message: why });
      assert.notEqual(device.pending, null);
      device.assertPrivate();
    }
    await device.rotate();
    await device.assertSettled(1);
  });

  it('finds the service below a path, and follows no redirect there', async () => {
    using device = await newDevice(service);
    const paths: (string | undefined)[] = [];
    await using front = await listen((incoming, outgoing) => {
      paths.push(incoming.url);
      outgoing.writeHead(302, { location: service.url }).end();
    });
    await assert.rejects(device.rotate({ url: `${front.url}/iot/`, ...ONE_TRY }), { message: /HTTP 302/ });
    assert.deepEqual(paths, ['/iot/device/update/pubkey']);
  });

  describe('killed on the way', () => {
    const faults = ['lose_request', 'lose_reply', 'cut_reply', 'late', BAD_GATEWAY] as const;
    for (const fault of faults) {
      it(`ends well in the next run: ${typeof fault === 'string' ? fault : fault.status}`, async () => {
        using device = await newDevice(service);
        await using proxy = await startProxy(service.url, [fault, fault, 'lose_reply']);
        // 8 of the state, 2 of the first request: while the second is under way.
        assert.equal(await device.rotateUntil(11, { url: proxy.url, timeout: 900 }), true);
        await proxy.settled();
        await device.rotate({ url: proxy.url });
        await device.assertSettled(1);
      });
    }
  });
});
