import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'mocha';
import { openDataFolder } from '../src/data_folder.ts';

const HOLDER = fileURLToPath(new URL('db/fixtures/hold_data_folder.ts', import.meta.url));

interface Opener {
  readonly pid: number | undefined;
  /** `open`, or why it was refused the folder, with a newline. */
  readonly said: string;
  /** What it has written to standard error so far. */
  readonly complaints: () => string;
  readonly kill: () => Promise<void>;
}

/** Starts a process that opens the folder, and resolves once it said what came of that. */
async function openElsewhere(folder: string): Promise<Opener> {
  const child = spawn(process.execPath, [HOLDER, folder], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const ended = once(child, 'exit');
  const said = await new Promise<string>((resolve) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()));
    void ended.then(() => resolve(''));
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { pid: child.pid, said, complaints: () => complaints, kill };
}

describe('data folder', () => {
  let parent: string;
  before(() => {
    parent = mkdtempSync(join(tmpdir(), 'keyturn-test-'));
  });
  after(() => rmSync(parent, { recursive: true, force: true }));

  it('is created with mode 0700, its files with 0600', () => {
    const path = join(parent, 'created', 'below');
    using folder = openDataFolder(path);
    folder.readOrCreate('operator.token', () => 'made');
    assert.equal(folder.path, path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(path).toSorted(), ['lock', 'lock.pid', 'operator.token']);
    for (const name of readdirSync(path)) assert.equal(statSync(join(path, name)).mode & 0o777, 0o600, name);
  });

  it('loses the rights of group and others', () => {
    const path = join(parent, 'open');
    mkdirSync(path);
    chmodSync(path, 0o755);
    using folder = openDataFolder(path);
    assert.equal(statSync(folder.path).mode & 0o777, 0o700);
  });

  it('is left as it is when it is open and holds what is not Keyturn\'s', () => {
    const path = join(parent, 'mistaken');
    mkdirSync(path);
    writeFileSync(join(path, 'theirs'), '');
    chmodSync(path, 0o1777);
    assert.throws(() => openDataFolder(path), /open to other users and holds files of others: if it is meant, run chmod 700/);
    assert.equal(statSync(path).mode & 0o7777, 0o1777);
  });

  it('may be reached by a link, and is then the same folder', () => {
    using folder = openDataFolder(join(parent, 'target'));
    const link = join(parent, 'link');
    symlinkSync(folder.path, link);
    assert.throws(() => openDataFolder(link), /another Keyturn/);
  });

  it('cannot be a file, nor lie below one', () => {
    const path = join(parent, 'file');
    writeFileSync(path, '');
    const message = `${path} cannot be a folder, a file is in its place`;
    assert.throws(() => openDataFolder(path), { message });
    assert.throws(() => openDataFolder(join(path, 'below')), /a file is in its place/);
  });

  it('cannot belong to another user', function () {
    if (process.geteuid?.() !== 0) this.skip();
    const path = join(parent, 'foreign');
    mkdirSync(path);
    chownSync(path, 65534, 65534);
    assert.throws(() => openDataFolder(path), /belongs to the user with uid 65534, not to this one \(uid 0\)/);
  });

  it('is refused to a second opener in the same process until disposed of', () => {
    const path = join(parent, 'twice');
    const first = openDataFolder(path);
    const message = `another Keyturn (pid ${process.pid}) is using ${path}`;
    assert.throws(() => openDataFolder(path), { message });
    assert.throws(() => openDataFolder(path), { message });
    first[Symbol.dispose]();
    assert.ok(!existsSync(join(path, 'lock.pid')));
    using second = openDataFolder(path);
    first[Symbol.dispose]();
    assert.throws(() => openDataFolder(path), { message });
    assert.equal(second.path, path);
  });

  it('is refused to a second process until the first is killed', async () => {
    const path = join(parent, 'processes');
    const first = await openElsewhere(path);
    try {
      assert.equal(first.said, 'open\n');
      const message = `another Keyturn (pid ${first.pid}) is using ${path}`;
      assert.throws(() => openDataFolder(path), { message });
      const second = await openElsewhere(path);
      assert.equal(second.said, `${message}\n`);
      await second.kill();
    } finally {
      await first.kill();
    }
    using folder = openDataFolder(path);
    assert.equal(readFileSync(join(folder.path, 'lock.pid'), 'utf8'), `${process.pid}\n`);
    assert.equal(first.complaints(), '');
  });

  it('goes to exactly one of several processes that want it at once', async () => {
    const path = join(parent, 'race');
    const all = await Promise.all([1, 2, 3, 4].map(async () => openElsewhere(path)));
    try {
      assert.equal(all.filter(({ said }) => said === 'open\n').length, 1);
    } finally {
      await Promise.all(all.map(async ({ kill }) => kill()));
    }
  });

  it('keeps its lock when nothing refers to it any more', async () => {
    const path = join(parent, 'collected');
    const holder = await openElsewhere(path);
    try {
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      assert.throws(() => openDataFolder(path), /another Keyturn/);
    } finally {
      await holder.kill();
    }
  });

  it('says so if its lock file is none', () => {
    const path = join(parent, 'broken');
    mkdirSync(join(path, 'lock'), { recursive: true });
    assert.throws(() => openDataFolder(path), /broken/);
  });

  describe('readOrCreate', () => {
    it('makes a file once and then reads it, without surrounding white space', () => {
      using folder = openDataFolder(join(parent, 'files'));
      assert.equal(folder.readOrCreate('token', () => ' made\n'), 'made');
      assert.equal(folder.readOrCreate('token', () => assert.fail()), 'made');
      assert.equal(readFileSync(join(folder.path, 'token'), 'utf8'), 'made\n');
      writeFileSync(join(folder.path, 'token'), '\n  edited \r\n');
      assert.equal(folder.readOrCreate('token', () => assert.fail()), 'edited');
    });

    it('overwrites what an interrupted attempt left', () => {
      using folder = openDataFolder(join(parent, 'left'));
      writeFileSync(join(folder.path, 'token.new'), 'half', { mode: 0o644 });
      assert.equal(folder.readOrCreate('token', () => 'whole'), 'whole');
      assert.equal(statSync(join(folder.path, 'token')).mode & 0o777, 0o600);
      assert.ok(!existsSync(join(folder.path, 'token.new')));
    });

    it('refuses a file that is empty, open to others or none', () => {
      using folder = openDataFolder(join(parent, 'refused'));
      const path = join(folder.path, 'token');
      writeFileSync(path, ' \n', { mode: 0o600 });
      assert.throws(() => folder.readOrCreate('token', () => 'made'), /token is empty/);
      writeFileSync(path, 'text');
      for (const mode of [0o640, 0o604, 0o620]) {
        chmodSync(path, mode);
        assert.throws(() => folder.readOrCreate('token', () => 'made'), /run chmod 600 .*token$/);
      }
      mkdirSync(join(folder.path, 'sub'));
      assert.throws(() => folder.readOrCreate('sub', () => 'made'), /sub is not a regular file/);
    });

    it('writes nothing if there is nothing to write, or no plain name', () => {
      using folder = openDataFolder(join(parent, 'nothing'));
      assert.throws(() => folder.readOrCreate('token', () => ' '), /nothing to write/);
      for (const name of ['', '.', '..', '../token', 'a/b']) {
        assert.throws(() => folder.readOrCreate(name, () => 'made'), /not a plain file name/);
      }
      assert.deepEqual(readdirSync(folder.path).toSorted(), ['lock', 'lock.pid']);
    });
  });
});
