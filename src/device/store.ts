import { readFileSync } from 'node:fs';
import { openDataFolder } from '../data_folder.ts';
import type { Checkpoint } from './checkpoint.ts';
import { DeviceError, reasonOf } from './device_error.ts';
import { toPrivatePem } from './device_key.ts';
import type { DeviceKey } from './device_key.ts';
import { replacePrivateFile } from './private_file.ts';
import { writeState } from './rotation_state.ts';
import type { RotationState } from './rotation_state.ts';
import { StoreReader } from './store_reader.ts';

/** The key file and the state folder of one device, for this process alone until it disposes of them or ends. */
export class Store extends StoreReader implements Disposable {
  readonly #checkpoint: Checkpoint;
  readonly #lock: Disposable;

  /**
   * Creates the state folder with mode 0700 if it is missing, and locks it; the kernel frees the lock when the process
   * ends in whatever way. Throws a DeviceError: `failed` if another process holds the folder or it cannot be used,
   * `usage` if others have rights to it, or if the key file is missing or in a folder that cannot be written.
   */
  constructor(keyFile: string, stateFolder: string, checkpoint: Checkpoint) {
    super(keyFile, stateFolder);
    this.#checkpoint = checkpoint;
    this.#lock = lockFolder(stateFolder);
  }

  /** Returns when it is on the disk. */
  writeState(state: RotationState): void {
    replacePrivateFile(this.stateFile, writeState(state), 'state', this.#checkpoint);
  }

  /**
   * Replaces the key file by its own text: what cannot be done now could not be done later, when the service has the
   * new key. Throws a DeviceError `usage`.
   */
  proveKeyFile(): void {
    try {
      replacePrivateFile(this.keyFile, readFileSync(this.keyFile, 'utf8'), 'proof', this.#checkpoint);
    } catch (error) {
      throw new DeviceError('usage', `${this.keyFile} could not be replaced by a new key (${reasonOf(error)}); nothing was sent`, { cause: error });
    }
  }

  /** Returns when it is on the disk. Throws a DeviceError `failed` that says where the key is meanwhile. */
  writeKey(key: DeviceKey): void {
    try {
      replacePrivateFile(this.keyFile, toPrivatePem(key), 'key', this.#checkpoint);
    } catch (error) {
      const message = `the service has the new key, but ${this.keyFile} cannot be written (${reasonOf(error)}); the key is safe in ${this.stateFile}: mend this and run again`;
      throw new DeviceError('failed', message, { cause: error });
    }
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }
}

function lockFolder(folder: string): Disposable {
  try {
    return openDataFolder(folder);
  } catch (error) {
    throw new DeviceError('failed', reasonOf(error), { cause: error });
  }
}
