import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import { candidatesOf, keyOf } from './candidates.ts';
import { DeviceError } from './device_error.ts';
import { algorithmsOf, makeDeviceKey } from './device_key.ts';
import type { DeviceKey } from './device_key.ts';
import { signProbe, signUpdate } from './key_update.ts';
import type { Link } from './link.ts';
import type { PendingRotation, RotationState } from './rotation_state.ts';
import type { Store } from './store.ts';
import type { Verdict } from './verdict.ts';

export interface RotationParts {
  readonly store: Store;
  readonly link: Link;
  readonly deviceId: string;
  readonly alg: JwsAlgorithm | undefined;
  /** How long a JWT is good for, seconds. */
  readonly lifetime: number;
}

/** A rotation that is done: key file, state and service agree. */
export interface Rotated {
  readonly deviceId: string;
  /** Of the key that counts now. */
  readonly thumbprint: string;
  readonly alg: JwsAlgorithm;
  /** Of the key that it replaced. */
  readonly previousThumbprint: string;
  /** Whether an earlier run had begun it. */
  readonly resumed: boolean;
}

interface OpenState extends RotationState {
  readonly pending: PendingRotation;
}

/** How often an update that the service does not accept, though it knows its key, is signed anew. */
const MOST_SIGNATURES = 3;

/** The state machine of docs/rotate.md. What it knows is what is on the disk: a killed run has nothing more. */
export class Rotation {
  readonly #parts: RotationParts;

  constructor(parts: RotationParts) {
    this.#parts = parts;
  }

  /** Begins a rotation, or takes up the one that is open, and brings it to its end. */
  async settle(): Promise<Rotated> {
    const { store, deviceId, alg } = this.#parts;
    const { found, current } = store.read(deviceId, alg);
    store.proveKeyFile();
    const resumed = isOpen(found);
    let state = resumed ? found : this.#begin(found, current);
    for (let signatures = 0, mayReplace = resumed; ; ) {
      const verdict = await this.#parts.link.update(state.pending);
      if (verdict === 'updated') return this.#finish(state, resumed);
      if (verdict === 'unauthorized') {
        const signer = await this.#findCurrent(state);
        if (signer.thumbprint === state.pending.next) return this.#finish(state, resumed);
        if (signatures === MOST_SIGNATURES) throw this.#unacceptable();
        signatures += 1;
        state = this.#signAnew(state, signer);
      } else {
        if (!mayReplace || !this.#isWorthReplacing(state)) throw this.#refused(verdict);
        mayReplace = false;
        state = this.#replace(state);
      }
    }
  }

  #begin(found: RotationState, current: DeviceKey): OpenState {
    return this.#open(found, current, makeDeviceKey(this.#parts.alg ?? current.alg), false);
  }

  /** Signs for the same new key, so that whichever of its JWTs arrives, early or late, installs a key that is kept. */
  #signAnew(state: OpenState, signer: DeviceKey): OpenState {
    const next = keyOf(state, state.pending.next);
    // An algorithm that nobody chose was guessed from the old key; now it is known which one that signs with.
    const alg = this.#parts.alg ?? signer.alg;
    const fitting = algorithmsOf(next.kind).includes(alg) ? { ...next, alg } : next;
    return this.#open(state, signer, fitting, state.pending.replacement);
  }

  /** Another new key in place of one that was refused. Both stay: the refused JWT may still be under way. */
  #replace(state: OpenState): OpenState {
    const old = keyOf(state, state.pending.old);
    return this.#open(state, old, makeDeviceKey(this.#parts.alg ?? old.alg), true);
  }

  /** Once for its own sake, and whenever another kind of key, or of an RSA key's proof, is asked for. */
  #isWorthReplacing({ pending, keys }: OpenState): boolean {
    const next = keyOf({ keys }, pending.next);
    const wanted = this.#parts.alg ?? keyOf({ keys }, pending.old).alg;
    const isOther = !algorithmsOf(next.kind).includes(wanted) || (next.kind === 'RSA' && next.alg !== wanted);
    return !pending.replacement || isOther;
  }

  /** Writes down what is about to be sent. Returns when it is on the disk. */
  #open(state: RotationState, signer: DeviceKey, next: DeviceKey, replacement: boolean): OpenState {
    const { store, link, deviceId, lifetime } = this.#parts;
    const exp = Math.floor(link.now() / 1000) + lifetime;
    const update = signUpdate(deviceId, signer, next, exp);
    const keys = [signer, next].reduce(withKey, state.keys);
    const opened = { deviceId, keys, dropped: state.dropped, pending: { ...update, old: signer.thumbprint, next: next.thumbprint, exp, replacement } };
    store.writeState(opened);
    return opened;
  }

  /** The new key counts: it goes to the key file, and every key but these two may go. */
  #finish({ deviceId, keys, dropped, pending }: OpenState, resumed: boolean): Rotated {
    const { store } = this.#parts;
    const [old, next] = [keyOf({ keys }, pending.old), keyOf({ keys }, pending.next)];
    store.writeKey(next);
    const gone = keys.filter((key) => key !== old && key !== next).map(({ thumbprint }) => thumbprint);
    store.writeState({ deviceId, keys: [old, next], dropped: [...dropped, ...gone], pending: undefined });
    return { deviceId, thumbprint: next.thumbprint, alg: next.alg, previousThumbprint: old.thumbprint, resumed };
  }

  /** Asks for each key whether it is the current one, without changing anything. */
  async #findCurrent(state: OpenState): Promise<DeviceKey> {
    const { link, deviceId } = this.#parts;
    for (const candidate of candidatesOf(state)) {
      if (await link.verifies(signProbe(deviceId, candidate))) return candidate;
    }
    const message = `the service accepts none of the keys of ${deviceId}: it does not know the device, or has a key that was not made here${link.trace}`;
    throw new DeviceError('refused', message);
  }

  #refused(verdict: Verdict): DeviceError {
    const { link, deviceId } = this.#parts;
    const why = verdict === 'malformed'
      ? 'it takes no key of this kind; choose another --alg'
      : `${deviceId} is frozen or may not replace its key`;
    return new DeviceError('refused', `the service has refused the new key: ${why}; the current key still counts${link.trace}`);
  }

  #unacceptable(): DeviceError {
    const message = 'the service knows the key but accepts no JWT that it signs: set the clock, or give a larger --exp';
    return new DeviceError('failed', `${message}${this.#parts.link.trace}`);
  }
}

function isOpen(state: RotationState): state is OpenState {
  return state.pending !== undefined;
}

/** The keys with this one: in its old place, if it has one, with the algorithm that is known now. */
function withKey(keys: readonly DeviceKey[], key: DeviceKey): readonly DeviceKey[] {
  const index = keys.findIndex(({ thumbprint }) => thumbprint === key.thumbprint);
  return index === -1 ? [...keys, key] : keys.with(index, key);
}
