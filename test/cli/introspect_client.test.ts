import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, describe, it } from 'mocha';
import { run } from '../../src/cli/program.ts';
import { verifyPassword } from '../../src/crypto/password.ts';
import { parsePasswordText } from '../../src/crypto/password_text.ts';
import { startService } from '../support/service.ts';
import { basicOf } from '../wire/tokens/clients.ts';
import { keyturn, runHere } from './keyturn.ts';

const PASSWORD = 'pass word ä';
const HINT = /^This is an entry of the JSON list KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS, .*\n$/;

interface Entry {
  readonly name: string;
  readonly password_hash: string;
}

async function assertEntry(text: string, name: string, password = PASSWORD): Promise<void> {
  const entry = JSON.parse(text) as Entry;
  assert.deepEqual(Object.keys(entry), ['name', 'password_hash']);
  assert.equal(entry.name, name);
  const stored = parsePasswordText(entry.password_hash);
  assert.ok(stored);
  assert.equal(await verifyPassword(password, stored), true);
  assert.ok(!text.includes(password));
}

describe('keyturn introspect-client', () => {
  let folder: string;
  const file = (): string => join(folder, 'password.txt');
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'keyturn-client-'));
    writeFileSync(file(), `${PASSWORD}\n`);
  });
  after(() => rmSync(folder, { recursive: true }));

  it('prints an entry of the setting in one line, with no service and no settings, and what it is for', async () => {
    const { code, stdout, stderr } = await keyturn(['introspect-client', 'gateway', '--password-file', file()]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\{"name":"gateway","password_hash":"\$scrypt\$ln=15,r=8,p=1\$[^"\n]*"\}\n$/);
    assert.match(stderr, HINT);
    await assertEntry(stdout, 'gateway');
  });

  it('prints nothing else for machines', async () => {
    const { code, stdout, stderr } = await runHere(['introspect-client', 'edge/1', '--json', '--password-file', '-'], {}, `${PASSWORD}\r\n`);
    assert.deepEqual([code, stderr], [0, '']);
    await assertEntry(stdout, 'edge/1');
  });

  it('asks a terminal twice, and shows nothing of it', async () => {
    const ended = await type(['introspect-client', 'gateway'], `${PASSWORD}\n${PASSWORD}\n`);
    assert.equal(ended.code, 0, ended.stderr);
    await assertEntry(ended.stdout, 'gateway');
    assert.match(ended.stderr, /^New password: \nOnce more: \nThis is an entry /);
    assert.deepEqual(await type(['introspect-client', 'gateway'], `${PASSWORD}\nanother word\n`), {
      code: 2, stdout: '', stderr: 'New password: \nOnce more: \nkeyturn: the two are not the same, nothing was changed\n',
    });
  });

  it('makes another hash of the same password each time', async () => {
    const texts = await Promise.all([1, 2].map(async () => (await runHere(['introspect-client', 'a', '--password-file', file()])).stdout));
    assert.notEqual(texts[0], texts[1]);
  });

  it('takes any name and password that can be sent', async () => {
    for (const [name, password] of [['!~', 'x'.repeat(8)], ['x'.repeat(128), 'x'.repeat(1024)], ['a', '\u{1f511}'.repeat(8)], ['a', ' a:b:c  \u00a0']] as const) {
      const { code, stdout, stderr } = await runHere(['introspect-client', name, '--password-file', '-'], {}, password);
      assert.equal(code, 0, stderr);
      await assertEntry(stdout, name, password);
    }
  });

  it('refuses what could not be sent, by words that tell nothing of the password', async () => {
    for (const name of ['', 'a:b', 'a b', 'ä', 'a\n', 'x'.repeat(129)]) await assertRefused([name, '--password-file', file()], '', /^keyturn: the name expects 1 to 128 visible ASCII characters without a colon\n$/);
    for (const password of ['hush-12', 'x'.repeat(1025), 'hush-hush\n\n', 'hush\thush', 'hush-hush\u0000', 'hush-hush\u007f', 'hush-hush\u0085', Buffer.from('hush-hush-ä', 'latin1')]) {
      await assertRefused(['a', '--password-file', '-'], password, /^keyturn: the password expects 8 to 1024 characters of UTF-8 text, without control characters such as line ends\n$/);
    }
    await assertRefused(['a', '--password-file', '-'], '', /^keyturn: stdin is empty; it should hold the password\n$/);
    await assertRefused(['a', '--password-file', join(folder, 'none')], '', /^keyturn: cannot read the password: /);
    await assertRefused(['a'], '', /^keyturn: there is no terminal to ask for the password; give --password-file\n$/);
    await assertRefused([], '', /^keyturn: missing required argument 'name'/);
  });

  it('has help with examples', async () => {
    const { code, stdout } = await runHere(['introspect-client', '--help']);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: keyturn introspect-client [^]*\nExamples:\n {2}\$ keyturn introspect-client gateway\n/);
  });

  it('makes what a service takes: entries in a list, and their names and passwords', async () => {
    const entries = await Promise.all(['gateway', 'edge/1'].map((name) => runHere(['introspect-client', name, '--json', '--password-file', file()])));
    const settings = { KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: `[${entries.map(({ stdout }) => stdout).join()}]`, KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true' };
    await using service = await startService({ settings });
    const ask = async (authorization: string): Promise<number> => {
      const answer = await fetch(`${service.url}/idp/introspect`, { method: 'POST', body: new URLSearchParams({ token: 'x' }), headers: { authorization } });
      await answer.text();
      return answer.status;
    };
    for (const name of ['gateway', 'edge/1']) assert.deepEqual([await ask(basicOf(name, PASSWORD)), await ask(basicOf(name, `${PASSWORD}x`))], [200, 401]);
  });
});

/** Runs a command line on a terminal where `input` is typed. */
async function type(args: readonly string[], input: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  stdin.end(input);
  const code = await run(args, { environment: {}, stdin, stdout, stderr });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

/** A command line that is not usable, which is told without its input. */
async function assertRefused(args: readonly string[], stdin: string | Buffer, stderr: RegExp): Promise<void> {
  const streams = [new PassThrough(), new PassThrough(), new PassThrough()] as const;
  streams[0].end(stdin);
  const code = await run(['introspect-client', ...args], { environment: {}, stdin: streams[0], stdout: streams[1], stderr: streams[2] });
  const said = String(streams[2].read());
  assert.match(said, stderr);
  assert.doesNotMatch(said, /hush/);
  assert.deepEqual([code, streams[1].read()], [2, null]);
}
