import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { dataFolder, startChild } from './faults/fixtures/child.ts';
import { createDatabase } from './support/postgres.ts';
import { MASTER_KEYS } from './support/service.ts';

/** Starts with the compile cache in a folder, makes sure that it serves, and ends. */
async function startOnce(cache: string): Promise<void> {
  await using database = await createDatabase();
  const settings = { KEYTURN_DATABASE_URL: database.url, KEYTURN_OPERATOR_TOKEN: 'operator-token-of-the-tests', KEYTURN_MASTER_KEYS: MASTER_KEYS };
  await using child = await startChild({ ...settings, NODE_COMPILE_CACHE: cache });
  assert.equal((await fetch(`${child.url}/readyz`)).status, 200);
  child.kill('SIGTERM');
  assert.equal(await child.ended, 0);
  for (const line of child.stderr().split('\n').slice(0, -1)) JSON.parse(line);
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

describe('npm start with its cache of compiled modules', () => {
  it('makes one, and starts from it', async () => {
    using folder = dataFolder();
    await startOnce(folder.path);
    assert.ok(filesBelow(folder.path).length > 100);
    await startOnce(folder.path);
  });

  it('starts with one that is damaged', async () => {
    using folder = dataFolder();
    await startOnce(folder.path);
    for (const [index, path] of filesBelow(folder.path).entries()) {
      const bytes = readFileSync(path);
      bytes.fill(0xa5, Math.floor(bytes.length / 2));
      writeFileSync(path, index % 2 === 0 ? bytes : bytes.subarray(0, index % 100));
    }
    await startOnce(folder.path);
  });

  it('starts where none can be made', async () => {
    using folder = dataFolder();
    mkdirSync(folder.path);
    const taken = join(folder.path, 'taken');
    writeFileSync(taken, '');
    await startOnce(taken);
  });
});
