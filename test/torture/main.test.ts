import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, it } from 'mocha';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

describe('npm run torture', function () {
  this.timeout(60_000);
  let temporary = '';
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'keyturn-main-'));
  });
  afterEach(() => rmSync(temporary, { recursive: true, force: true }));

  function run(...args: string[]) {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], TMPDIR: temporary } });
    return { child, output: text(child.stdout), complaints: text(child.stderr), ended: once(child, 'close') };
  }

  it('prints one line with the result, tells of its progress beside, and leaves nothing behind', async () => {
    const { output, complaints, ended } = run('--kills', '1', '--devices', '2');
    assert.deepEqual(await ended, [0, null], await complaints);
    assert.match(await output, /^bricked 0 lost 0 kills 1 rotations [1-9]\d* resets [1-9]\d*\n$/);
    assert.match(await complaints, /^kill 1 of 1: before_write, and a power cut of some devices; \d+ rotations so far\n/);
    assert.deepEqual(readdirSync(temporary), []);
  });

  it('ends at Ctrl-C with its children, and leaves nothing behind', async () => {
    const { child, output, complaints, ended } = run('--kills', '1000', '--devices', '2');
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null], await complaints);
    assert.equal(await output, '');
    assert.match(await complaints, /\nended by SIGINT\n$/);
    assert.deepEqual(readdirSync(temporary), []);
  });

  it('says what it does and refuses what it cannot do', async () => {
    const help = run('--help');
    assert.deepEqual(await help.ended, [0, null]);
    for (const word of ['--kills', '--devices', 'bricked', 'lost', 'exit code']) assert.ok((await help.output).includes(word), word);
    for (const args of [['--kills', '0'], ['--devices', 'x'], ['--unknown']]) {
      const wrong = run(...args);
      assert.deepEqual(await wrong.ended, [1, null], args.join(' '));
      assert.match(await wrong.complaints, /^error: /);
    }
  });
});
