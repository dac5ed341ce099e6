import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

/** A service for the examples of a suite, and an empty folder to run them in; both are gone after it. */
export function withWorkplace(): { readonly folder: string; readonly service: () => TestService } {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-example-'));
  let service: TestService;
  before(async () => void (service = await startService()));
  after(async () => {
    await service[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, service: () => service };
}
