import { JWS_ALGORITHMS } from '../crypto/algorithms.ts';
import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import type { Checkpoint } from './checkpoint.ts';
import { requireDeviceId } from './device_id.ts';
import type { Target } from './exchange.ts';
import { FIRST_PAUSE, Link } from './link.ts';
import { Rotation } from './rotation.ts';
import type { Rotated } from './rotation.ts';
export { DeviceError } from './device_error.ts';
import { Store } from './store.ts';

export interface RotateOptions {
  readonly target: Target;
  /** 1 to 128 characters of A-Za-z0-9._- */
  readonly deviceId: string;
  /** Holds the current private key as PKCS#8 PEM, mode 0600; afterwards the new one. */
  readonly keyFile: string;
  /** Of this device alone; made if it is missing. */
  readonly stateFolder: string;
  /** What the new key is for; unset: as the current one. */
  readonly alg?: JwsAlgorithm | undefined;
  /** How long a JWT is good for, seconds. */
  readonly lifetime: number;
  /** For all requests together, milliseconds. */
  readonly timeout: number;
  /** The first pause between two tries, milliseconds. */
  readonly firstPause?: number;
  readonly checkpoint?: Checkpoint;
  /** This machine's clock, milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Replaces the key of a device (contracts/iothentix.md 7; docs/rotate.md has the state machine). A rotation that an
 * earlier run left open is settled first, and that is all, unless its key is of another kind than `alg` asks for. May
 * be killed at any point: every key that the service can have is on the disk before the service can have it, and goes
 * only when a later rotation has succeeded. Throws a DeviceError, or the error of a file system that cannot write.
 */
export async function rotate(options: RotateOptions): Promise<Rotated> {
  const { target, deviceId, keyFile, stateFolder, alg, lifetime, timeout, firstPause = FIRST_PAUSE } = options;
  const { checkpoint = () => {}, now = Date.now } = options;
  requireDeviceId(deviceId);
  using store = new Store(keyFile, stateFolder, checkpoint);
  const link = new Link({ target, timeout, firstPause, checkpoint, now });
  const rotation = new Rotation({ store, link, deviceId, alg, lifetime });
  const rotated = await rotation.settle();
  if (alg === undefined || JWS_ALGORITHMS[alg].kind === JWS_ALGORITHMS[rotated.alg].kind) return rotated;
  return rotation.settle();
}
