import type { AtFaultPoint } from '../fault_points.ts';
import { Unavailable } from '../unavailable.ts';

/**
 * Runs a write. Where its connection is lost on the way nobody knows whether it was committed: `readBack` then reads its
 * outcome on another one. If that finds none, the write may still come: throws Unavailable, and the same call again
 * settles it.
 */
export async function settled<T>(write: () => Promise<T>, readBack: () => Promise<T | undefined>, atFaultPoint: AtFaultPoint | undefined): Promise<T> {
  try {
    atFaultPoint?.('before_write');
    const outcome = await write();
    atFaultPoint?.('after_write');
    return outcome;
  } catch (error) {
    const outcome = error instanceof Unavailable ? await readBack() : undefined;
    if (outcome === undefined) throw error;
    return outcome;
  }
}

/** As `settled`, for a write that has changed something or not. */
export async function settledChange(write: () => Promise<boolean>, isDone: () => Promise<boolean>, atFaultPoint: AtFaultPoint | undefined): Promise<boolean> {
  return settled(write, async () => (await isDone()) || undefined, atFaultPoint);
}
