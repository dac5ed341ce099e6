import { makeKeyPair, makeKeyUpdate } from '../../examples/demo/device.ts';
import type { DeviceKeyPair, KeyUpdate } from '../../examples/demo/device.ts';

interface Device {
  readonly deviceId: string;
  key: DeviceKeyPair;
}

/**
 * Requests that wait for their turn, in one queue for each request in flight.
 * A device belongs to one lane, so that its rotations follow each other; with
 * requests left over from one timed part, the next goes on where it ended.
 */
export class Lanes<Request> {
  readonly #encode: (update: KeyUpdate) => Request;
  readonly #lanes: { devices: Device[]; queue: Request[]; turn: number }[];

  constructor(count: number, encode: (update: KeyUpdate) => Request) {
    this.#encode = encode;
    this.#lanes = Array.from({ length: count }, () => ({ devices: [], queue: [], turn: 0 }));
  }

  get count(): number {
    return this.#lanes.length;
  }

  /** Makes the first key of each device and deals the devices to the lanes. Returns the public keys as hex. */
  addDevices(deviceIds: readonly string[]): string[] {
    return deviceIds.map((deviceId, index) => {
      const device = { deviceId, key: makeKeyPair() };
      this.#lanes[index % this.#lanes.length]?.devices.push(device);
      const base64 = device.key.pem.split('-----')[2] ?? '';
      return Buffer.from(base64, 'base64').toString('hex');
    });
  }

  /** Signs rotations of all devices in turn until `count` requests are ready. */
  prepare(count: number): void {
    for (const lane of this.#lanes) {
      const missing = Math.ceil(count / this.#lanes.length) - lane.queue.length;
      const added = Array.from({ length: Math.max(0, missing) }, () => {
        const device = lane.devices[lane.turn % lane.devices.length];
        if (device === undefined) throw new Error('there are more lanes than devices');
        lane.turn += 1;
        return this.#encode(nextUpdate(device));
      });
      // Taken from the end, where it costs nothing.
      lane.queue = [...added.toReversed(), ...lane.queue];
    }
  }

  /** The next request of a lane; undefined if it has none. */
  next(lane: number): Request | undefined {
    return this.#lanes[lane]?.queue.pop();
  }
}

function nextUpdate(device: Device): KeyUpdate {
  const next = makeKeyPair();
  const update = makeKeyUpdate(device.deviceId, device.key, next);
  device.key = next;
  return update;
}
