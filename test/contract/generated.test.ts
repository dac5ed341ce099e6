import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { BUF, ROOT } from './images.ts';

describe('gen/', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-gen-'));
  const made = join(folder, 'gen');

  before(() => {
    // `-o` is put before the `out` of buf.gen.yaml; what it cleans is therefore below our folder too.
    buf('generate', '-o', folder);
    buf('build', '-o', join(made, 'image.binpb'), '--exclude-source-info');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('has the files that npm run generate makes, and no other', () => {
    assert.deepEqual(filesOf(join(ROOT, 'gen')), filesOf(made), 'run npm run generate and commit gen/');
  });

  it('has them byte for byte', () => {
    const different = filesOf(made).filter((name) => !readFileSync(join(made, name)).equals(readFileSync(join(ROOT, 'gen', name))));
    assert.deepEqual(different, [], 'run npm run generate and commit gen/');
  });

  it('is made by the script that package.json names', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    assert.equal(scripts['generate'], 'buf generate && buf build -o gen/image.binpb --exclude-source-info');
  });
});

describe('proto/', () => {
  it('passes buf lint, with a comment at every service, call, message, field, enum and value', () => {
    assert.match(readFileSync(join(ROOT, 'buf.yaml'), 'utf8'), /use: \[STANDARD, COMMENTS\]\n {2}ignore: \[proto\/google, proto\/grpc\]/);
    buf('lint');
  });

  it('passes buf format', () => {
    buf('format', '--diff', '--exit-code', '--path', 'proto/keyturn');
  });

  it('imports nothing remote', () => {
    assert.ok(!/^deps:/m.test(readFileSync(join(ROOT, 'buf.yaml'), 'utf8')));
    assert.ok(!readdirSync(ROOT).includes('buf.lock'));
  });
});

/** Runs buf in the repository; fails with what it says unless it succeeds. */
function buf(...args: string[]): void {
  const env = { ...process.env, PATH: [join(ROOT, 'node_modules/.bin'), process.env['PATH']].join(delimiter) };
  const { status, stdout, stderr, error } = spawnSync(BUF, args, { cwd: ROOT, env, encoding: 'utf8' });
  assert.equal(status, 0, `buf ${args.join(' ')}\n${stdout}${stderr}${error?.message ?? ''}`);
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}
