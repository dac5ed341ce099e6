import type { RotationState } from '../../db/rotation.ts';
import type { IothentixSettings } from '../../settings.ts';

/**
 * Whether a JWT whose rotation is committed may be answered again
 * (contracts/iothentix.md 7.3): the key that it installed is still the current
 * one, the device may still update, and the setting allows it. The proof of
 * possession is for the caller to check.
 */
export function mayRepeat(state: RotationState, settings: IothentixSettings): boolean {
  return (
    settings.idempotentRetry === 'on' &&
    state.committed !== undefined &&
    state.committed.newThumbprint === state.currentThumbprint &&
    !state.frozen &&
    state.updatesAllowed
  );
}
