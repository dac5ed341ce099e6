import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { hashPassword } from '../../src/crypto/password.ts';
import { passwordText } from '../../src/crypto/password_text.ts';
import { startProxy } from '../device/proxy.ts';
import type { Proxy } from '../device/proxy.ts';
import { Bench, makeUpdate } from '../wire/harness.ts';
import type { Device } from '../wire/harness.ts';
import { newToken } from '../wire/tokens/kit.ts';
import { startExample, visit } from './example_server.ts';
import type { ExampleServer } from './example_server.ts';

const SCOPES = ['telemetry.write', 'refresh.token'];
const INVALID = 'Bearer realm="telemetry", error="invalid_token"';
const REFUSED = { status: 401, body: { error: 'the token does not count' }, challenge: INVALID };
const UNSURE = { status: 503, body: { error: 'try again later' }, challenge: null };

describe('the resource server that introspects tokens', () => {
  let bench: Bench;
  let proxy: Proxy;
  let server: ExampleServer;
  before(async () => {
    bench = await Bench.start();
    proxy = await startProxy(bench.service.url);
    server = await startExample('introspection', { KEYTURN_URL: proxy.url });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  async function deviceWithToken(scope?: string): Promise<{ device: Device; bearer: string }> {
    const device = await bench.device({ scopes: SCOPES });
    const { access_token: token } = await newToken(bench, 'rest', device, scope);
    return { device, bearer: `Bearer ${token}` };
  }

  it('lets a device in by its token, as often as it comes', async () => {
    const { device, bearer } = await deviceWithToken();
    for (const value of [bearer, bearer, bearer.replace('Bearer', 'bearer')]) {
      assert.deepEqual(await visit(server, value), { status: 200, body: { device: device.id }, challenge: null });
    }
  });

  it('wants its scope', async () => {
    const { bearer } = await deviceWithToken('refresh.token');
    const { status, challenge } = await visit(server, bearer);
    assert.deepEqual([status, challenge], [403, 'Bearer realm="telemetry", error="insufficient_scope", scope="telemetry.write"']);
  });

  it('wants a token', async () => {
    const { status, challenge } = await visit(server);
    assert.deepEqual([status, challenge], [401, 'Bearer realm="telemetry"']);
  });

  it('refuses what is no token, whatever it is', async () => {
    const { bearer } = await deviceWithToken();
    const token = bearer.slice('Bearer '.length);
    for (const value of [`${bearer}A`, `${bearer}.`, `Bearer  ${token}`, token, `Basic ${token}`, 'Bearer', 'Bearer x', `Bearer ${'x'.repeat(4096)}`, `Bearer ${'x'.repeat(8000)}`, 'Bearer "}{', 'Bearer \u00e4', `${bearer}, ${bearer}`]) {
      assert.deepEqual(await visit(server, value), REFUSED, value.slice(0, 40));
    }
    assert.deepEqual(await visit(server, bearer, bearer), REFUSED);
    assert.equal((await visit(server, bearer)).status, 200);
  });

  it('refuses the token of a device that was frozen or removed, from then on', async () => {
    for (const change of [(id: string) => bench.operator('POST', `/v1/devices/${id}:freeze`), (id: string) => bench.operator('DELETE', `/v1/devices/${id}`)]) {
      const { device, bearer } = await deviceWithToken();
      assert.equal((await visit(server, bearer)).status, 200);
      assert.equal((await change(device.id)).status, 200);
      assert.deepEqual(await visit(server, bearer), REFUSED);
    }
  });

  it('goes on with a token after its device has a new key', async () => {
    const { device, bearer } = await deviceWithToken();
    assert.equal((await bench.sendUpdate('rest', makeUpdate(device))).status, 200);
    assert.equal((await visit(server, bearer)).status, 200);
  });

  it('lets nobody in while Keyturn does not answer, or not as it should', async () => {
    const { bearer } = await deviceWithToken();
    const faults = ['lose_request', 'lose_reply', 'late', { status: 500, body: '{"active":true}' }, { status: 401 }, { status: 200, body: '{"active":tr' }] as const;
    for (const fault of [...faults, { status: 200, body: 'null' }, { status: 302, headers: { location: bench.service.url } }]) {
      proxy.faults.push(fault);
      assert.deepEqual(await visit(server, bearer), UNSURE, JSON.stringify(fault));
    }
    assert.equal((await visit(server, bearer)).status, 200);
    await using alone = await startExample('introspection', { KEYTURN_URL: 'http://127.0.0.1:9' });
    assert.deepEqual(await visit(alone, bearer), UNSURE);
    assert.ok(!`${server.stderr()}${alone.stderr()}`.includes(bearer.slice('Bearer '.length)), 'the log has no token');
  });

  it('refuses a token that has expired', async () => {
    const { bearer } = await deviceWithToken();
    bench.service.clock.advance(3600 * 1000);
    assert.deepEqual(await visit(server, bearer), REFUSED);
  });

  it('proves itself where Keyturn wants to know who asks', async () => {
    const clients = JSON.stringify([{ name: 'telemetry', password_hash: passwordText(await hashPassword('pass:word')) }]);
    await using strict = await Bench.start({ KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true', KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: clients });
    const { access_token: token } = await newToken(strict, 'rest', await strict.device({ scopes: SCOPES }));
    for (const [settings, status] of [[{ INTROSPECT_CLIENT: 'telemetry:pass:word' }, 200], [{ INTROSPECT_CLIENT: 'telemetry:other' }, 503], [{}, 503]] as const) {
      await using own = await startExample('introspection', { KEYTURN_URL: strict.service.url, ...settings });
      assert.equal((await visit(own, `Bearer ${token}`)).status, status);
      assert.ok(!own.stderr().includes('pass'));
    }
  });
});
