import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { JwsAlgorithm } from '../crypto/algorithms.ts';
import { openDataFolder, readPrivateFile } from '../data_folder.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readDeviceKey, toPrivatePem } from './device_key.ts';
import type { DeviceKey } from './device_key.ts';
import { replacePrivateFile } from './private_file.ts';
import { readState, writeState } from './rotation_state.ts';
import type { RotationState } from './rotation_state.ts';
import { RotationError, reasonOf } from './rotation_error.ts';

const STATE_FILE = 'rotation.json';

/** The key file and the state folder of one device, this process's alone until it disposes of them or ends. */
export class Store implements Disposable {
  readonly #keyFile: string;
  readonly #stateFile: string;
  readonly #checkpoint: Checkpoint;
  readonly #lock: Disposable;

  /**
   * Creates the state folder with mode 0700 if it is missing, and locks it; the kernel frees the lock when the process
   * ends in whatever way. Throws a RotationError: `failed` if another process holds the folder or it cannot be used,
   * `usage` if others have rights to it, or if the key file is missing or in a folder that cannot be written.
   */
  constructor(keyFile: string, stateFolder: string, checkpoint: Checkpoint) {
    this.#keyFile = findKeyFile(keyFile);
    this.#stateFile = join(stateFolder, STATE_FILE);
    this.#checkpoint = checkpoint;
    this.#lock = lockFolder(stateFolder);
  }

  /** Throws a RotationError `usage` if the file is open to others or holds no private key that can be used. */
  readKey(preferred: JwsAlgorithm | undefined): DeviceKey {
    return readAs(this.#keyFile, (text) => readDeviceKey(text, preferred)) ?? fail(`${this.#keyFile} is missing`);
  }

  /** Undefined if there is none yet. Throws a RotationError `usage` if it cannot be trusted. */
  readState(): RotationState | undefined {
    return readAs(this.#stateFile, readState);
  }

  /** Returns when it is on the disk. */
  writeState(state: RotationState): void {
    replacePrivateFile(this.#stateFile, writeState(state), 'state', this.#checkpoint);
  }

  /**
   * Replaces the key file by its own text: what cannot be done now could not be done later, when the service has the
   * new key. Throws a RotationError `usage`.
   */
  proveKeyFile(): void {
    try {
      replacePrivateFile(this.#keyFile, readFileSync(this.#keyFile, 'utf8'), 'proof', this.#checkpoint);
    } catch (error) {
      throw new RotationError('usage', `${this.#keyFile} could not be replaced by a new key (${reasonOf(error)}); nothing was sent`, { cause: error });
    }
  }

  /** Returns when it is on the disk. Throws a RotationError `failed` that says where the key is meanwhile. */
  writeKey(key: DeviceKey): void {
    try {
      replacePrivateFile(this.#keyFile, toPrivatePem(key), 'key', this.#checkpoint);
    } catch (error) {
      const message = `the service has the new key, but ${this.#keyFile} cannot be written (${reasonOf(error)}); the key is safe in ${this.#stateFile}: mend this and run again`;
      throw new RotationError('failed', message, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }
}

/** Follows links, because a rename onto a link would replace the link. */
function findKeyFile(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw new RotationError('usage', `${path} cannot be found (${reasonOf(error)}): --key names the device's private key`, { cause: error });
  }
}

function lockFolder(folder: string): Disposable {
  // Opening would take these rights away, which nobody wants of a folder that was named by mistake, such as /etc.
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true && (stats.mode & 0o077) !== 0) fail(`${folder} is open to other users: run chmod 700 ${folder}`);
  try {
    return openDataFolder(folder);
  } catch (error) {
    throw new RotationError('failed', reasonOf(error), { cause: error });
  }
}

function readAs<Value>(path: string, read: (text: string) => Value): Value | undefined {
  let text: string | undefined;
  try {
    text = readPrivateFile(path);
  } catch (error) {
    throw new RotationError('usage', reasonOf(error), { cause: error });
  }
  try {
    return text === undefined ? undefined : read(text);
  } catch (error) {
    throw new RotationError('usage', `${path} ${reasonOf(error)}`, { cause: error });
  }
}

function fail(message: string): never {
  throw new RotationError('usage', message);
}
