import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateCode, loadCode } from '../support/generated.ts';
import type { Generated } from '../support/generated.ts';

const PROTOS = new URL('proto', import.meta.url);
let generated: Promise<Generated> | undefined;

/** Made once for all tests of a run. */
export function generateContract(): Promise<Generated> {
  generated ??= generate();
  return generated;
}

async function generate(): Promise<Generated> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-transcoder-'));
  try {
    generateCode(PROTOS, folder);
    return await loadCode(folder, 'transcoder.v1');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
