import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, renameSync, rmSync, rmdirSync, symlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { execute } from '../support/postgres.ts';
import { eventually } from './fixtures/child.ts';
import { startOwnPostgres } from './fixtures/own_postgres.ts';
import type { OwnPostgres } from './fixtures/own_postgres.ts';
import { Traffic } from './fixtures/traffic.ts';

/** Room for a cluster and some of its log. */
const MEBIBYTES = 160;

interface SmallDisk extends Disposable {
  readonly path: string;
  /** Leaves not a byte. */
  fill(): void;
  free(): void;
}

/** A file system of its own. Undefined where none may be mounted, which takes root on Linux. */
function mountSmallDisk(): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'keyturn-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${MEBIBYTES}m,mode=0711`, 'keyturn', path]);
  if (mounted.status !== 0) {
    rmdirSync(path);
    return undefined;
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    fill() {
      const file = openSync(ballast, 'a');
      try {
        for (const chunk = Buffer.alloc(4096); ; ) writeSync(file, chunk);
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(ballast),
    [Symbol.dispose]() {
      spawnSync('umount', ['-l', path]);
      rmdirSync(path);
    },
  };
}

/** Asks for new files of the write-ahead log until there is none to be had, which ends the server. */
async function useUpLog({ url }: OwnPostgres): Promise<void> {
  await assert.rejects(async () => {
    for (let files = 0; files < MEBIBYTES; files += 1) {
      await execute(url, "select pg_logical_emit_message(true, 'x', repeat('x', 1000)), pg_switch_wal()");
    }
  });
}

/** Whether calls have failed because the disk was full. */
function assertFull({ service }: OwnPostgres): void {
  assert.match(JSON.stringify(service.lines.filter(({ message }) => message === 'call failed')), /No space left on device/);
}

describe('under load, a PostgreSQL', function () {
  this.timeout(90_000);
  it('on a full disk: E500 until there is room, for rows and for the log (needs root on Linux, to mount a small disk)', async function () {
    using disk = mountSmallDisk();
    if (disk === undefined) this.skip();
    await using own = await startOwnPostgres({ home: disk.path, settings: { max_wal_size: '64MB', min_wal_size: '32MB' } });
    await using traffic = await Traffic.start(own.service.url, 'full');
    disk.fill();
    await traffic.untilRefused();
    disk.free();
    await traffic.untilAllRotate();
    assertFull(own);

    const { pid } = own;
    disk.fill();
    await useUpLog(own);
    await traffic.untilRefused();
    // A server without room for its log cannot go on, but it may take a while to end.
    await eventually(() => assert.notEqual(own.pid, pid));
    disk.free();
    await traffic.untilAllRotate();
    await traffic.endWithEqualBooks(own.url);
  });

  it('whose outbox gets no more room: E500 until it does, and no half of a rotation', async function () {
    if (process.platform !== 'linux') this.skip();
    await using own = await startOwnPostgres();
    await using traffic = await Traffic.start(own.service.url, 'no-room');
    const [row] = await rowsOf<{ path: string }>(own.url, "select pg_relation_filepath('outbox') as path");
    const file = join(own.cluster, row?.path ?? '');
    // The kernel says of this device what it says of a full disk.
    await own.whileDown(() => {
      renameSync(file, `${file}.away`);
      symlinkSync('/dev/full', file);
    });
    await traffic.untilRefused();
    await own.whileDown(() => renameSync(`${file}.away`, file));
    await traffic.untilAllRotate();
    await traffic.endWithEqualBooks(own.url);
    assertFull(own);
  });
});
