import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { describe, it } from 'mocha';
import { Client } from 'pg';
import { IdentityKey } from '../clients/identity_key.ts';
import { Swagger } from '../clients/swagger.ts';
import { operate } from '../support/iotda.ts';
import { describeWith } from '../support/machine.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { MISSING, blocksOf, documentAt, runLines } from './shell_blocks.ts';

const PAGE = documentAt('docs/identity.md');
const EXAMPLE = blocksOf(documentAt('README.md'), '## Identity keys', 'sh');

/** PUT /key/{PK} of an address; its status. */
async function bind(client: Swagger, key: IdentityKey): Promise<number> {
  return (await client.call('key_bind', { parameters: { PK: key.pk }, requestBody: key.jwt({ email: 'ada@example.com' }) })).status;
}

describeWith(MISSING, 'the commands of docs/identity.md', () => {
  it('run as they stand, after the example of README', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-example-'));
    await using service = await startService();
    const printed = await runLines(EXAMPLE + blocksOf(PAGE, '# Identity keys', 'sh'), service, folder);
    rmSync(folder, { recursive: true, force: true });

    const { issuer_keys: keys } = (await operate(service, 'GET', '/v1/issuer-keys')) as { issuer_keys: { public_key: string; state: string }[] };
    assert.deepEqual(keys.map(({ state }) => state), ['ACTIVE', 'REVOKED', 'RETIRED'], 'rotated, then the leaked one revoked');
    const jwt = /"jwt":"([^"]+)"/.exec(printed)?.[1] ?? assert.fail(printed);
    const published = createRemoteJWKSet(new URL(`${service.url}/.well-known/jwks.json`));
    await jwtVerify(jwt, published, { issuer: service.url });

    const pk = /^([\w-]{43}) holds/m.exec(printed)?.[1] ?? assert.fail(printed);
    assert.equal((await operate(service, 'GET', `/v1/identities/${pk}`))['state'], 'REVOKED');
    assert.match(printed, new RegExp(`identity\\.registered .* ${pk} `), 'the audit trail names the key');
    for (const action of ['identity.registered', 'identity.bound', 'issuer_key.rotated', 'issuer_key.revoked']) assert.ok(printed.includes(action), action);
  }).timeout(120_000);
});

describe('docs/identity.md', () => {
  it('gives the hash key up as it says: keys stay good, bindings begin anew', async () => {
    await using database = await createDatabase();
    const key = new IdentityKey();
    const other = new IdentityKey();
    {
      await using service = await startService({ database });
      const client = await Swagger.open(service.url);
      for (const each of [key, other]) await client.call('key_register', { requestBody: each.jwt() });
      assert.equal(await bind(client, key), 200);
      assert.equal(await bind(client, other), 409);
    }
    const sql = new Client({ connectionString: database.url });
    await sql.connect();
    await sql.query(blocksOf(PAGE, '### The hash key has leaked', 'sql'));
    await sql.end();
    await using service = await startService({ database });
    const client = await Swagger.open(service.url);
    assert.equal(await bind(client, other), 200);
    assert.equal(await bind(client, key), 409);
    assert.equal((await client.call('key_retrieve', { parameters: { PK: key.pk } })).status, 200);
  });

  it('lists every setting of identity keys and messages', () => {
    const sources = ['authentiq', 'messages'].map((name) => readFileSync(new URL(`../../src/config/${name}.ts`, import.meta.url), 'utf8'));
    const settings = new Set(sources.join('').match(/KEYTURN_[A-Z_]+/g));
    const table = PAGE.slice(PAGE.indexOf('## Settings'), PAGE.indexOf('## How it answers'));
    const shown = new Set(table.split('\n').flatMap((line) => line.split('|')[1]?.match(/KEYTURN_[A-Z_]+/g) ?? []));
    assert.deepEqual(shown, settings);
  });
});
