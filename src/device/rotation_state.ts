import { isJwsAlgorithm } from '../crypto/algorithms.ts';
import { parseJsonObject } from '../crypto/json_object.ts';
import { readDeviceKey, toPrivatePem } from './device_key.ts';
import type { DeviceKey } from './device_key.ts';
import type { KeyUpdate } from './key_update.ts';

/** A rotation that was begun and whose outcome is not settled. */
export interface PendingRotation extends KeyUpdate {
  /** Thumbprint of the key that signed the JWT. */
  readonly old: string;
  /** Thumbprint of the key that the JWT installs. */
  readonly next: string;
  /** When the JWT ends, seconds since 1970. */
  readonly exp: number;
  /** Whether it took the place of one that the service had refused. */
  readonly replacement: boolean;
}

/** All that a device has to remember. */
export interface RotationState {
  readonly deviceId: string;
  /** Every private key that may be the current one, in the order of their making. */
  readonly keys: readonly DeviceKey[];
  /** Thumbprints of keys that were deleted, oldest first: a factory image may set the key file back to one of them. */
  readonly dropped: readonly string[];
  /** `old` and `next` are among the keys. */
  readonly pending: PendingRotation | undefined;
}

const VERSION = 1;

type Members = Readonly<Record<string, unknown>>;

/** Writes the state as JSON with a final newline; docs/rotate.md describes the members. */
export function writeState({ deviceId, keys, dropped, pending }: RotationState): string {
  const json = {
    version: VERSION,
    device_id: deviceId,
    keys: keys.map((key) => ({ thumbprint: key.thumbprint, algorithm: key.alg, private_key: toPrivatePem(key) })),
    dropped_thumbprints: dropped,
    pending: pending === undefined ? null : {
      old_thumbprint: pending.old,
      new_thumbprint: pending.next,
      exp: pending.exp,
      replacement: pending.replacement,
      jwt: pending.jwt,
      pop: pending.pop,
    },
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** Reads what `writeState` has written. Throws an Error, which does not quote the text, if it is anything else. */
export function readState(text: string): RotationState {
  const { version, device_id: deviceId, keys: list, dropped_thumbprints: dropped, pending: open } = parseJsonObject(text) ?? {};
  if (version !== VERSION || typeof deviceId !== 'string' || !Array.isArray(list)) throw new Error('is damaged or of another version');
  if (!Array.isArray(dropped) || !dropped.every((thumbprint) => typeof thumbprint === 'string')) throw new Error('is damaged');
  const keys = list.map(readKey);
  const pending = open === null ? undefined : readPending(open);
  const known = (thumbprint: string): boolean => keys.some((key) => key.thumbprint === thumbprint);
  if (pending !== undefined && !(known(pending.old) && known(pending.next))) throw new Error('lacks a key of its rotation');
  return { deviceId, keys, dropped, pending };
}

function readKey(value: unknown): DeviceKey {
  const { thumbprint, algorithm, private_key: pem } = membersOf(value);
  if (!isJwsAlgorithm(algorithm) || typeof pem !== 'string') throw new Error('holds a damaged key');
  const key = readDeviceKey(pem, algorithm);
  if (key.thumbprint !== thumbprint) throw new Error('holds a key under the name of another');
  return key;
}

function readPending(value: unknown): PendingRotation {
  const { old_thumbprint: old, new_thumbprint: next, exp, replacement, jwt, pop } = membersOf(value);
  if (
    typeof old !== 'string' || typeof next !== 'string' || typeof exp !== 'number' || typeof replacement !== 'boolean' ||
    typeof jwt !== 'string' || typeof pop !== 'string'
  ) throw new Error('holds a damaged rotation');
  return { old, next, exp, replacement, jwt, pop };
}

function membersOf(value: unknown): Members {
  if (typeof value !== 'object' || value === null) throw new Error('is damaged');
  return value as Members;
}
