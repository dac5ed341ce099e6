import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'mocha';
import { MISSING, TestBrowser } from '../pages/browser.ts';
import { emit } from './compiler.ts';
import { describeWith } from '../support/machine.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

/** What a page runs: everything that a browser does in another way than Node. */
const SCRIPT = `(async () => {
  const { OperatorServiceClient, isOperatorServiceError } = await import('/rest/keyturn/v1/operator_service.js');
  const { bearer } = await import('/rest/runtime/index.js');
  const operator = new OperatorServiceClient({ baseUrl: '', headers: { authorization: bearer('${OPERATOR_TOKEN}') } });
  const device = await operator.createDevice({ device_id: 'of_browser', node_id: 'ä 😀' });
  const set = await operator.getDeviceKeySet({ device_id: 'of_browser' }).withResponse();
  const again = await operator.getDeviceKeySet({ device_id: 'of_browser' }, { ifNoneMatch: set.headers.etag }).withResponse();
  const events = [];
  for await (const event of operator.watchEvents({ from_start: true })) {
    events.push(event.type);
    break;
  }
  const unknown = await operator.getDevice({ device_id: 'a/b?c#d%2F..' }).catch((error) => isOperatorServiceError(error) && error.code);
  const dots = await operator.getDevice({ device_id: '..' }).catch((error) => error.name);
  const late = await operator.listDevices({}, { signal: AbortSignal.abort(new Error('enough')) }).catch((error) => error.message);
  return [device.node_id, set.status, again.status, events, unknown, dots, late];
})()`;

describeWith(MISSING, 'a generated client in a browser', function () {
  this.timeout(120_000);
  let service: TestService;
  let browser: TestBrowser;
  let site: Server;
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-browser-'));

  before(async () => {
    emit(folder);
    [service, browser] = await Promise.all([startService(), TestBrowser.launch()]);
    site = createServer((incoming, response) => answer(service, folder, incoming, response)).listen(0, '127.0.0.1');
    await once(site, 'listening');
  });
  after(async () => {
    await browser[Symbol.asyncDispose]();
    site.closeAllConnections();
    site.close();
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('calls, watches and is refused as in Node', async () => {
    const { page } = await browser.open(`http://127.0.0.1:${(site.address() as AddressInfo).port}/`);
    assert.deepEqual(await page.evaluate(SCRIPT), ['ä 😀', 200, 304, ['device.created'], 'DEVICE_NOT_FOUND', 'TypeError', 'enough']);
  });
});

/** A site has the clients, compiled, beside the service: other origins are not answered to. */
function answer(service: TestService, folder: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { url = '/', method, headers } = incoming;
  if (url === '/') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>site</title>');
  else if (url.startsWith('/rest/')) response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(join(folder, url.slice('/rest/'.length))));
  else {
    const { hostname, port } = new URL(service.url);
    const sent = request({ hostname, port, method, path: url, headers, agent: false }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    });
    response.once('close', () => sent.destroy());
    incoming.pipe(sent);
  }
}
