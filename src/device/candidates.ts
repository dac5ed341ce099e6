import { algorithmsOf } from './device_key.ts';
import type { DeviceKey } from './device_key.ts';
import type { RotationState } from './rotation_state.ts';

/** The key of this thumbprint. Throws an Error if there is none. */
export function keyOf({ keys }: Pick<RotationState, 'keys'>, thumbprint: string): DeviceKey {
  const key = keys.find((candidate) => candidate.thumbprint === thumbprint);
  if (key === undefined) throw new Error(`there is no key ${thumbprint}`);
  return key;
}

/**
 * Every key that may be the current one with every algorithm that it may sign with, in the order in which to ask: of an
 * open rotation the old key before the new one, because an update that arrives meanwhile makes the new one current,
 * never the old one; else `current`. Then the others, newest first.
 */
export function* candidatesOf({ keys, pending }: Pick<RotationState, 'keys' | 'pending'>, current?: DeviceKey): Generator<DeviceKey> {
  const first = pending === undefined ? [] : [keyOf({ keys }, pending.old), keyOf({ keys }, pending.next)];
  if (pending === undefined && current !== undefined) first.push(current);
  for (const key of new Set([...first, ...keys.toReversed()])) {
    for (const alg of new Set([key.alg, ...algorithmsOf(key.kind)])) yield { ...key, alg };
  }
}
