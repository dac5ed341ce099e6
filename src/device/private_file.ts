import { closeSync, fchownSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../data_folder.ts';
import { step } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';

/**
 * Replaces the file with mode 0600 and its former owner, wholly or not at all, and returns when text and name are on
 * the disk: the text goes to `.<name>.keyturn-new` beside it, fsync, rename, fsync of the folder. Throws the error of
 * the file system; the file is then as it was, or already as it shall be.
 */
export function replacePrivateFile(path: string, text: string, label: string, checkpoint: Checkpoint): void {
  const unfinished = join(dirname(path), `.${basename(path)}.keyturn-new`);
  const owner = statSync(path, { throwIfNoEntry: false });
  rmSync(unfinished, { force: true });
  const file = openSync(unfinished, 'wx', 0o600);
  try {
    // Run by root, it must not take the key away from the account that uses it.
    if (owner !== undefined && owner.uid !== process.geteuid?.()) fchownSync(file, owner.uid, owner.gid);
    step(checkpoint, `${label}: write`, () => writeFileSync(file, text));
    step(checkpoint, `${label}: fsync`, () => fsyncSync(file));
  } finally {
    closeSync(file);
  }
  step(checkpoint, `${label}: rename`, () => renameSync(unfinished, path));
  step(checkpoint, `${label}: fsync of the folder`, () => syncFolder(dirname(path)));
}
