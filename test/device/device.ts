import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { KeyKind } from '../../src/crypto/algorithms.ts';
import { readDeviceKey } from '../../src/device/device_key.ts';
import { signUpdate } from '../../src/device/key_update.ts';
import { rotate } from '../../src/device/rotate.ts';
import type { RotateOptions } from '../../src/device/rotate.ts';
import type { Rotated } from '../../src/device/rotation.ts';
import { ecPair, pairOf, spkiOf } from '../crypto/keys.ts';
import type { Pair } from '../crypto/keys.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

const UNTIL = fileURLToPath(new URL('fixtures/rotate_until.ts', import.meta.url));

/** Children come by the dozen, and most of the time of each would be the reading of its sources. */
const compiled = mkdtempSync(join(tmpdir(), 'keyturn-compiled-'));
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }));

export type Overrides = Partial<Omit<RotateOptions, 'target'>> & { readonly url?: string };

interface HistoryKey {
  readonly thumbprint: string;
  readonly public_key: string;
  readonly state: string;
  readonly activated_at: string;
  readonly retired_at: string | null;
}

/** A device that the service knows, with a folder for its files. */
export class TestDevice implements Disposable {
  readonly id = `d-${randomUUID()}`;
  readonly folder = mkdtempSync(join(tmpdir(), 'keyturn-rotate-'));
  readonly keyFile = join(this.folder, 'device.pem');
  readonly stateFolder = join(this.folder, 'state');
  readonly stateFile = join(this.stateFolder, 'rotation.json');
  readonly service: Pick<TestService, 'url'>;

  constructor(service: Pick<TestService, 'url'>) {
    this.service = service;
  }

  options({ url = this.service.url, ...overrides }: Overrides = {}): Omit<RotateOptions, 'target'> & { url: string } {
    const { id: deviceId, keyFile, stateFolder } = this;
    return { url, deviceId, keyFile, stateFolder, lifetime: 60, timeout: 20_000, firstPause: 10, ...overrides };
  }

  /** Rotates in this process. */
  rotate(overrides: Overrides = {}): Promise<Rotated> {
    const { url, ...rest } = this.options(overrides);
    return rotate({ ...rest, target: { url: new URL(url) } });
  }

  /** Rotates in a child that kills itself at a checkpoint; whether it came to that. */
  async rotateUntil(checkpoint: number, overrides: Overrides = {}): Promise<boolean> {
    const args = [UNTIL, JSON.stringify(this.options(overrides)), String(checkpoint)];
    const child = spawn(process.execPath, args, { env: { ...process.env, NODE_COMPILE_CACHE: compiled } });
    const [[code, signal], complaints] = await Promise.all([once(child, 'close'), text(child.stderr)]);
    assert.ok(signal === 'SIGKILL' || code === 0, complaints);
    return signal === 'SIGKILL';
  }

  /** Rotates in this process and notes the checkpoints. */
  async checkpoints(overrides: Overrides = {}): Promise<string[]> {
    const names: string[] = [];
    await this.rotate({ ...overrides, checkpoint: (name) => names.push(name) });
    return names;
  }

  /** Thumbprint of the key in the key file. */
  get thumbprint(): string {
    return readDeviceKey(readFileSync(this.keyFile, 'utf8')).thumbprint;
  }

  /** Thumbprints of the keys in the state folder. */
  get remembered(): string[] {
    const { keys } = JSON.parse(readFileSync(this.stateFile, 'utf8')) as { keys: { thumbprint: string }[] };
    return keys.map(({ thumbprint }) => thumbprint);
  }

  get pending(): Record<string, unknown> | null {
    return (JSON.parse(readFileSync(this.stateFile, 'utf8')) as { pending: Record<string, unknown> | null }).pending;
  }

  /** Gives the device the key that its maker would. */
  putKey(pair: Pair): void {
    writeFileSync(this.keyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  }

  async operate(method: string, path = '', body?: object): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' };
    const target = `${this.service.url}/v1/devices${method === 'POST' && path === '' ? '' : `/${this.id}${path}`}`;
    const answer = await fetch(target, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const json = (await answer.json()) as Record<string, unknown>;
    assert.equal(answer.status, 200, JSON.stringify(json));
    return json;
  }

  async currentThumbprint(): Promise<unknown> {
    return (await this.operate('GET'))['key_thumbprint'];
  }

  /** The keys that the device has had, newest first. */
  async history(): Promise<HistoryKey[]> {
    return (await this.operate('GET', '/keys'))['keys'] as HistoryKey[];
  }

  /**
   * The key file holds the service's current key, the state folder that one and the one before; both are private and
   * nothing unfinished lies about; the history has no gap and `rotations` entries besides the first; and the key can
   * really be used.
   */
  async assertSettled(rotations: number): Promise<void> {
    const { thumbprint } = this;
    assert.equal(thumbprint, await this.currentThumbprint());
    const history = await this.history();
    assert.deepEqual(history.map(({ state }) => state), ['CURRENT', ...Array.from({ length: rotations }, () => 'RETIRED')]);
    for (const [index, key] of history.entries()) assert.equal(history[index + 1]?.retired_at ?? key.activated_at, key.activated_at);
    assert.deepEqual(this.remembered, [history[1]?.thumbprint, thumbprint]);
    assert.equal(this.pending, null);
    this.assertPrivate();
    assert.deepEqual(readdirSync(this.folder).toSorted(), ['device.pem', 'state']);
    assert.deepEqual(readdirSync(this.stateFolder).filter((name) => name !== 'lock.pid').toSorted(), ['lock', 'rotation.json']);
    const old = readDeviceKey(readFileSync(this.keyFile, 'utf8'));
    const next = ecPair('P-256');
    const der = spkiOf(next);
    const update = signUpdate(this.id, old, {
      privateKey: next.privateKey, kind: 'P-256', spki: der, thumbprint: hash('sha256', der), alg: 'ES256',
    }, Math.floor(Date.now() / 1000) + 60);
    assert.equal(await this.send(update), 200);
  }

  assertPrivate(): void {
    assert.equal(modeOf(this.stateFolder), 0o700);
    const files = readdirSync(this.stateFolder).map((name) => join(this.stateFolder, name));
    const beside = readdirSync(this.folder).filter((name) => name !== 'state').map((name) => join(this.folder, name));
    for (const file of [...files, ...beside]) assert.equal(modeOf(file), 0o600, file);
  }

  /** Sends an update by other means than those under test. */
  async send({ jwt, pop }: { jwt: string; pop: string }): Promise<number> {
    const headers = { authorization: jwt, 'content-type': 'application/json' };
    const answer = await fetch(`${this.service.url}/device/update/pubkey`, { method: 'POST', headers, body: JSON.stringify({ pop }) });
    return answer.status;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** So long a first pause that a run gives up after its first try. */
export const ONE_TRY = { timeout: 3000, firstPause: 10_000 };

/** Registers a new device. */
export async function newDevice(service: TestService, kind: KeyKind = 'P-256'): Promise<TestDevice> {
  const device = new TestDevice(service);
  const pair = pairOf(kind);
  device.putKey(pair);
  await device.operate('POST', '', { device_id: device.id, public_key: pair.publicKey.export({ type: 'spki', format: 'pem' }) });
  return device;
}

/** Runs all, a few at a time. */
export async function inTurns<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all([1, 2, 3].map(worker));
}
