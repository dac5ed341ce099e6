import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const ODD = ["'", "''", '"', '\\', "\\'", '?', '??', '$1', ':x', '%', '_', ';--', "'; drop table device; --", '{}', '🔑', '\u2028'];

describe('text that means something to SQL', () => {
  let service: TestService;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  async function call(method: string, path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> {
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' };
    const answer = await fetch(service.url + path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
  }

  for (const [index, text] of ODD.entries()) {
    it(`is only text: ${JSON.stringify(text)}`, async () => {
      const encoded = encodeURIComponent(text);
      assert.equal((await call('GET', `/v1/devices/${encoded}`)).status, 404);
      assert.equal((await call('GET', `/v1/devices/${encoded}/keys`)).status, 404);
      assert.equal((await call('POST', `/v1/devices/${encoded}:freeze`, {})).status, 404);
      assert.equal((await call('DELETE', `/v1/devices/${encoded}`)).status, 404);
      assert.deepEqual((await call('GET', `/v1/devices?project_id=${encoded}`)).json, { devices: [], next_page_token: '' });
      assert.deepEqual((await call('GET', `/v1/audit-events?device_id=${encoded}`)).json, { audit_events: [], next_page_token: '' });
      const made = await call('POST', '/v1/devices', { device_id: `odd-${index}`, node_id: text });
      assert.equal(made.json['node_id'], text);
      assert.equal((await call('GET', `/v1/devices/odd-${index}`)).json['node_id'], text);
    });
  }
});
