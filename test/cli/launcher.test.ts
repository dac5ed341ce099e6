import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { ended, findOldNode, keyturn, LAUNCHER, start } from './keyturn.ts';
import type { RunOptions } from './keyturn.ts';

const ROOT = dirname(dirname(LAUNCHER));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

/** What stands for the built command line: it answers, or waits for a signal. */
const BUILT = `
import { setInterval } from 'node:timers';
if (process.argv[2] === 'exit') process.exitCode = Number(process.argv[3]);
else {
  setInterval(() => {}, 1000);
  process.on('SIGTERM', () => process.exit(7));
  process.on('SIGINT', () => process.exit(8));
}
process.stdout.write(JSON.stringify([Number(process.versions.node.split('.')[0]) >= 22, process.argv.slice(2)]) + '\\n');
`;

/** What is sent, and how BUILT ends by it. */
const SIGNALS = [['SIGTERM', 7, null], ['SIGINT', 8, null], ['SIGHUP', null, 'SIGHUP']] as const;

describe('the launcher', () => {
  const oldNode = findOldNode();
  let folder: string;
  let launcher: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'keyturn-launcher-'));
    launcher = join(folder, 'src/keyturn.js');
    await Promise.all([mkdir(join(folder, 'src')), mkdir(join(folder, 'dist/src/cli'), { recursive: true })]);
    await Promise.all([
      copyFile(LAUNCHER, launcher),
      writeFile(join(folder, 'package.json'), '{"type":"module"}'),
      writeFile(join(folder, 'dist/src/cli/main.js'), BUILT),
      symlink(LAUNCHER, join(folder, 'keyturn')),
    ]);
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  it('runs the sources, from any folder and through a symbolic link', async () => {
    for (const options of [{ cwd: '/' }, { launcher: join(folder, 'keyturn') }]) {
      assert.deepEqual(await keyturn(['--version'], options), { code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
    }
  });

  it('runs what was built, where there is such a thing', async () => {
    const { code, stdout } = await keyturn(['exit', '5', 'a b', ''], { launcher });
    assert.deepEqual([code, stdout], [5, '[true,["exit","5","a b",""]]\n']);
  });

  describe('under an old Node', () => {
    let old: RunOptions & { node: string };

    before(function () {
      if (oldNode === undefined) this.skip();
      else old = { node: oldNode };
    });

    it('says which Node it needs if npm has not brought one', async () => {
      const { code, stdout, stderr } = await keyturn(['--version'], { ...old, launcher });
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /^keyturn: needs Node 22\.18 or newer, this is Node \d+\.\d+\.\d+; install .*\n$/);
    });

    it('hands over to the Node that npm has brought, through a symbolic link too', async function () {
      if (!hasBundledNode()) this.skip();
      const { code, stdout, stderr } = await keyturn(['--version'], { ...old, launcher: join(folder, 'keyturn'), cwd: '/' });
      assert.deepEqual([code, stdout, stderr], [0, `${version}\n`, '']);
    });

    it('hands over arguments, exit codes and signals', async function () {
      if (!hasBundledNode()) this.skip();
      await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      const { code, stdout } = await keyturn(['exit', '5', 'a b', ''], { ...old, launcher });
      assert.deepEqual([code, stdout], [5, '[true,["exit","5","a b",""]]\n']);
      for (const [signal, exitCode, killedBy] of SIGNALS) {
        const child = start(['wait'], { ...old, launcher });
        const end = ended(child);
        await once(child.stdout ?? child, 'data');
        child.kill(signal);
        const result = await end;
        assert.deepEqual([result.code, result.signal], [exitCode, killedBy]);
      }
    });
  });
});

function hasBundledNode(): boolean {
  return process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);
}
