import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { after, before, it } from 'mocha';
import { ended, runHere } from '../cli/keyturn.ts';
import type { Ended } from '../cli/keyturn.ts';
import { ONE_TRY, inTurns, newDevice } from '../device/device.ts';
import type { TestDevice } from '../device/device.ts';
import { startProxy } from '../device/proxy.ts';
import type { Fault } from '../device/proxy.ts';
import { describeWith, missingCommands } from '../support/machine.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const PROGRAM = fileURLToPath(new URL('../../examples/python_device/rotate.py', import.meta.url));

const missing = missingCommands('python3', ['openssl', 'version']);

function argsOf(device: TestDevice, url: string, more: readonly string[]): string[] {
  return ['--url', url, '--device-id', device.id, '--key', device.keyFile, '--state', device.stateFolder, ...more];
}

function start(device: TestDevice, url = device.service.url, ...more: string[]): ChildProcess {
  return spawn('python3', [PROGRAM, ...argsOf(device, url, more)]);
}

function rotate(device: TestDevice, url?: string, ...more: string[]): Promise<Ended> {
  return ended(start(device, url, ...more));
}

/** The rotation of the same device by `keyturn rotate`, on the same files. */
async function rotateByCommand(device: TestDevice, url = device.service.url): Promise<Ended> {
  return runHere(['rotate', ...argsOf(device, url, ['--json'])]);
}

/** One run to its good end: the key file holds the key that the service has. Returns how many milliseconds it took. */
async function succeeds(device: TestDevice): Promise<number> {
  const begun = performance.now();
  const { code, stderr } = await rotate(device);
  const took = performance.now() - begun;
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(device.thumbprint, await device.currentThumbprint());
  assert.equal(device.pending, null);
  return took;
}

/** How a run is killed that takes about so many milliseconds: the faults of its requests, or a timer. */
type Killer = (kill: () => void, took: number) => Fault[];

const atRandom: Killer = (kill, took) => {
  setTimeout(kill, Math.random() * took);
  return [];
};

/** Its request never arrives. */
const asked: Killer = (kill) => [async () => {
  kill();
  throw new Error('the request is lost');
}];

/** The service has done what it was asked; the answer was lost. */
const taken: Killer = (kill, took) => ['lose_reply', ...asked(kill, took)];

/** Its request is still under way when the next run begins. */
const underWay: Killer = (kill) => [async () => kill()];

/** While the service works, while the answer is read, or while the files are written. */
const aroundAnswer: Killer = (kill, took) => [async () => void setTimeout(kill, Math.random() * took / 4)];

/** Kills one run; whether it had not ended before. */
async function killOnce(device: TestDevice, killer: Killer, took = 0): Promise<boolean> {
  const faults = killer(() => child.kill('SIGKILL'), took);
  await using proxy = await startProxy(device.service.url, faults);
  const child = start(device, proxy.url);
  const { code, signal, stderr } = await ended(child);
  assert.ok(signal === 'SIGKILL' || code === 0, stderr);
  return signal === 'SIGKILL';
}

describeWith(missing, 'the device in Python', () => {
  let service: TestService;

  before(async () => {
    service = await startService();
  });

  after(() => service[Symbol.asyncDispose]());

  it('rotates ten times', async () => {
    using device = await newDevice(service);
    for (let run = 0; run < 10; run += 1) await succeeds(device);
    await device.assertSettled(10);
  }).timeout(120_000);

  for (const retry of ['on', 'strict']) {
    it(`ends well in the next run whenever it is killed, with idempotent_retry ${retry}`, async () => {
      await using own = await startService({ settings: { KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: retry } });
      await inTurns([atRandom, asked, taken, underWay, aroundAnswer], async (killer) => {
        using device = await newDevice(own);
        let took = await succeeds(device);
        for (let kills = 0; kills < 3; ) {
          if (await killOnce(device, killer, took)) kills += 1;
          took = await succeeds(device);
        }
        await device.assertSettled((await device.history()).length - 1);
      });
    }).timeout(240_000);
  }

  it('keeps its new key, whether its update had arrived or not', async () => {
    for (const [killer, arrives] of [[taken, true], [asked, false]] as const) {
      using device = await newDevice(service);
      const old = device.thumbprint;
      assert.ok(await killOnce(device, killer));
      const next = device.pending?.['new_thumbprint'];
      assert.deepEqual([device.thumbprint, await device.currentThumbprint()], [old, arrives ? next : old]);
      await succeeds(device);
      assert.equal(device.thumbprint, next);
      await device.assertSettled(1);
    }
  });

  it('sends the identical update until the answer is certain', async () => {
    using device = await newDevice(service);
    const login: Fault = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Log in</h1>' };
    const busy: Fault = { status: 503, headers: { 'retry-after': '1' } };
    await using proxy = await startProxy(service.url, ['lose_request', login, busy, 'cut_reply']);
    const { code, stderr } = await rotate(device, proxy.url);
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual([proxy.seen.length, new Set(proxy.seen).size], [5, 1]);
    await device.assertSettled(1);
  });

  it('signs anew for the same new key when an update has expired', async () => {
    using device = await newDevice(service);
    const { code, stderr } = await rotate(device, service.url, '--exp', '-1');
    assert.deepEqual([code, /are the clocks right\?/.test(stderr)], [1, true]);
    const next = device.pending?.['new_thumbprint'];
    await succeeds(device);
    assert.equal(device.thumbprint, next);
    await device.assertSettled(1);
  });

  it('says when it is refused, keeps every key and goes on later', async () => {
    using device = await newDevice(service);
    await device.operate('POST', ':freeze', {});
    const kept: number[] = [];
    for (let run = 0; run < 3; run += 1) {
      assert.equal((await rotate(device)).code, 3);
      kept.push(device.remembered.length);
    }
    assert.deepEqual(kept, [2, 3, 3]);
    await device.operate('POST', ':unfreeze', {});
    await succeeds(device);
    await device.assertSettled(1);
  });

  it('refuses the files of another device and sends nothing', async () => {
    using device = await newDevice(service);
    using other = await newDevice(service);
    await succeeds(device);
    await using proxy = await startProxy(service.url);
    assert.equal((await rotate(device, proxy.url, '--device-id', other.id)).code, 2);
    assert.equal((await rotate(device, proxy.url, '--key', other.keyFile)).code, 2);
    assert.equal(proxy.seen.length, 0);
  });

  it('leaves what keyturn rotate can finish', async () => {
    for (const killer of [taken, asked]) {
      using device = await newDevice(service);
      await succeeds(device);
      assert.ok(await killOnce(device, killer));
      const next = device.pending?.['new_thumbprint'];
      const { code, stdout, stderr } = await rotateByCommand(device);
      assert.deepEqual([code, stderr], [0, '']);
      const { key_thumbprint: installed, resumed } = JSON.parse(stdout) as Record<string, unknown>;
      assert.deepEqual([installed, resumed], [next, true]);
      await device.assertSettled(2);
    }
  });

  it('finishes what keyturn rotate has left', async () => {
    for (const fault of ['lose_request', 'lose_reply'] as const) {
      using device = await newDevice(service);
      await using proxy = await startProxy(service.url, [fault]);
      await assert.rejects(device.rotate({ url: proxy.url, ...ONE_TRY }), { trouble: 'failed' });
      const next = device.pending?.['new_thumbprint'];
      await succeeds(device);
      assert.equal(device.thumbprint, next);
      await device.assertSettled(1);
    }
  });

  it('shares its lock with keyturn rotate', async () => {
    using device = await newDevice(service);
    const meanwhile: (Ended | undefined)[] = [];
    await using proxy = await startProxy(service.url, [
      async () => meanwhile.push(await rotateByCommand(device)),
      async () => meanwhile.push(await rotate(device)),
    ]);
    assert.equal((await rotate(device, proxy.url)).code, 0);
    assert.equal((await rotateByCommand(device, proxy.url)).code, 0);
    assert.deepEqual(meanwhile.map((run) => run?.code), [1, 1]);
    assert.match(meanwhile[0]?.stderr ?? '', /is using/);
    assert.equal(meanwhile[1]?.stderr, 'another run holds the state folder\n');
    await device.assertSettled(2);
  });
});
