import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'mocha';
import { dataFolder, spawnService } from './fixtures/child.ts';
import { MASTER_KEYS } from '../support/service.ts';

/** Settings, and the variables that are complained of. */
const BAD: readonly (readonly [name: string, settings: Readonly<Record<string, string>>, faults: readonly RegExp[]])[] = [
  [
    'many at once',
    {
      KEYTURN_HTTP_LISTEN: 'nowhere', KEYTURN_GRPC_LISTEN: '127.0.0.1:70000', KEYTURN_LOG_LEVEL: 'loud',
      KEYTURN_IOTHENTIX_ALGORITHMS: 'ES256,none', KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: 'off', KEYTURN_OPERATOR_TOKEN: 'short',
      KEYTURN_MASTER_KEYS: 'one', KEYTURN_PUBLIC_URL: 'ftp://x', KEYTURN_DRAIN_DELAY: '301', KEYTURN_TYPO: '1',
    },
    [
      /KEYTURN_HTTP_LISTEN expects HOST:PORT/, /KEYTURN_GRPC_LISTEN expects HOST:PORT/, /KEYTURN_LOG_LEVEL expects one of debug/,
      /KEYTURN_IOTHENTIX_ALGORITHMS expects a list/, /KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY expects one of on, strict/,
      /KEYTURN_OPERATOR_TOKEN expects/, /KEYTURN_MASTER_KEYS expects/, /KEYTURN_PUBLIC_URL expects/,
      /KEYTURN_DRAIN_DELAY expects a whole number of seconds from 0 to 300/, /KEYTURN_TYPO is not a setting/,
    ],
  ],
  ['an unknown variable', { KEYTURN_HTTP_LISTENN: '127.0.0.1:0' }, [/KEYTURN_HTTP_LISTENN is not a setting of this version/]],
  [
    'a server without what all its nodes share',
    { KEYTURN_DATABASE_URL: 'postgres://u:hush@127.0.0.1:1/d' },
    [/KEYTURN_OPERATOR_TOKEN must be given/, /KEYTURN_MASTER_KEYS must be given/],
  ],
  ['a URL of something else', { KEYTURN_DATABASE_URL: 'mysql://u:hush@127.0.0.1:1/d' }, [/KEYTURN_DATABASE_URL expects postgres/]],
];

describe('bad settings', () => {
  for (const [name, settings, faults] of BAD) {
    it(`end the start with 2: ${name}`, async () => {
      using folder = dataFolder();
      const child = spawnService({ KEYTURN_DATA_DIR: folder.path, ...settings });
      assert.equal(await child.ended, 2);
      assert.equal(child.stdout(), '');
      const lines = child.stderr().split('\n').filter((line) => line.includes('KEYTURN_'));
      for (const fault of faults) assert.equal(lines.filter((line) => fault.test(line)).length, 1, `${fault} in ${child.stderr()}`);
      assert.equal(lines.length, faults.length, child.stderr());
      assert.ok(!child.stderr().includes('hush'), 'a secret is shown');
      assert.ok(!existsSync(folder.path), 'nothing was made');
    });
  }

  it('are not those of others, nor empty ones', async () => {
    using folder = dataFolder();
    const child = spawnService({
      KEYTURN_DATA_DIR: folder.path, KEYTURN_SERVER: 'x', KEYTURN_TEST_DATABASE_URL: 'y', KEYTURN_LOG_LEVEL: '',
      KEYTURN_DATABASE_URL: 'postgres://u:hush@127.0.0.1:1/d', KEYTURN_OPERATOR_TOKEN: 'operator-token-of-the-tests', KEYTURN_MASTER_KEYS: MASTER_KEYS,
    });
    assert.equal(await child.ended, 1, 'the database is not there, the settings are good');
    assert.ok(!/hush|operator-token-of-the-tests/.test(child.stderr()), child.stderr());
    assert.equal(child.stdout(), '');
  });
});
