import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'mocha';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MOST_LINES = 250;

/**
 * The rules of design.md section 8. A rule forbids the files of `of` (paths
 * that begin with one of its words) to import what begins with a word of `not`,
 * or anything but what begins with a word of `only`. Local files go by their
 * path from the root, everything else by its specifier; type imports count.
 */
interface Rule {
  readonly why: string;
  readonly of: readonly string[];
  readonly except?: readonly string[];
  readonly not?: readonly string[];
  readonly only?: readonly string[];
}

const TOP = ['src/main.ts', 'src/serve.ts', 'src/app.ts', 'src/applications.ts', 'src/device_secrets.ts', 'src/device_tokens.ts', 'src/identity.ts', 'src/cli/'];
const DOMAIN = ['src/services/', 'src/db/', 'src/crypto/', 'gen/keyturn/v1/'];

const RULES: readonly Rule[] = [
  { why: 'imports only go down: nothing below the top imports it', of: ['src/', 'gen/'], except: TOP, not: TOP },
  { why: 'main only starts', of: ['src/main.ts'], only: ['src/serve.ts'] },
  { why: 'only the app composes', of: ['src/serve.ts'], only: ['src/app.ts', 'src/config/', 'src/heap.ts'] },
  { why: 'call knows no wire and no service', of: ['src/call/'], not: ['src/transport/', 'src/services/'] },
  {
    why: 'of call only authenticate reaches db and crypto',
    of: ['src/call/'],
    except: ['src/call/authenticate/'],
    not: ['src/db/', 'src/crypto/'],
  },
  { why: 'contract knows what it is made of only', of: ['src/contract/'], not: ['src/call/', 'src/transport/', 'src/errors.ts'] },
  { why: 'contract knows nothing of the domain', of: ['src/contract/'], not: DOMAIN },
  { why: 'transport/rest knows nothing of the domain', of: ['src/transport/rest/'], not: DOMAIN },
  { why: 'routing of the transcoder stands alone', of: ['src/transport/rest/routing/'], only: ['src/transport/rest/routing/'] },
  {
    why: 'binding and bodies of the transcoder know the contract only',
    of: ['src/transport/rest/binding/', 'src/transport/rest/body/'],
    only: [
      'node:', '@bufbuild/protobuf', 'gen/google/', 'gen/keyturn/options/', 'src/contract/', 'src/strict_json.ts',
      'src/transport/rest/binding/', 'src/transport/rest/body/', 'src/transport/rest/routing/',
    ],
  },
  { why: 'transport never imports services, db or crypto', of: ['src/transport/'], not: ['src/services/', 'src/db/', 'src/crypto/'] },
  { why: 'services never import a wire', of: ['src/services/'], not: ['src/transport/', '@grpc/'] },
  {
    why: 'db knows neither reasons nor wires',
    of: ['src/db/'],
    not: ['src/call/', 'src/contract/', 'src/transport/', 'src/services/', 'src/errors.ts', 'gen/'],
  },
  { why: 'crypto stands alone', of: ['src/crypto/'], only: ['node:', 'jose', 'src/crypto/', 'src/strict_json.ts'] },
  { why: 'the device side is none of the service', of: ['src/device/'], only: ['node:', 'src/crypto/', 'src/data_folder.ts', 'src/device/'] },
  { why: 'strict_json stands alone', of: ['src/strict_json.ts', 'src/engine_json.ts'], only: ['node:', 'src/engine_json.ts'] },
  { why: 'only grpc speaks gRPC', of: ['src/'], except: ['src/transport/grpc/', 'src/cli/'], not: ['@grpc/', 'grpc-health-check'] },
  {
    why: 'nothing but the overrides of the app leads to the fault points',
    of: ['src/'],
    except: [
      'src/app.ts', 'src/device_secrets.ts', 'src/device_tokens.ts', 'src/identity.ts', 'src/call/fault_observer.ts', 'src/db/device_jwt.ts', 'src/db/device_secret.ts', 'src/db/device_token.ts',
      'src/db/identity', 'src/db/rotation.ts', 'src/db/settled.ts',
      'src/services/messages/',
    ],
    not: ['src/fault_points.ts'],
  },
  { why: 'pages know no service and no database', of: ['src/pages/'], not: ['src/services/', 'src/call/', 'src/db/', 'src/crypto/'] },
  { why: 'what generates is none of the service', of: ['src/'], except: ['src/generate/'], not: ['src/generate/', '@bufbuild/protoplugin', 'gen/rest/'] },
  {
    why: 'what generates knows the contract, and how REST binds and refuses',
    of: ['src/generate/'],
    only: [
      'node:', '@bufbuild/', 'gen/google/', 'gen/keyturn/options/', 'src/contract/', 'src/generate/', 'src/transport/rest/binding/',
      'src/transport/rest/body/', 'src/transport/rest/envelopes.ts', 'src/transport/rest/routing/',
    ],
  },
  { why: 'all SQL lives in db', of: ['src/'], except: ['src/db/'], not: ['pg', '@mikro-orm/', 'kysely'] },
  { why: 'the command line talks gRPC: it has no service of its own', of: ['src/cli/'], not: ['src/services/', 'src/call/', 'src/transport/'] },
];

/** The only files that may touch process.env: they pass it to config. */
const ENVIRONMENT_PASSERS = new Set(['src/main.ts', 'src/cli/main.ts']);

describe('layers', () => {
  const files = sourceFiles('src');
  const imports = new Map(files.map((file) => [file, importsOf(file)]));

  for (const rule of RULES) {
    it(rule.why, () => {
      const broken = files
        .filter((file) => begins(file, rule.of) && !begins(file, rule.except ?? []))
        .flatMap((file) => (imports.get(file) ?? []).filter((target) => breaks(rule, target)).map((target) => `${file} imports ${target}`));
      assert.deepEqual(broken, []);
    });
  }

  it('has no cycle', () => {
    assert.deepEqual(findCycle(imports), undefined);
  });

  it('imports local files that exist, with .ts at their end', () => {
    const known = new Set([...files, ...sourceFiles('gen')]);
    const broken = [...imports].flatMap(([file, targets]) =>
      targets.filter((target) => /^(?:src|gen)\//.test(target) && !known.has(target)).map((target) => `${file} imports ${target}`),
    );
    assert.deepEqual(broken, []);
  });

  it('touches process.env in the entry points only', () => {
    const users = files.filter((file) => /\bprocess\s*(?:\.\s*env\b|\[\s*['"]env['"]\s*\])/.test(textOf(file)));
    assert.deepEqual(users.filter((file) => !ENVIRONMENT_PASSERS.has(file)), []);
  });

  it('has no name of a variable outside of config but in messages to people', () => {
    const readers = files.filter((file) => /environment\[|env\[['"]KEYTURN_|\benv\.KEYTURN_/.test(textOf(file)));
    assert.deepEqual(readers.filter((file) => !file.startsWith('src/config/')), []);
  });

  it(`has no file over ${MOST_LINES} lines, tests included`, () => {
    const long = [...files, ...sourceFiles('test')]
      .map((file) => ({ file, lines: textOf(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MOST_LINES);
    assert.deepEqual(long, []);
  });

  it('has nothing left to do', () => {
    // Written so that this line does not find itself.
    const marker = /\b(?:TOD[O]|FIXM[E]|XX[X])\b/;
    const marked = [...files, ...sourceFiles('test'), ...sourceFiles('proto', '.proto')].filter(
      (file) => !file.startsWith('proto/google/') && marker.test(textOf(file)),
    );
    assert.deepEqual(marked, []);
  });
});

function sourceFiles(folder: string, end = '.ts'): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(end))
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .toSorted();
}

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** What a file imports, statically, by type, dynamically or by re-export. */
function importsOf(file: string): string[] {
  const specifiers = textOf(file).matchAll(/^\s*(?:import|export)\b[^'";]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/gm);
  return [...specifiers]
    .map((match) => match[1] ?? match[2] ?? '')
    .map((name) => (name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(file), name)).replaceAll('\\', '/') : name));
}

function begins(name: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => (/[/:.]/.test(prefix) ? name.startsWith(prefix) : name === prefix || name.startsWith(`${prefix}/`)));
}

function breaks({ not, only }: Rule, target: string): boolean {
  return (not !== undefined && begins(target, not)) || (only !== undefined && !begins(target, only));
}

/** The first cycle, as the files on its way. */
function findCycle(imports: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target, [...way, file]);
      if (cycle !== undefined) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
