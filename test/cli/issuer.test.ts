import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { operate } from '../support/iotda.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { operatorOf, runHere } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

type Row = Record<string, unknown>;

const GIVEN = { issuer: 'https://given.example', public_key: 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U' };
/** A key that looks like an option. */
const HYPHENATED = keyThatBegins('-');

describe('keyturn issuer', () => {
  let service: TestService;
  let folder: string;
  before(async () => {
    service = await startService({ settings: { KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: JSON.stringify([GIVEN]) } });
    folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const run = (args: readonly string[], stdin = ''): Promise<Ended> => runHere(['issuer', ...args], operatorOf(service), stdin);
  const json = async (args: readonly string[], stdin = ''): Promise<Row> => {
    const { code, stdout, stderr } = await run([...args, '--json'], stdin);
    assert.deepEqual([code, stderr], [0, ''], stdout);
    return JSON.parse(stdout) as Row;
  };
  const failed = async (code: number, args: readonly string[], stderr: string, stdin = ''): Promise<void> => {
    const result = await run(args, stdin);
    assert.deepEqual([result.code, result.stdout, result.stderr], [code, '', stderr]);
  };

  it('rotates, lists and revokes keys', async () => {
    const { issuer_keys: [first = {}] = [] } = (await json(['list'])) as { issuer_keys?: Row[] };
    const former = String(first['public_key']);
    await failed(3, ['revoke', former, '--yes'], 'keyturn: This issuer key signs: rotate it first, then revoke it. (ISSUER_KEY_ACTIVE)\n');
    const made = await run(['rotate']);
    assert.deepEqual([made.code, made.stderr], [0, 'if the key before it has leaked, revoke that one now: keyturn issuer revoke PUBLIC_KEY\n']);
    assert.match(made.stdout, /^public_key +[\w-]{43}\nstate +ACTIVE\ntest +no\ncreated_at +\S+Z\n$/);
    const again = await json(['rotate']);
    assert.equal(again['state'], 'ACTIVE');
    const { stdout, stderr } = await run(['list']);
    assert.equal(stderr, '');
    const [head, ...rows] = stdout.split('\n').map((line) => line.split(/ +/));
    assert.deepEqual(head, ['PUBLIC_KEY', 'STATE', 'TEST', 'CREATED_AT', 'RETIRED_AT']);
    assert.deepEqual(rows.map((row) => row[1] ?? row[0]), ['ACTIVE', 'RETIRED', 'RETIRED', '', 'PUBLIC_KEY', GIVEN.public_key, '']);
    assert.deepEqual([rows[0]?.[0], rows[2]?.[0]], [again['public_key'], former]);
    assert.deepEqual(await json(['list']), { ...(await operate(service, 'GET', '/v1/issuer-keys')), ...(await operate(service, 'GET', '/v1/trusted-issuers')) });

    await failed(2, ['revoke', former], 'keyturn: there is no terminal to ask for confirmation; add --yes\n');
    assert.equal((await run(['revoke', former, '-y'])).stdout, `revoked ${former}\n`);
    assert.equal((await json(['revoke', former, '--yes']))['state'], 'REVOKED');
    await failed(3, ['revoke', `${former.slice(0, -1)}!`, '--yes'], 'keyturn: There is no such issuer key. (ISSUER_KEY_NOT_FOUND)\n');
    const refused = await run(['rotate', '--test']);
    assert.deepEqual([refused.code, refused.stdout], [3, '']);
    assert.match(refused.stderr, /test: expects the test issuer to be on \(KEYTURN_AUTHENTIQ_TEST_ISSUER\)/);
  });

  it('trusts issuers outside, and trusts them no more', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const name = String(publicKey.export({ format: 'jwk' }).x);
    const file = join(folder, 'issuer.pub.pem');
    await writeFile(file, publicKey.export({ type: 'spki', format: 'pem' }));
    const { stdout } = await run(['trust', 'https://one.example', '--public-key', file]);
    assert.match(stdout, new RegExp(`^issuer +https://one\\.example\npublic_key +${name}\ncreated_at +\\S+Z\nfrom_settings +no\n$`));
    for (const text of [`${name}\n`, JSON.stringify(publicKey.export({ format: 'jwk' }))]) {
      const again = await json(['trust', 'https://one.example', '--public-key', '-'], text);
      assert.deepEqual([again['public_key'], again['from_settings']], [name, false]);
    }
    await json(['trust', 'https://one.example', '--public-key', '-'], GIVEN.public_key);
    assert.equal(((await json(['list']))['trusted_issuers'] as Row[]).length, 3);
    assert.equal((await run(['distrust', 'https://one.example', '--key', name])).stdout, `https://one.example is trusted no more with ${name}\n`);
    assert.deepEqual(await json(['distrust', 'https://one.example']), {});
    await json(['trust', 'https://one.example', '--public-key', '-'], HYPHENATED);
    assert.deepEqual(await json(['distrust', 'https://one.example', '--key', HYPHENATED]), {});
    const gone = 'keyturn: There is no such trusted issuer, or the settings name it. (TRUSTED_ISSUER_NOT_FOUND)\n';
    await failed(3, ['distrust', 'https://one.example'], gone);
    await failed(3, ['distrust', GIVEN.issuer, '--key', GIVEN.public_key], gone);

    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await failed(2, ['trust', 'x', '--public-key', '-'], 'keyturn: stdin holds a private key, which was not sent; give the public one (openssl pkey -in stdin -pubout)\n', secret);
    const wrong = await run(['trust', 'x', '--public-key', '-'], 'nonsense');
    assert.equal(wrong.code, 3);
    assert.match(wrong.stderr, /public_key: expects an Ed25519 public key as PEM, JWK or 43 characters of base64url/);
    assert.equal((await run(['trust', 'x'])).code, 2);
  });

  it('has help with examples', async () => {
    for (const command of ['list', 'rotate', 'revoke', 'trust', 'distrust']) {
      const { code, stdout } = await run([command, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`Examples:\\n  \\$ .*keyturn issuer ${command}`));
    }
  });
});

function keyThatBegins(letter: string): string {
  for (;;) {
    const key = String(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x);
    if (key.startsWith(letter)) return key;
  }
}
