import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { SecretSlotName } from '../../src/secret_slot.ts';
import { Random, seedOf } from '../fuzz/random.ts';
import { WIRES } from './answer.ts';
import { assertIotdaRefusal } from './iotda_errors.ts';
import { assertReset, withResets } from './resets.ts';
import type { NewDevice, ResetBody, ResetBench } from './resets.ts';
import { connectOf, decide } from './secrets.ts';

const HOUR = 3_600_000;
const STEPS = 400;
const DEVICES = ['walk-a', 'walk-b', 'walk-c'];
const PROJECTS = ['default', 'other'];
const PRODUCTS = ['coap', 'nb-iot', 'mqtt', 'unlisted'] as const;
const KEYS = ['1', '2', '3', '4'];
const BODIES: readonly (ResetBody | undefined)[] = [
  undefined, {}, { secret: 'abcdef01' }, { secret: 'not-hexadecimal' }, { secret_type: 'PRIMARY' }, { secret_type: 'SECONDARY' },
  { secret_type: 'SECONDARY', secret: '0123abcd', force_disconnect: true }, { force_disconnect: true },
];

/** What a caller was told under a key. */
interface Told {
  readonly request: string;
  readonly slot: SecretSlotName;
  readonly secret: string;
  readonly untilHour: number;
}

/** A device as the model has it. */
interface Modelled {
  readonly project: string;
  readonly product: NonNullable<NewDevice['product']>;
  frozen: boolean;
  readonly secrets: Partial<Record<SecretSlotName, string>>;
  readonly told: Map<string, Told>;
}

/** Walks at random over what may be done with devices and their secrets, and knows what must come of each step. */
class Walk {
  readonly #bench: ResetBench;
  readonly #random: Random;
  readonly #devices = new Map<string, Modelled>();
  readonly #resets = new Map(DEVICES.map((id) => [id, 0]));
  #hour = 0;

  constructor(bench: ResetBench, seed: number) {
    this.#bench = bench;
    this.#random = new Random(seed);
  }

  async step(): Promise<void> {
    const id = this.#random.pick(DEVICES);
    const device = this.#devices.get(id);
    if (device === undefined && !this.#random.oneIn(4)) return this.#add(id);
    if (device !== undefined && this.#random.oneIn(25)) return this.#remove(id);
    if (device !== undefined && this.#random.oneIn(15)) return this.#freeze(id, device);
    if (this.#random.oneIn(20)) return this.#wait();
    await this.#reset(id, device);
    await this.#compare(id);
    if (device !== undefined && this.#random.oneIn(4)) await this.#connect(id, device);
  }

  async finish(): Promise<void> {
    for (const id of DEVICES) {
      await this.#compare(id);
      assert.equal((await this.#bench.stored(id)).audits, this.#resets.get(id), 'one audit event for each reset');
    }
    assert.ok([...this.#resets.values()].every((count) => count > STEPS / 20), 'all devices were reset often');
  }

  async #add(id: string): Promise<void> {
    const [project, product] = [this.#random.pick(PROJECTS), this.#random.pick(PRODUCTS)];
    await this.#bench.device({ id, project, product });
    this.#devices.set(id, { project, product, frozen: false, secrets: {}, told: new Map() });
  }

  async #remove(id: string): Promise<void> {
    await this.#bench.operator(`/v1/devices/${id}`, undefined, 'DELETE');
    this.#devices.delete(id);
  }

  async #freeze(id: string, device: Modelled): Promise<void> {
    device.frozen = !device.frozen;
    await this.#bench.operator(`/v1/devices/${id}:${device.frozen ? 'freeze' : 'unfreeze'}`, {});
  }

  async #wait(): Promise<void> {
    const hours = 1 + this.#random.below(10);
    this.#bench.service.clock.advance(hours * HOUR);
    this.#hour += hours;
  }

  async #reset(id: string, device: Modelled | undefined): Promise<void> {
    const wire = this.#random.pick(WIRES);
    const project = device === undefined || this.#random.oneIn(20) ? this.#random.pick(PROJECTS) : device.project;
    const body = BODIES[this.#random.below(BODIES.length)];
    const key = this.#random.oneIn(3) ? undefined : this.#random.pick(KEYS);
    const slot = body?.secret_type === 'SECONDARY' ? 'SECONDARY' : 'PRIMARY';
    const answer = await this.#bench.reset(wire, { device: id, project, body, key });
    if (device === undefined || device.project !== project) return assertIotdaRefusal(answer, '014000');
    if (isUnfit(device, slot, body?.secret)) return assertIotdaRefusal(answer, '006');
    const request = `${wire} ${JSON.stringify(body)}`;
    const told = key === undefined ? undefined : device.told.get(key);
    if (told !== undefined && told.untilHour > this.#hour) {
      if (told.request !== request) return assertIotdaRefusal(answer, '422');
      return void assertReset(answer, id, { slot: told.slot, secret: told.secret, replayed: true });
    }
    const secret = assertReset(answer, id, { slot, secret: body?.secret });
    device.secrets[slot] = secret;
    if (key !== undefined) device.told.set(key, { request, slot, secret, untilHour: this.#hour + 24 });
    this.#resets.set(id, (this.#resets.get(id) ?? 0) + 1);
  }

  async #compare(id: string): Promise<void> {
    const device = this.#devices.get(id);
    assert.deepEqual(await this.#bench.secrets(id), device?.secrets ?? {});
    assert.equal((await this.#bench.stored(id)).records, device?.told.size ?? 0);
  }

  /** What the device can do with its secrets, and with one that it does not have. */
  async #connect(id: string, { secrets, project, frozen }: Modelled): Promise<void> {
    const { PRIMARY, SECONDARY } = secrets;
    for (const [secret, slot] of [[PRIMARY, 1], [SECONDARY, SECONDARY === PRIMARY ? 1 : 2]] as const) {
      if (secret === undefined) continue;
      assert.deepEqual(await decide(this.#bench, connectOf(id, secret)), frozen ? [5, '', '', 0] : [0, id, project, slot]);
    }
    assert.deepEqual(await decide(this.#bench, connectOf(id, 'never-a-secret')), [4, '', '', 0]);
  }
}

/** Section 4, step 7; the products are those of the project `default`. */
function isUnfit({ project, product }: Modelled, slot: SecretSlotName, secret = '00'): boolean {
  if (project !== 'default') return false;
  return (product === 'coap' && slot === 'SECONDARY') || (product === 'nb-iot' && !/^[0-9a-f]+$/i.test(secret));
}

describe('resets, at random against a model', () => {
  const bench = withResets();
  const run = Date.now() % 2 ** 31;

  for (let index = 0; index < 2; index += 1) {
    const seed = seedOf(run, index);
    it(`${STEPS} steps from the seed ${seed}`, async function walk() {
      this.timeout(120_000);
      await bench().sql.query('truncate device, device_secret, device_token, idempotency_record, audit_event, outbox');
      const walking = new Walk(bench(), seed);
      for (let step = 0; step < STEPS; step += 1) await walking.step();
      await walking.finish();
    });
  }
});
