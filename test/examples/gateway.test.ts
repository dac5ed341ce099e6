import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { startProxy } from '../device/proxy.ts';
import type { Proxy } from '../device/proxy.ts';
import { createAccessKey } from '../support/iotda.ts';
import { Bench, makeUpdate, updated } from '../wire/harness.ts';
import type { Device } from '../wire/harness.ts';
import { newJti, newPair, oneLine } from '../wire/jwt.ts';
import type { Draft } from '../wire/jwt.ts';
import { authenticationJwt } from '../wire/tokens/kit.ts';
import { exampleAt, startExample, visit } from './example_server.ts';
import type { ExampleServer } from './example_server.ts';

const REFUSED = { status: 401, body: { error: 'the JWT does not count' }, challenge: 'Bearer realm="gateway", error="invalid_token"' };
const UNSURE = { status: 503, body: { error: 'try again later' }, challenge: null };

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** An authentication JWT that counts for a minute, but for what `edit` changes. */
function jwtOf(device: Device, edit: (draft: Draft) => void = () => {}): string {
  return authenticationJwt(device, { edit: (draft) => {
    draft.payload['exp'] = inSeconds(60);
    edit(draft);
  } });
}

/** What is wrong with a JWT that the gateway must refuse. */
const FAULTS: Readonly<Record<string, (draft: Draft) => void>> = {
  'has no exp': ({ payload }) => delete payload['exp'],
  'has expired': ({ payload }) => (payload['exp'] = inSeconds(-1)),
  'counts for too long': ({ payload }) => (payload['exp'] = inSeconds(3600)),
  'does not count yet': ({ payload }) => (payload['nbf'] = inSeconds(60)),
  'has an exp as text': ({ payload }) => (payload['exp'] = String(inSeconds(60))),
  'has no jti': ({ payload }) => delete payload['jti'],
  'has a short jti': ({ payload }) => (payload['jti'] = 'abcdef'),
  'has a jti that is no hex': ({ payload }) => (payload['jti'] = 'g'.repeat(32)),
  'has another sub': ({ payload }) => (payload['sub'] = 'another'),
  'has no sub': ({ payload }) => delete payload['sub'],
  'is for a key update': ({ payload }) => (payload['public_key'] = oneLine(Buffer.from('key'))),
  'is of another typ': ({ header }) => (header['typ'] = 'at+jwt'),
  'has a typ in lower case': ({ header }) => (header['typ'] = 'jwt'),
  'has no kid': ({ header }) => delete header['kid'],
  'has a kid that is a path': ({ header }) => (header['kid'] = '..'),
  'has crit': ({ header }) => (header['crit'] = ['exp']),
  'brings a key': ({ header }) => (header['jwk'] = newPair().publicKey.export({ format: 'jwk' })),
  'is not signed': (draft) => {
    draft.header['alg'] = 'none';
    draft.signature = Buffer.alloc(0);
  },
  'names another algorithm': ({ header }) => (header['alg'] = 'ES384'),
  'is signed by another': (draft) => (draft.signer = newPair().privateKey),
};

describe('the gateway that verifies JWTs by key sets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-example-'));
  const file = join(folder, 'access_key.json');
  let bench: Bench;
  let proxy: Proxy;
  let server: ExampleServer;
  before(async () => {
    bench = await Bench.start();
    const { accessKey, secretKey } = await createAccessKey(bench.service, 'default', ['keyturn:devices:getKeySet']);
    writeFileSync(file, JSON.stringify({ access_key: accessKey, secret_key: secretKey, project_id: 'default' }));
    proxy = await startProxy(bench.service.url);
    server = await startExample('jwks', { KEYTURN_URL: proxy.url, ACCESS_KEY_FILE: file });
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A device, and what the gateway answers when it lets it in. */
  async function newDevice(): Promise<{ device: Device; welcome: object }> {
    const device = await bench.device();
    return { device, welcome: { status: 200, body: { device: device.id }, challenge: null } };
  }

  /** Of the answers to JWTs that are sent at once, in rising order. */
  async function statusesOf(jwts: readonly string[]): Promise<number[]> {
    const all = await Promise.all(jwts.map(async (jwt) => (await visit(server, jwt)).status));
    return all.toSorted((one, other) => one - other);
  }

  it('lets a device in by each of its JWTs once, and asks for its key once', async () => {
    const { device, welcome } = await newDevice();
    const asked = proxy.seen.length;
    const [bare, bearer] = [jwtOf(device), jwtOf(device)];
    for (const value of [bare, `Bearer ${bearer}`]) assert.deepEqual(await visit(server, value), welcome);
    for (const value of [bare, bearer, `Bearer ${bare}`]) assert.deepEqual(await visit(server, value), REFUSED);
    const jti = newJti();
    const spellings = [jti, jti.toLowerCase()].map((each) => jwtOf(device, ({ payload }) => (payload['jti'] = each)));
    assert.deepEqual(await statusesOf(spellings), [200, 401]);
    assert.equal(proxy.seen.length, asked + 1);
  });

  it('lets one of 64 identical JWTs in, and asks for the key once', async () => {
    const { device } = await newDevice();
    const asked = proxy.seen.length;
    const jwt = jwtOf(device);
    assert.deepEqual(await statusesOf(Array.from({ length: 64 }, () => jwt)), [200, ...Array.from({ length: 63 }, () => 401)]);
    assert.equal(proxy.seen.length, asked + 1);
  });

  it('remembers so many JWTs of a device, and lets others in when one has used up that', async () => {
    const [{ device }, other] = [await newDevice(), await newDevice()];
    assert.deepEqual(await statusesOf(Array.from({ length: 210 }, () => jwtOf(device))), [...Array.from({ length: 200 }, () => 200), ...Array.from({ length: 10 }, () => 503)]);
    assert.deepEqual(await visit(server, jwtOf(device)), UNSURE);
    assert.deepEqual(await visit(server, jwtOf(other.device)), other.welcome);
  });

  for (const [fault, edit] of Object.entries(FAULTS)) {
    it(`refuses a JWT that ${fault}, and does not spend it`, async () => {
      const { device, welcome } = await newDevice();
      const jti = newJti();
      assert.deepEqual(await visit(server, jwtOf(device, (draft) => edit(Object.assign(draft, { payload: { ...draft.payload, jti } })))), REFUSED);
      assert.deepEqual(await visit(server, jwtOf(device, ({ payload }) => (payload['jti'] = jti))), welcome);
    });
  }

  it('refuses what is no JWT, whatever it is', async () => {
    const { device, welcome } = await newDevice();
    const jwt = jwtOf(device);
    for (const values of [[], [''], ['Bearer'], [`Bearer  ${jwt}`], ['a.b.c'], ['....'], [`${jwt}.`], [`${jwt},${jwt}`], [jwt, jwt], ['x'.repeat(9000)], [jwt.slice(0, -4)]]) {
      assert.deepEqual(await visit(server, ...values), REFUSED, values.join().slice(0, 40));
    }
    assert.deepEqual(await visit(server, jwt), welcome);
    assert.ok(!server.stderr().includes(jwt.slice(0, 30)), 'the log has no JWT');
  });

  it('takes the new key of a device at once, and the old one no more', async () => {
    const { device, welcome } = await newDevice();
    assert.deepEqual(await visit(server, jwtOf(device)), welcome);
    const update = makeUpdate(device);
    assert.equal((await bench.sendUpdate('rest', update)).status, 200);
    const asked = proxy.seen.length;
    const all = await Promise.all(Array.from({ length: 16 }, () => visit(server, jwtOf(updated(update)))));
    for (const each of all) assert.deepEqual(each, welcome);
    assert.equal(proxy.seen.length, asked + 1, 'one fetch for all of them');
    assert.deepEqual(await visit(server, jwtOf(device)), REFUSED);
  });

  it('asks no more than once a second because of JWTs that do not verify', async () => {
    const { device, welcome } = await newDevice();
    assert.deepEqual(await visit(server, jwtOf(device)), welcome);
    const asked = proxy.seen.length;
    const begun = performance.now();
    for (let sent = 0; sent < 50; sent += 1) assert.deepEqual(await visit(server, jwtOf({ ...device, pair: newPair() })), REFUSED);
    const most = 1 + Math.ceil((performance.now() - begun) / 1000);
    assert.ok(proxy.seen.length - asked <= most, `${proxy.seen.length - asked} of at most ${most}`);
  });

  it('refuses a device that it has not seen and that is frozen, removed, of another project or unknown', async () => {
    await bench.operator('POST', '/v1/projects', { project_id: 'other', name: 'other' });
    const [frozen, removed, foreign] = [await bench.device({ frozen: true }), await bench.device(), await bench.device({ projectId: 'other' })];
    await bench.operator('DELETE', `/v1/devices/${removed.id}`);
    for (const device of [frozen, removed, foreign, { ...foreign, id: 'nobody' }]) assert.deepEqual(await visit(server, jwtOf(device)), REFUSED);
    await bench.operator('POST', `/v1/devices/${frozen.id}:unfreeze`);
    assert.equal((await visit(server, jwtOf(frozen))).status, 200, 'a JWT that does not verify makes it ask again');
  });

  it('learns of a freezing when its key is too old, and no earlier', async () => {
    await using impatient = await startExample('jwks', { KEYTURN_URL: bench.service.url, ACCESS_KEY_FILE: file, KEEP_SECONDS: '0' });
    await using wrong = await startExample('jwks', { KEYTURN_URL: bench.service.url, ACCESS_KEY_FILE: file, KEEP_SECONDS: 'long' });
    const { device, welcome } = await newDevice();
    for (const each of [server, impatient, wrong]) assert.deepEqual(await visit(each, jwtOf(device)), welcome);
    await bench.operator('POST', `/v1/devices/${device.id}:freeze`);
    assert.deepEqual(await visit(server, jwtOf(device)), welcome, 'this is what it cannot know');
    for (const each of [impatient, wrong]) assert.deepEqual(await visit(each, jwtOf(device)), REFUSED);
    await bench.operator('DELETE', `/v1/devices/${device.id}`);
    assert.deepEqual(await visit(impatient, jwtOf(device)), REFUSED);
  });

  it('goes on without Keyturn with the keys that it has, and lets nobody else in', async () => {
    const [known, unknown] = [await newDevice(), await newDevice()];
    assert.deepEqual(await visit(server, jwtOf(known.device)), known.welcome);
    for (const fault of ['lose_request', 'late', { status: 500 }, { status: 401 }, { status: 200, body: '{"keys":1}' }, { status: 200, body: '<h1>' }] as const) {
      proxy.otherwise = fault;
      assert.deepEqual(await visit(server, jwtOf(unknown.device)), UNSURE, JSON.stringify(fault));
      assert.deepEqual(await visit(server, jwtOf(known.device)), known.welcome);
    }
    proxy.otherwise = 'pass';
    assert.deepEqual(await visit(server, jwtOf(unknown.device)), unknown.welcome);
  });

  it('lets those in that it knows while strangers name more devices than it asks for at once', async () => {
    await using own = await startExample('jwks', { KEYTURN_URL: proxy.url, ACCESS_KEY_FILE: file, KEEP_SECONDS: '0' });
    const { device, welcome } = await newDevice();
    assert.deepEqual(await visit(own, jwtOf(device)), welcome);
    proxy.faults.push(...Array.from({ length: 64 }, () => 'late' as const));
    const strangers = Array.from({ length: 70 }, (_, index) => visit(own, jwtOf({ ...device, id: `stranger-${index}` })));
    await Promise.race(strangers);
    assert.deepEqual(await visit(own, jwtOf(device)), welcome);
    for (const { status } of await Promise.all(strangers)) assert.ok([401, 503].includes(status), String(status));
    proxy.faults.splice(0);
  });

  it('takes what the device of the example signs', async () => {
    const key = join(folder, 'device.pem');
    const run = (...args: string[]): string => execFileSync(process.execPath, [exampleAt('device_jwt'), key, ...args], { encoding: 'utf8' }).trimEnd();
    const publicKey = run();
    assert.match(publicKey, /^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----$/);
    assert.equal(run(), publicKey, 'the key is made once');
    assert.match(readFileSync(key, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
    const made = await bench.operator('POST', '/v1/devices', { device_id: 'thermo-01', public_key: publicKey });
    assert.equal(made.status, 200, made.body);
    const jwt = run('thermo-01');
    assert.deepEqual(await visit(server, jwt), { status: 200, body: { device: 'thermo-01' }, challenge: null });
    assert.deepEqual(await visit(server, jwt), REFUSED);
  });
});
