import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Pool } from 'pg';
import { OperatorServiceService } from '../../gen/keyturn/v1/operator_service.ts';
import { Client } from '../../src/cli/client.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import { formatKeyRing, newMasterKey } from '../../src/crypto/key_ring.ts';
import { IdentityLife } from '../leaks/identity_life.ts';
import { BothClients } from '../services/folder_service.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { MASTER_KEYS, OPERATOR_TOKEN, startService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import { WIDE } from '../wire/identity/jobs.ts';
import { VECTOR_PK } from '../wire/identity/signer.ts';
import { assertDone, createTrustedIssuer, deleteTrustedIssuer, listIssuerKeys, operate, revokeIssuerKey } from '../wire/operator.ts';
import { withAskedRights } from './fixtures/rights.ts';

const SETTINGS = { ...WIDE, KEYTURN_PUSH_WEBHOOK_URL: 'http://127.0.0.1:9/push', KEYTURN_WEBHOOK_KEY: Buffer.alloc(32, 3).toString('base64') };

describe('the rights that doctor asks for', function () {
  this.timeout(60_000);
  it('are enough for all that concerns identity keys', async () => {
    await withAskedRights((url) => live({ url, [Symbol.asyncDispose]: () => Promise.resolve() }));
  });
});

/** All calls, the end of what has expired, and re-encryption. */
async function live(database: TestDatabase): Promise<void> {
  const ring = `${formatKeyRing([{ ...newMasterKey(), id: 'new' }])},${MASTER_KEYS}`;
  await using service = await startService({ database, settings: { ...SETTINGS, KEYTURN_MASTER_KEYS: ring, KEYTURN_AUTHENTIQ_TEST_ISSUER: 'on' } });
  using clients = new BothClients(service);
  const sql = new Pool({ connectionString: database.url, max: 2 });
  try {
    const life = new IdentityLife(service, clients, { keys: parseKeyRing(ring) }, sql, false);
    for (const wire of WIRES) await life.key(wire);
    await life.operator();
    const { issuer_keys: keys } = assertDone(await operate(clients, 'rest', listIssuerKeys())) as { issuer_keys: { public_key: string; state: string }[] };
    const issuer = 'https://outside.example';
    for (const asked of [
      createTrustedIssuer({ issuer, public_key: VECTOR_PK }), deleteTrustedIssuer({ issuer }), revokeIssuerKey({ public_key: keys.find(({ state }) => state === 'RETIRED')?.public_key }),
    ]) assertDone(await operate(clients, 'rest', asked));
    using client = new Client({ server: service.grpc, tls: undefined, token: { value: OPERATOR_TOKEN, source: 'the test' } });
    for await (const { unreadable } of client.watch(OperatorServiceService.reencryptSecrets, {})) assert.equal(unreadable, '0');
    service.clock.advance(2 * 86_400_000);
    await service.app.sweeper.sweep();
    const { rows } = await sql.query('select (select count(*)::int from identity_job) as jobs, (select count(*)::int from message) as messages');
    assert.deepEqual(rows, [{ jobs: 0, messages: 0 }]);
    const failed = service.lines.filter((line) => JSON.stringify(line).includes('permission denied'));
    assert.deepEqual(failed, []);
  } finally {
    await sql.end();
  }
}
