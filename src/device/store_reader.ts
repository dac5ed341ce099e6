import { realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import { readPrivateFile } from '../data_folder.ts';
import { DeviceError, reasonOf } from './device_error.ts';
import { readDeviceKey } from './device_key.ts';
import type { DeviceKey } from './device_key.ts';
import { readState } from './rotation_state.ts';
import type { RotationState } from './rotation_state.ts';

const STATE_FILE = 'rotation.json';

/** What is on the disk, and which of its keys is the one in the key file. */
export interface StoredKeys {
  readonly found: RotationState;
  readonly current: DeviceKey;
}

/** Reads the key file and the state folder of one device, and changes nothing. Each file is replaced as a whole, so it needs no lock. */
export class StoreReader {
  protected readonly keyFile: string;
  protected readonly stateFile: string;

  /** Throws a DeviceError `usage` if the key file is missing or others have rights to the state folder. */
  constructor(keyFile: string, stateFolder: string) {
    this.keyFile = findKeyFile(keyFile);
    this.stateFile = join(stateFolder, STATE_FILE);
    const stats = statSync(stateFolder, { throwIfNoEntry: false });
    // Locking it would take these rights away, which nobody wants of a folder that was named by mistake, such as /etc.
    if (stats?.isDirectory() === true && (stats.mode & 0o077) !== 0) fail(`${stateFolder} is open to other users: run chmod 700 ${stateFolder}`);
  }

  /**
   * Reads both files; a missing state counts as one with the key of the key file alone, which signs by `alg` if it fits.
   * Throws a DeviceError `usage` if a file cannot be trusted, or if they are not those of the device.
   */
  read(deviceId: string, alg?: JwsAlgorithm): StoredKeys {
    // In this order: a rotation stores a key in the state before it is in the key file, so this state knows that key.
    const key = readAs(this.keyFile, (text) => readDeviceKey(text, alg)) ?? fail(`${this.keyFile} is missing`);
    const found = readAs(this.stateFile, readState) ?? { deviceId, keys: [key], dropped: [], pending: undefined };
    if (found.deviceId !== deviceId) fail(`the state folder is that of the device ${found.deviceId}; give another one for ${deviceId}`);
    const current = found.keys.find(({ thumbprint }) => thumbprint === key.thumbprint);
    if (current !== undefined) return { found, current };
    const newest = found.keys.at(-1);
    // A factory image has set the key file back to a key that was replaced long ago.
    if (found.dropped.includes(key.thumbprint) && newest !== undefined) return { found, current: newest };
    return fail(
      `the state folder does not know the key in the key file (${key.thumbprint}): give the key file of ${deviceId}, or, if this key was registered by hand, another state folder; keep this one, it may hold the only key that counts`,
    );
  }
}

/** Follows links, because a rename onto a link would replace the link. */
function findKeyFile(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new DeviceError('usage', `${path} cannot be found (${reasonOf(error)}): --key names the device's private key`, { cause: error });
  }
}

function readAs<Value>(path: string, read: (text: string) => Value): Value | undefined {
  let text: string | undefined;
  try {
    text = readPrivateFile(path);
  } catch (error) {
    throw new DeviceError('usage', reasonOf(error), { cause: error });
  }
  try {
    return text === undefined ? undefined : read(text);
  } catch (error) {
    throw new DeviceError('usage', `${path} ${reasonOf(error)}`, { cause: error });
  }
}

function fail(message: string): never {
  throw new DeviceError('usage', message);
}
