import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { parseAnswer } from '../wire/rest.ts';
import { untilEnd } from './fixtures/sockets.ts';

const ALWAYS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
const TOKEN = `Authorization: Bearer ${OPERATOR_TOKEN}\r\n`;
const JSON_BODY = 'Content-Type: application/json\r\n';
const rpc = (code: number, message: string, reason: string): string =>
  `{"code":${code},"message":"${message}","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"${reason}","domain":"keyturn"}]}`;

/** Request line, headers and body; the status, and the whole body where it is documented. */
const ROWS: readonly (readonly [request: string, headers: string, body: string, status: number, answer?: string])[] = [
  ['GET /v1/projects', TOKEN, '', 200],
  ['HEAD /v1/projects', TOKEN, '', 200, ''],
  ['OPTIONS /v1/projects', '', '', 204, ''],
  ['POST /v1/projects', TOKEN + JSON_BODY, '{', 400],
  ['GET /v1/projects', '', '', 401, rpc(16, "This call needs the operator's bearer token, or an access key where it takes one.", 'UNAUTHENTICATED')],
  ['GET /v1/devices/x', TOKEN, '', 404, rpc(5, 'There is no such device.', 'DEVICE_NOT_FOUND')],
  ['GET /nowhere', '', '', 404, rpc(5, 'There is nothing at this path.', 'ROUTE_NOT_FOUND')],
  ['GET /v1/%zz', '', '', 400],
  ['PUT /v1/projects', '', '', 405, rpc(12, 'This path does not have this method.', 'METHOD_NOT_ALLOWED')],
  ['POST /v1/projects', TOKEN + JSON_BODY, 'x'.repeat(65_537), 413, rpc(8, 'The body is larger than this call takes.', 'BODY_TOO_LARGE')],
  ['POST /v1/projects', TOKEN, '{"name":"x"}', 415, rpc(3, 'This call takes application/json.', 'UNSUPPORTED_MEDIA_TYPE')],
  ['POST /device/update/pubkey', JSON_BODY, '{}', 401, '{"error":{"code":401,"status":"Unauthorized","request":"r-1","message":"The request could not be authorized"}}'],
  ['GET /device/update/pubkey', '', '', 404, '{"error":{"code":404,"status":"Not Found","request":"r-1","message":"The requested resource could not be found"}}'],
  ['OPTIONS /device/update/pubkey', '', '', 404, '{"error":{"code":404,"status":"Not Found","request":"r-1","message":"The requested resource could not be found"}}'],
  ['POST /device/update/pubkey', JSON_BODY, 'x'.repeat(16_385), 400],
  ['GET /livez', '', '', 200, 'ok'],
  ['HEAD /livez', '', '', 200, ''],
  ['OPTIONS /livez', '', '', 204, ''],
  ['POST /livez', '', '', 405],
  ['GET /readyz', '', '', 200, 'ok'],
  ['GET /metrics', '', '', 200],
];

describe('headers of REST answers', () => {
  let service: TestService;
  before(async () => {
    service = await startService({ settings: { KEYTURN_OPERATOR_CALLS_PER_MINUTE: '20' } });
  });
  after(() => service[Symbol.asyncDispose]());

  async function send(request: string, headers: string, body: string): Promise<string> {
    const socket = connect({ host: '127.0.0.1', port: service.app.http.port });
    const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`;
    socket.write(`${request} HTTP/1.1\r\nHost: x\r\nx-request-id: r-1\r\nConnection: close\r\n${headers}${length}\r\n${body}`);
    return untilEnd(socket);
  }

  for (const [request, headers, body, status, answer] of ROWS) {
    it(`${status} ${request} ${body.length > 20 ? `with ${body.length} bytes` : body}`, async () => {
      const text = await send(request, headers, body);
      const parsed = parseAnswer(text);
      assert.equal(parsed.status, status, text);
      assertHeaders(text);
      if (answer !== undefined) assert.equal(parsed.body, answer);
      if (!/ \/(livez|readyz|metrics)/.test(request)) assert.match(text, /\r\nX-Request-ID: r-1\r\n/);
    });
  }

  it('429', async () => {
    for (let turn = 0; ; turn += 1) {
      assert.ok(turn < 100, 'there is a limit');
      const text = await send('GET /v1/projects', TOKEN, '');
      assertHeaders(text);
      if (parseAnswer(text).status !== 429) continue;
      return assert.match(text, /\r\nRetry-After: \d+\r\n/);
    }
  });
});

function assertHeaders(text: string): void {
  const { headers } = parseAnswer(text);
  for (const [name, value] of Object.entries(ALWAYS)) assert.deepEqual(headers.get(name), [value], name);
  for (const [name, values] of headers) assert.equal(values.length, 1, `${name} is there once`);
  assert.equal(headers.has('strict-transport-security'), false, 'there is no TLS');
  assert.equal(headers.has('x-powered-by') || headers.has('server'), false);
}
