import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { Folder, FREE, doctor, linesOf, oneLine } from './doctor.ts';
import { keyturn, runHere } from './keyturn.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');

describe('keyturn doctor', () => {
  it('prints a line a finding, then the counts, and changes nothing', async () => {
    using folder = new Folder();
    const { code, stdout, stderr } = await keyturn(['doctor'], { environment: { ...FREE, KEYTURN_DATA_DIR: folder.data } });
    assert.deepEqual([code, stderr], [0, '']);
    const lines = stdout.trimEnd().split('\n');
    const counts = lines.pop();
    for (const line of lines) assert.match(line, /^good {5}(?:settings {3}|folder {5}|database {3}|clock {6}|tls {8}|listeners {2}|keyring {4})\S/);
    assert.equal(counts, `${lines.length} good, 0 warnings, 0 bad`);
    assert.ok(!existsSync(folder.data), 'the data folder was made');
  });

  it('puts what to do after a dash and exits with 1 if something is bad', async () => {
    using folder = new Folder();
    const { code, stdout, stderr } = await keyturn(['doctor'], { environment: { ...FREE, KEYTURN_DATA_DIR: folder.data, KEYTURN_LOG_LEVEL: 'loud' } });
    assert.deepEqual([code, stderr], [1, '']);
    assert.match(stdout, /^bad {6}settings {3}KEYTURN_LOG_LEVEL expects one of .* - correct or unset KEYTURN_LOG_LEVEL/m);
    assert.match(stdout, /\n\d+ good, 0 warnings, 1 bad\n$/);
  });

  it('exits with 2 for wrong usage', async () => {
    const { code, stdout, stderr } = await runHere(['doctor', '--jsno']);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /unknown option '--jsno'/);
  });

  it('says in its help that it knows its own environment only, and what the exit codes mean', async () => {
    const { stdout } = await runHere(['doctor', '--help']);
    assert.match(stdout, /can only tell about the environment that\s+it is given/);
    assert.match(stdout, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
  });

  it('tells every fault of the settings and still makes the checks that it can', async () => {
    using folder = new Folder();
    const findings = await doctor({
      KEYTURN_DATA_DIR: folder.data, KEYTURN_HTTP_LISTEN: 'nowhere', KEYTURN_GRPC_LISTEN: '127.0.0.1:0', KEYTURN_TLS_CERT: '/x',
      KEYTURN_TYPO: '1', KEYTURN_MASTER_KEYS: 'secret-that-is-no-key',
    });
    assert.deepEqual(linesOf(findings, 'settings').map((line) => /^bad: (\S+) .* - ((?:correct or un)?set \1);/.exec(line)?.[2]), [
      'correct or unset KEYTURN_HTTP_LISTEN', 'set KEYTURN_TLS_KEY', 'correct or unset KEYTURN_MASTER_KEYS', 'correct or unset KEYTURN_TYPO',
    ]);
    assert.deepEqual(linesOf(findings, 'tls'), ['warning: not looked at: KEYTURN_TLS_KEY is at fault - correct it and run keyturn doctor again']);
    assert.deepEqual(linesOf(findings, 'keyring'), ['warning: not looked at: KEYTURN_MASTER_KEYS is at fault - correct it and run keyturn doctor again']);
    assert.deepEqual(linesOf(findings, 'listeners'), ['good: KEYTURN_GRPC_LISTEN 127.0.0.1:0 takes a free port at each start']);
    oneLine(findings, 'folder', /does not exist yet/);
    oneLine(findings, 'database', /^good: .*not running/);
    assert.ok(!JSON.stringify(findings).includes('secret-that'));
  });

  it('does not take the embedded database for one whose URL is wrong', async () => {
    using folder = new Folder();
    const findings = await doctor({ ...FREE, KEYTURN_DATA_DIR: folder.data, KEYTURN_DATABASE_URL: 'mysql://me:hush-hush@db/x' });
    for (const check of ['folder', 'database']) oneLine(findings, check, /^warning: not looked at: KEYTURN_DATABASE_URL is at fault - /);
    assert.ok(!JSON.stringify(findings).includes('hush-hush'));
  });

  it('warns of listeners that other machines reach without TLS', async () => {
    using folder = new Folder();
    const findings = await doctor({
      ...FREE, KEYTURN_DATA_DIR: folder.data, KEYTURN_HTTP_LISTEN: '0.0.0.0:0', KEYTURN_OPERATOR_LISTEN: '[::1]:0', KEYTURN_PUBLIC_URL: 'https://keyturn.example',
    });
    const [, ...hints] = linesOf(findings, 'settings');
    assert.equal(hints.length, 1);
    assert.match(hints[0] ?? '', /^warning: KEYTURN_HTTP_LISTEN listens on 0\.0\.0\.0 without TLS.* - set KEYTURN_TLS_CERT/);
  });

  it('warns of an issuer that is named after a listener', async () => {
    using folder = new Folder();
    const warnings = async (settings: Record<string, string>): Promise<string[]> => {
      const findings = await doctor({ ...FREE, KEYTURN_DATA_DIR: folder.data, ...settings });
      return linesOf(findings, 'settings').filter((line) => line.includes('KEYTURN_PUBLIC_URL'));
    };
    assert.match((await warnings({ KEYTURN_HTTP_LISTEN: '0.0.0.0:0' })).join(), /^warning: KEYTURN_PUBLIC_URL is unset, .* - set KEYTURN_PUBLIC_URL before the first job/);
    assert.deepEqual(await warnings({ KEYTURN_HTTP_LISTEN: '0.0.0.0:0', KEYTURN_PUBLIC_URL: 'https://keyturn.example' }), []);
    const [identity, tokens] = [{ KEYTURN_AUTHENTIQ_ISSUER: 'https://keyturn.example' }, { KEYTURN_IOTHENTIX_ISSUER: 'https://keyturn.example/' }];
    assert.match((await warnings({ KEYTURN_HTTP_LISTEN: '0.0.0.0:0', ...identity })).join(), /the issuer of tokens is named after the listener/);
    assert.match((await warnings({ KEYTURN_HTTP_LISTEN: '0.0.0.0:0', ...tokens })).join(), /the issuer of what is countersigned is named after the listener/);
    assert.deepEqual(await warnings({ KEYTURN_HTTP_LISTEN: '0.0.0.0:0', ...identity, ...tokens }), []);
    assert.deepEqual(await warnings({}), []);
  });

  it('warns where nobody could introspect tokens', async () => {
    using folder = new Folder();
    const warnings = async (settings: Record<string, string>): Promise<string[]> =>
      linesOf(await doctor({ ...FREE, KEYTURN_DATA_DIR: folder.data, KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true', ...settings }), 'settings').slice(1);
    assert.match((await warnings({})).join(), /^warning: KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH is true .* - set KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS to [^,]+$/);
    const client = { name: 'telemetry', password_hash: `$scrypt$ln=15,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}` };
    assert.deepEqual(await warnings({ KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: JSON.stringify([client]) }), []);
    assert.deepEqual(await warnings({ KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'false' }), []);
  });

  it('reads the key ring', async () => {
    using folder = new Folder();
    const ring = async (keys: string): Promise<string[]> =>
      linesOf(await doctor({ ...FREE, KEYTURN_DATA_DIR: folder.data, ...(keys === '' ? {} : { KEYTURN_MASTER_KEYS: keys }) }), 'keyring');
    const [missing, compared] = await ring('');
    assert.equal(missing, `good: ${join(folder.data, 'master.keys')} does not exist yet; the first start makes it`);
    assert.equal(compared, 'good: not compared with what is encrypted: there is no database to look at');
    assert.match((await ring(`b:${KEY},a:${KEY}`)).join(), /^good: 2 keys in KEYTURN_MASTER_KEYS, b encrypts,/);
    assert.match((await ring(`a:${KEY},b:${KEY},a:${KEY}`)).join(), /^warning: not looked at: KEYTURN_MASTER_KEYS is at fault/);
  });
});
