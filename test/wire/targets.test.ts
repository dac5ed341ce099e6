import assert from 'node:assert/strict';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { SUCCESS, assertAnswer } from './answer.ts';
import { UPDATE, makeUpdate } from './harness.ts';
import { assertRefused } from './operator.ts';
import type { OperatorReason } from './operator.ts';
import { withBench } from './rows.ts';

/** Malformed targets below /device, /as and /idp: E404. */
const DEVICE: readonly string[] = [
  '/device/%', '/device/%z', '/device/%zz', '/device/%00', '/device/%ff', '/device/%c0%af', '/device/%e0%80%af', '/device/%ed%a0%80', '/device/%f4%90%80%80', '/device/%80',
  '/device/update/pubkey%', '/device/update/pubkey%0', '/device/update/pubkey%2500', '/device/update%2fpubkey', '/device/update/%2e%2e/update/pubkey', '/device/..', '/device/../device/update/pubkey',
  '/device//update/pubkey', '/device/update//pubkey', '/device///', '/device/update/pubkey#fragment', '/device/#', '/device/update/pubkey?x#y', '/device/update\\pubkey', '/device/update/pubkey;jsessionid=1',
  '/device/"<>', '/device/{x}', '/device/*', '/device/**', '/as/%zz', '/as/../device/update/pubkey', '/idp/%ff',
];

/** Elsewhere: 400 if malformed, else 404. */
const ELSEWHERE: readonly (readonly [target: string, reason: OperatorReason])[] = [
  ['/v1/devices/%zz', 'INVALID_ARGUMENT'],
  ['/v1/devices/%00', 'INVALID_ARGUMENT'],
  ['/v1/devices/a%00b/keys', 'INVALID_ARGUMENT'],
  ['/v1/devices/%ff', 'INVALID_ARGUMENT'],
  ['/v1/devices/%c0%af', 'INVALID_ARGUMENT'],
  ['/v1/devices/%ed%a0%80', 'INVALID_ARGUMENT'],
  ['/v1/devices/x#y', 'INVALID_ARGUMENT'],
  ['/v1/%', 'INVALID_ARGUMENT'],
  ['/%zz', 'INVALID_ARGUMENT'],
  ['/%ff/device/update/pubkey', 'INVALID_ARGUMENT'],
  ['/#/device/update/pubkey', 'INVALID_ARGUMENT'],
  ['//', 'ROUTE_NOT_FOUND'],
  ['//v1/devices', 'ROUTE_NOT_FOUND'],
  ['/v1//devices', 'ROUTE_NOT_FOUND'],
  ['/v1/devices//keys', 'ROUTE_NOT_FOUND'],
  ['/v1/devices/', 'ROUTE_NOT_FOUND'],
  ['/../v1/devices', 'ROUTE_NOT_FOUND'],
  ['/./v1/devices', 'ROUTE_NOT_FOUND'],
  ['/v1/../v1/devices', 'ROUTE_NOT_FOUND'],
  ['/v1/devices/x/../y', 'ROUTE_NOT_FOUND'],
  ['/v1/devices/..', 'DEVICE_NOT_FOUND'],
  ['/v1/devices/%2e%2e', 'DEVICE_NOT_FOUND'],
  ['/v1/devices/%2525', 'DEVICE_NOT_FOUND'],
  ['/v1/%64evices/x', 'DEVICE_NOT_FOUND'],
  ['/livez/', 'ROUTE_NOT_FOUND'],
];

describe('targets', () => {
  const bench = withBench();
  const token = `Authorization: Bearer ${OPERATOR_TOKEN}`;

  for (const target of DEVICE) {
    it(`E404: ${target}`, async () => {
      for (const method of ['POST', 'GET', 'OPTIONS']) assertAnswer(await bench().rest.rawRequest(`${method} ${target} HTTP/1.1\n${token}`), 'E404');
    });
  }

  for (const [target, reason] of ELSEWHERE) {
    it(`${reason}: ${target}`, async () => assertRefused(await bench().rest.rawRequest(`GET ${target} HTTP/1.1\n${token}`), reason));
  }

  it('absolute and other forms of targets are malformed, and never reach a call', async () => {
    const { jwt, pop } = makeUpdate(await bench().device());
    const body = JSON.stringify({ pop });
    for (const target of [`http://127.0.0.1${UPDATE}`, `HTTP://x${UPDATE}`, `https://x${UPDATE}`, `http:${UPDATE}`]) {
      const head = `POST ${target} HTTP/1.1\nAuthorization: ${jwt}\nContent-Type: application/json\nContent-Length: ${body.length}`;
      const text = (await bench().rest.rawRequest(head, body)).status;
      assert.equal(text, 400, target);
    }
    for (const line of ['OPTIONS * HTTP/1.1', 'GET * HTTP/1.1']) assert.equal((await bench().rest.rawRequest(line)).status, 400, line);
    const update = await bench().send('rest', { authorization: jwt, pop });
    assertAnswer(update, 'OK');
  });

  it('a target of 8 KiB is answered, and its query is ignored; a longer one is E404, on /v1 414', async () => {
    const { jwt, pop } = makeUpdate(await bench().device());
    const [longest, longer] = [8_192, 8_193].map((size) => `${UPDATE}?${'x'.repeat(size - UPDATE.length - 1)}`);
    assertAnswer(await bench().send('rest', { authorization: jwt, pop, target: longer ?? '' }), 'E404');
    assertAnswer(await bench().send('rest', { authorization: jwt, pop, target: longest ?? '' }), 'OK');
    assertAnswer(await bench().rest.send({ target: `/device/${'x/'.repeat(4_000)}` }), 'E404');
    const answer = await bench().rest.send({ method: 'GET', target: `/v1/devices/${'x'.repeat(9_000)}` });
    assert.deepEqual([answer.status, answer.reason], [414, 'TARGET_TOO_LONG']);
  });
});

/** Refused before any path is known of them: in the envelope that owns `/`, but for sizes. */
const GARBAGE: readonly (readonly [name: string, bytes: string | Buffer, answer: RegExp])[] = [
  ['a header block over 16 KiB', `POST /v1/devices HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, /^HTTP\/1\.1 431 /],
  ['one of a device', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, /^HTTP\/1\.1 404 .*The requested resource could not be found/s],
  ['a target over 16 KiB', `POST /v1/${'x'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 414 /],
  ['random bytes', Buffer.from('00ff1603010200010001fc0303deadbeef0a0d0a0d0a', 'hex'), /^HTTP\/1\.1 400 /],
  ['a TLS greeting', Buffer.from('16030100a5010000a10303', 'hex'), /^HTTP\/1\.1 400 /],
  ['an HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a method that does not exist', `FOO ${UPDATE} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['a method in lower case', `post ${UPDATE} HTTP/1.1\r\nHost: x\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['a space in the target', 'POST /device/up date HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['a letter that is not ASCII in the target', 'POST /device/\u00ff HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['no Host', `POST ${UPDATE} HTTP/1.1\r\nConnection: close\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['NUL in a header', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nAuthorization: a\0b\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['a folded header', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\n b\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['a space before the colon', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nAuthorization : a\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['two lengths', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, /^HTTP\/1\.1 400 /],
  ['a length and chunks', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['a negative length', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['a length that is too large for a number', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n`, /^HTTP\/1\.1 400 /],
  ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1\.1 400 /],
  ['an unknown expectation', `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: magic\r\nContent-Length: 0\r\n\r\n`, /^HTTP\/1\.1 417 /],
];

describe('bytes that are no request', () => {
  const bench = withBench();

  for (const [name, bytes, answer] of GARBAGE) {
    it(`${name}: refused, and the service goes on`, async () => {
      const text = await bench().rest.raw(bytes);
      assert.match(text, answer);
      assert.doesNotMatch(text, /Error:|node:|\n\s+at /);
      const { jwt, pop } = makeUpdate(await bench().device());
      assertAnswer(await bench().send('rest', { authorization: jwt, pop }), 'OK');
    });
  }

  it('a broken chunk ends the call, and nothing is logged as a failure of the service', async () => {
    const before = bench().service.lines.length;
    const head = `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const text = await bench().rest.raw(`${head}5\r\n{"pop\r\nzz\r\n`);
    assert.match(text, /^HTTP\/1\.1 400 /);
    const failed = bench().service.lines.slice(before).filter((line) => line['level'] === 'error');
    assert.deepEqual(failed, []);
  });

  it('HTTP/1.0 is answered, and Expect: 100-continue is met', async () => {
    const { jwt, pop } = makeUpdate(await bench().device());
    const body = JSON.stringify({ pop });
    const headers = `Host: x\r\nAuthorization: ${jwt}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const first = await bench().rest.raw(`POST ${UPDATE} HTTP/1.0\r\n${headers}\r\n${body}`);
    assert.ok(first.startsWith('HTTP/1.1 200 ') && first.endsWith(SUCCESS), first);
    const second = await bench().rest.raw(`POST ${UPDATE} HTTP/1.1\r\n${headers}Expect: 100-continue\r\nConnection: close\r\n\r\n${body}`);
    assert.match(second, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
  });

  it('garbage on the gRPC port: refused, and the service goes on', async () => {
    const { RestClient } = await import('./rest.ts');
    using client = new RestClient(`http://${bench().service.grpc}`);
    for (const bytes of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', Buffer.alloc(100, 0xff)]) await client.raw(bytes);
    const update = makeUpdate(await bench().device());
    assertAnswer(await bench().sendUpdate('grpc', update), 'OK');
  });
});
