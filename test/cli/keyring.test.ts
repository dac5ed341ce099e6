import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { after, before, beforeEach, describe, it } from 'mocha';
import { run } from '../../src/cli/program.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import { KeyRing, formatKeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import { openAll, writeSealed } from '../db/fixtures/sealed.ts';
import { KeyFolder } from '../services/folder_service.ts';
import { connect, execute } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { ended, keyturn, operatorOf, start } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

const KEYS = `${formatKeyRing([{ ...newMasterKey(), id: 'new' }])},${MASTER_KEYS}`;
const OLD = new KeyRing(parseKeyRing(MASTER_KEYS));

describe('keyturn keyring', () => {
  let service: TestService;
  before(async () => {
    service = await startService({ settings: { KEYTURN_MASTER_KEYS: KEYS } });
  });
  after(() => service[Symbol.asyncDispose]());
  beforeEach(() => execute(service.databaseUrl, 'truncate device_secret, access_key, idempotency_record'));

  const keyring = (...args: string[]): Promise<Ended> => keyturn(['keyring', ...args], { environment: operatorOf(service) });

  it('lists the master keys and how much each has encrypted', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 2 });
    const { code, stdout, stderr } = await keyring('list');
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(stdout.trimEnd().split('\n').map((line) => line.split(/ +/)), [['KEY_ID', 'ACTIVE', 'VALUES', 'MISSING'], ['new', 'yes', '2', 'no'], ['tests', 'no', '4', 'no']]);
    const json = await keyring('list', '--json');
    assert.deepEqual(JSON.parse(json.stdout), {
      master_keys: [{ key_id: 'new', active: true, values: '2', missing: false }, { key_id: 'tests', active: false, values: '4', missing: false }],
    });
  });

  it('does not rotate what the settings give', async () => {
    assert.deepEqual(await keyring('rotate'), {
      code: 3, signal: null, stdout: '', stderr: 'keyturn: The key ring is given by KEYTURN_MASTER_KEYS; put the new key there, on every node. (KEY_RING_GIVEN)\n',
    });
  });

  it('re-encrypts, with a line at each tenth where there is no terminal', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 1000 });
    const { code, stdout, stderr } = await keyring('reencrypt');
    assert.deepEqual([code, stdout], [0, 'the active master key has encrypted 2000 values\n']);
    assert.deepEqual(stderr.trimEnd().split('\n'), Array.from({ length: 10 }, (_, index) => `${index + 1}0%  ${(index + 1) * 200} of 2000`));
    assert.deepEqual(Object.keys(await openAll(service.databaseUrl, new KeyRing(parseKeyRing(KEYS)))), ['new']);
    const again = await keyring('reencrypt');
    assert.deepEqual([again.code, again.stdout], [0, 'nothing was to be done: the active master key has encrypted all there is\n']);
  });

  it('prints one JSON document and nothing else with --json', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 300 });
    const { code, stdout, stderr } = await keyring('reencrypt', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(JSON.parse(stdout), { done: '600', total: '600', unreadable: '0', unreadable_values: [] });
  });

  it('draws a bar on a terminal, and erases it', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 200 });
    const [stdout, stderr] = [new PassThrough(), Object.assign(new PassThrough(), { isTTY: true })];
    assert.equal(await run(['keyring', 'reencrypt'], { environment: operatorOf(service), stdin: new PassThrough(), stdout, stderr }), 0);
    const drawn = String(stderr.read());
    assert.equal(drawn, `\r[${'#'.repeat(20)}${' '.repeat(20)}]  50% 200 of 400\r[${'#'.repeat(40)}] 100% 400 of 400\r${' '.repeat(58)}\r`);
  });

  it('fails if something does not open, and names it', async () => {
    await writeSealed(service.databaseUrl, OLD, 'x', { devices: 1 });
    await execute(service.databaseUrl, "update device_secret set box = '' where slot = 'SECONDARY'");
    const { code, stdout, stderr } = await keyring('reencrypt');
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /keyturn: 1 of 2 values do not open and stay as they are, among them\n {2}device_secret x-0 SECONDARY\n$/);
    assert.deepEqual(JSON.parse((await keyring('reencrypt', '--json')).stdout), { done: '0', total: '1', unreadable: '1', unreadable_values: ['device_secret x-0 SECONDARY'] });
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`is broken off in good order by ${signal}`, async () => {
      await writeSealed(service.databaseUrl, OLD, 'x', { devices: 300 });
      const holder = await connect(service.databaseUrl);
      await holder.query("begin; select from device_secret where device_id = 'x-99' for update");
      const child = start(['keyring', 'reencrypt'], { environment: operatorOf(service) });
      const end = ended(child);
      await once(child.stderr ?? child, 'data');
      child.kill(signal);
      const { code, signal: by, stdout, stderr } = await end;
      assert.deepEqual([code, by, stdout], [1, null, '']);
      assert.match(stderr, /keyturn: broken off; what is done stays done, run it again to go on\n$/);
      await holder.query('commit');
      await holder.end();
      assert.equal((await keyring('reencrypt')).code, 0);
    });
  }

  it('rotates the key of a data folder', async () => {
    using folder = new KeyFolder();
    await using own = await folder.start();
    const environment = { KEYTURN_SERVER: own.grpc, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN };
    const { code, stdout, stderr } = await keyturn(['keyring', 'rotate'], { environment });
    assert.deepEqual([code, stderr], [0, 'back up master.keys; then run keyturn keyring reencrypt\n']);
    assert.match(stdout, new RegExp(`^key_id +${folder.keys[0]?.id}\nactive +yes\n`));
    const json = await keyturn(['keyring', 'rotate', '--json'], { environment });
    assert.deepEqual([json.stderr, JSON.parse(json.stdout)], ['', { key_id: folder.keys[0]?.id, active: true, values: '0', missing: false }]);
    assert.equal(folder.keys.length, 3);
  });
});

describe('keyturn device and secrets', () => {
  let service: TestService;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  const device = (args: readonly string[], stdin = ''): Promise<Ended> => keyturn(['device', ...args], { environment: operatorOf(service), stdin });

  it('takes a secret from stdin, and tells of it, never what it is', async () => {
    const added = await device(['add', 'pump', '--secret-file', '-'], 'hush-hush-0\n');
    assert.deepEqual([added.code, added.stderr], [0, '']);
    assert.deepEqual(await openAll(service.databaseUrl, OLD), { tests: ['hush-hush-0'] });
    const [people, json] = await Promise.all([device(['secrets', 'pump']), device(['secrets', 'pump', '--json'])]);
    assert.match(people.stdout, /^SLOT +SET_AT +LAST_USED_AT +MASTER_KEY_ID\nPRIMARY +\d{4}\S+Z +- +tests\n$/);
    const { secrets } = JSON.parse(json.stdout) as { secrets: object[] };
    assert.deepEqual(secrets.map((secret) => Object.keys(secret)), [['slot', 'set_at', 'master_key_id']]);
    assert.ok(!`${added.stdout}${people.stdout}${json.stdout}`.includes('hush'));
  });

  it('sends no empty or missing secret, no two things from stdin, and takes none on the command line', async () => {
    const cases: readonly (readonly [args: readonly string[], stdin: string, says: RegExp])[] = [
      [['add', 'never', '--secret-file', '-'], '\n', /^keyturn: stdin should hold a secret of 8 to 32 characters of A-Za-z0-9_-, and nothing else; it was not sent\n$/],
      [['add', 'never', '--secret-file', 'nowhere.secret'], '', /^keyturn: cannot read the secret: ENOENT/],
      [['add', 'never', '--secret-file', '-', '--public-key', '-'], 'x', /^keyturn: stdin can be the public key or the secret, not both\n$/],
      [['add', 'never', '--secret', 'hush-hush-0'], '', /^keyturn: unknown option '--secret'/],
    ];
    for (const [args, stdin, says] of cases) {
      const { code, stderr } = await device(args, stdin);
      assert.equal(code, 2);
      assert.match(stderr, says);
    }
    const refused = await device(['add', 'never', '--secret-file', '-'], 'hush hush');
    assert.equal(refused.code, 2);
    assert.ok(!refused.stderr.includes('hush'), refused.stderr);
    assert.equal((await device(['secrets', 'never'])).code, 3);
  });

  it('says so where a device has no secrets', async () => {
    await device(['add', 'bare']);
    assert.deepEqual(await device(['secrets', 'bare']), { code: 0, signal: null, stdout: '', stderr: 'there are no secrets of bare\n' });
  });
});
