/**
 * Called by name before and after everything that a crash could tear apart: each write, fsync, rename and request.
 * Tests end the process in it. It must not be slow: the rotation waits.
 */
export type Checkpoint = (name: string) => void;

/** Does one step between its two checkpoints. */
export function step<Result>(checkpoint: Checkpoint, name: string, act: () => Result): Result {
  checkpoint(`before ${name}`);
  const result = act();
  checkpoint(`after ${name}`);
  return result;
}
