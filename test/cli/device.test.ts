import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import type { Pair } from '../crypto/keys.ts';
import { ecPair } from '../crypto/keys.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { keyturn, operatorOf } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

describe('keyturn device', () => {
  let service: TestService;
  let folder: string;

  before(async () => {
    service = await startService();
    folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
  });

  after(async () => {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const device = (args: readonly string[], stdin = ''): Promise<Ended> =>
    keyturn(['device', ...args], { environment: operatorOf(service), stdin, cwd: folder });

  const rest = async (path: string): Promise<unknown> => {
    const answer = await fetch(service.url + path, { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } });
    return answer.json();
  };

  it('registers a device with all that can be said of it, as REST shows it', async () => {
    await writeFile(join(folder, 'key.pem'), pemOf(ecPair('P-256')));
    const options = ['--node-id', 'n 1', '--product', 'pump', '--scope', 'read', 'write', '--no-updates', '--public-key', 'key.pem'];
    const { code, stdout, stderr } = await device(['add', 'full', ...options, '--project', 'default', '--json']);
    assert.deepEqual([code, stderr], [0, '']);
    const shown = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(shown, await rest('/v1/devices/full'));
    const { node_id, product_id, scopes, updates_allowed, state } = shown;
    assert.deepEqual([node_id, product_id, scopes, updates_allowed, state], ['n 1', 'pump', ['read', 'write'], false, 'ACTIVE']);
    assert.match(String(shown['key_thumbprint']), /^[0-9a-f]{64}$/);
  });

  it('takes the public key from stdin, PEM and JWK', async () => {
    const { publicKey } = ecPair('P-256');
    const [pem, jwk] = await Promise.all([
      device(['add', 'pem', '--public-key', '-', '--json'], pemOf(ecPair('P-256'))),
      device(['add', 'jwk', '--public-key', '-', '--json'], JSON.stringify(publicKey.export({ format: 'jwk' }))),
    ]);
    for (const { code, stdout, stderr } of [pem, jwk]) {
      assert.deepEqual([code, stderr], [0, '']);
      assert.match(stdout, /"key_thumbprint": "[0-9a-f]{64}"/);
    }
  });

  it('sends no empty, missing or private key', async () => {
    const { privateKey } = ecPair('P-256');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const cases = await Promise.all([
      device(['add', 'never', '--public-key', '-'], ' \n'),
      device(['add', 'never', '--public-key', 'nowhere.pem']),
      device(['add', 'never', '--public-key', '-'], String(pem)),
      device(['add', 'never', '--public-key', '-'], JSON.stringify(privateKey.export({ format: 'jwk' }))),
    ]);
    assert.deepEqual(cases.map(({ code }) => code), [2, 2, 2, 2]);
    assert.match(cases[0]?.stderr ?? '', /^keyturn: stdin is empty/);
    assert.match(cases[1]?.stderr ?? '', /^keyturn: cannot read the public key: ENOENT.*nowhere\.pem/);
    for (const { stderr } of cases.slice(2)) assert.match(stderr, /^keyturn: stdin holds a private key, which was not sent/);
    assert.equal((await device(['show', 'never'])).code, 3);
  });

  it('shows a device to people, a line a member, in what a terminal takes for text only', async () => {
    const added = await device(['add', 'shown', '--node-id', 'a\u001B[31m\nb']);
    const shown = await device(['show', 'shown']);
    assert.deepEqual(shown, added);
    const lines = shown.stdout.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 7), [
      'device_id        shown',
      'project_id       default',
      'node_id          a\\u{1b}[31m\\u{a}b',
      'product_id       -',
      'state            ACTIVE',
      'updates_allowed  yes',
      'scopes           -',
    ]);
    assert.match(lines[8] ?? '', /^created_at {7}\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('freezes and unfreezes', async () => {
    await device(['add', 'cold']);
    const frozen = await device(['freeze', 'cold', '--json']);
    assert.match(frozen.stdout, /"state": "FROZEN"/);
    assert.deepEqual(JSON.parse(frozen.stdout), await rest('/v1/devices/cold'));
    assert.match((await device(['unfreeze', 'cold'])).stdout, /^state +ACTIVE$/m);
  });

  it('sets the scopes, and takes all away where none is given', async () => {
    await device(['add', 'scoped', '--scope', 'read']);
    const set = await device(['set-scopes', 'scoped', 'read', 'write', '--json']);
    assert.deepEqual([set.code, set.stderr, (JSON.parse(set.stdout) as Record<string, unknown>)['scopes']], [0, '', ['read', 'write']]);
    assert.deepEqual(JSON.parse(set.stdout), await rest('/v1/devices/scoped'));
    assert.match((await device(['set-scopes', 'scoped'])).stdout, /^scopes +-$/m);
    const [bad, unknown] = await Promise.all([device(['set-scopes', 'scoped', 'a b']), device(['set-scopes', 'nobody', 'a'])]);
    assert.deepEqual([bad.code, bad.stdout], [3, '']);
    assert.match(bad.stderr, /scopes\[0\]/);
    assert.deepEqual([unknown.code, unknown.stderr], [3, 'keyturn: There is no such device. (DEVICE_NOT_FOUND)\n']);
  });

  it('lists devices and keys, and tells people where there are none', async () => {
    const [list, json, other, keys, keysJson, noKeys] = await Promise.all([
      device(['list']),
      device(['list', '--project', 'default', '--json']),
      device(['list', '--project', 'elsewhere']),
      device(['keys', 'full']),
      device(['keys', 'full', '--json']),
      device(['keys', 'shown']),
    ]);
    assert.match(list.stdout, /^DEVICE_ID  PROJECT_ID  STATE   UPDATES_ALLOWED  UPDATED_AT +KEY_THUMBPRINT\n/);
    assert.match(list.stdout, /^full {7}default {5}ACTIVE  no {15}\S+Z  [0-9a-f]{64}$/m);
    assert.doesNotMatch(list.stdout, / $/m);
    assert.ok(!list.stdout.includes('\u001B'));
    assert.deepEqual(JSON.parse(json.stdout), await rest('/v1/devices?page_size=1000'));
    assert.deepEqual(other, { code: 0, signal: null, stdout: '', stderr: 'there are no devices\n' });
    assert.match(keys.stdout, /^[0-9a-f]{64}  P-256 {6}CURRENT  \S+Z  - {11}-$/m);
    assert.deepEqual(JSON.parse(keysJson.stdout), await rest('/v1/devices/full/keys'));
    assert.equal(noKeys.stderr, 'there are no keys of shown\n');
  });

  it('removes a device only once that is confirmed', async () => {
    await Promise.all([device(['add', 'gone']), device(['add', 'gone-too'])]);
    const unsure = await device(['remove', 'gone']);
    assert.deepEqual([unsure.code, unsure.stderr], [2, 'keyturn: there is no terminal to ask for confirmation; add --yes\n']);
    const [people, machine] = await Promise.all([device(['remove', 'gone', '--yes']), device(['remove', 'gone-too', '-y', '--json'])]);
    assert.deepEqual(people, { code: 0, signal: null, stdout: 'removed gone\n', stderr: '' });
    assert.deepEqual(machine, { code: 0, signal: null, stdout: '{}\n', stderr: '' });
    const again = await device(['remove', 'gone', '--yes']);
    assert.deepEqual([again.code, again.stderr], [3, 'keyturn: There is no such device. (DEVICE_NOT_FOUND)\n']);
  });
});

function pemOf({ publicKey }: Pair): string {
  return String(publicKey.export({ type: 'spki', format: 'pem' }));
}
