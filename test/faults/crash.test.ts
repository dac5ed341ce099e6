import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Pair } from '../crypto/keys.ts';
import { dataFolder, eventually, postmasterOf, spawnService, startChild } from './fixtures/child.ts';
import type { ReadyChild } from './fixtures/child.ts';
import { E500, addDevice, newUpdate, operator, request, sendUpdate } from './fixtures/device.ts';

/** One service on one folder, killed in every way; each test goes on from what the one before left. */
describe('a service that is killed', () => {
  const folder = dataFolder();
  const settings = { KEYTURN_DATA_DIR: folder.path };
  let child: ReadyChild;
  let token = '';
  let key: Pair;
  before(async () => {
    child = await startChild(settings);
    token = readFileSync(join(folder.path, 'operator.token'), 'utf8').trim();
    key = await addDevice(child.url, token, 'd-1');
  });
  after(async () => {
    await child[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('had kept its folder to itself', () => {
    assert.equal(statSync(folder.path).mode & 0o777, 0o700);
    assert.equal(statSync(join(folder.path, 'operator.token')).mode & 0o777, 0o600);
    assert.equal(child.store, 'embedded');
  });

  it('by kill -9 loses no acknowledged rotation, and repeats its answer', async () => {
    const update = newUpdate('d-1', key);
    const first = await sendUpdate(child.url, update);
    assert.deepEqual([first.status, first.body], [200, '{"Success":"Public key updated"}']);
    assert.equal(first.headers.get('idempotent-replayed'), null);
    child.kill('SIGKILL');
    assert.equal(await child.ended, 'SIGKILL');
    child = await startChild(settings);
    const again = await sendUpdate(child.url, update);
    assert.deepEqual([again.status, again.body, again.headers.get('idempotent-replayed')], [200, first.body, 'true']);
    assert.equal((await sendUpdate(child.url, newUpdate('d-1', key))).status, 401, 'the old key is dead');
    key = update.next;
    assert.equal(readFileSync(join(folder.path, 'operator.token'), 'utf8').trim(), token);
  });

  it('by kill -9 in the middle of rotations loses none that it acknowledged', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `m-${index}`);
    const keys = await Promise.all(names.map((name) => addDevice(child.url, token, name)));
    const updates = names.map((name, index) => newUpdate(name, keys[index] ?? assert.fail()));
    const answers = updates.map((update) => sendUpdate(child.url, update).catch(() => undefined));
    await Promise.race(answers);
    child.kill('SIGKILL');
    await child.ended;
    const acknowledged = await Promise.all(answers);
    assert.ok(acknowledged.some((answer) => answer?.status === 200));
    child = await startChild(settings);
    for (const [index, update] of updates.entries()) {
      const again = await sendUpdate(child.url, update);
      assert.equal(again.status, 200, again.body);
      if (acknowledged[index]?.status === 200) assert.equal(again.headers.get('idempotent-replayed'), 'true');
    }
  });

  it('comes back by itself when its PostgreSQL is killed, and says so meanwhile', async () => {
    const killed = postmasterOf(folder.cluster);
    const update = newUpdate('d-1', key);
    process.kill(killed, 'SIGKILL');
    for (const until = Date.now() + 15_000; ; ) {
      const [ready, live] = [await request(`${child.url}/readyz`), await request(`${child.url}/livez`)];
      assert.deepEqual([live.status, live.body], [200, 'ok']);
      assert.ok(ready.status === 200 || ready.status === 503, ready.body);
      const answer = await sendUpdate(child.url, update);
      if (answer.status === 200) break;
      assert.deepEqual([answer.status, answer.body], [500, E500]);
      assert.equal(answer.headers.get('content-type'), 'application/json');
      const refused = await operator(child.url, token, 'GET', '/v1/devices');
      if (refused.status !== 200) assert.deepEqual([refused.status, JSON.parse(refused.body).code], [503, 14]);
      assert.ok(Date.now() < until, 'it does not come back');
    }
    key = update.next;
    // Backends of the killed server may have answered for a moment.
    await eventually(() => assert.notEqual(postmasterOf(folder.cluster), killed));
    await eventually(async () => assert.equal((await request(`${child.url}/readyz`)).status, 200));
    const device = await operator(child.url, token, 'GET', '/v1/devices/d-1');
    assert.equal(device.status, 200);
  });

  it('is the only one on its folder: a second one names folder and pid, and exits 1', async () => {
    const second = spawnService(settings);
    assert.equal(await second.ended, 1);
    assert.equal(second.stdout(), '');
    assert.ok(second.stderr().includes(`another Keyturn (pid ${child.pid}) is using ${folder.path}`), second.stderr());
    assert.equal((await request(`${child.url}/readyz`)).status, 200, 'the first goes on');
  });

  it('ends in good order at SIGTERM, with its PostgreSQL', async () => {
    const pid = postmasterOf(folder.cluster);
    child.kill('SIGTERM');
    assert.equal(await child.ended, 0);
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    assert.ok(!existsSync(join(folder.cluster, 'postmaster.pid')));
  });

  it('leaves no PostgreSQL behind when the start fails after it', async () => {
    await using other = await startChild({ KEYTURN_DATA_DIR: `${folder.path}-other` });
    const port = new URL(other.url).port;
    for (const [setting, address] of [['KEYTURN_HTTP_LISTEN', `127.0.0.1:${port}`], ['KEYTURN_GRPC_LISTEN', other.grpc]] as const) {
      const failed = spawnService({ ...settings, [setting]: address });
      assert.equal(await failed.ended, 1);
      assert.equal(failed.stdout(), '');
      assert.ok(failed.stderr().includes(address) && failed.stderr().includes(setting), failed.stderr());
      assert.ok(!existsSync(join(folder.cluster, 'postmaster.pid')));
    }
  });
});
