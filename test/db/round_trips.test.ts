import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { assertDone, createDevice, operate } from '../wire/operator.ts';
import { assertReset, sendReset } from '../wire/resets.ts';
import { RestClient } from '../wire/rest.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';

describe('round trips of a whole call', () => {
  it('are one read and one write for a reset, one read more for its stored answer, and three more to do it by force', async () => {
    await using database = await createDatabase();
    await using proxy = await startProxy(database.url);
    await using service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database });
    using rest = new RestClient(service.url);
    using grpc = new GrpcClient(service.grpc);
    const device = 'd';
    assertDone(await operate({ rest, grpc }, 'rest', createDevice({ device_id: device })));
    for (const wire of WIRES) {
      const READ = 'bind application_project_exists';
      const WRITE = 'bind device_secret_reset';
      const asked = async (key: string | undefined, force = false, replayed = false): Promise<string[]> => {
        proxy.asked.length = 0;
        const answer = await sendReset({ rest, grpc }, wire, { device, key, body: { secret: 'abcd1234', force_disconnect: force } });
        assertReset(answer, device, { secret: 'abcd1234', replayed });
        return proxy.asked.filter(({ kind, name }) => kind !== 'parse' && name !== 'ping').map(({ kind, name, text }) => `${kind} ${name}${text}`);
      };
      assert.deepEqual(await asked(undefined), [READ, WRITE]);
      assert.deepEqual(await asked(`k-${wire}`), [READ, WRITE]);
      assert.deepEqual(await asked(`k-${wire}`, false, true), [READ, WRITE, 'bind idempotency_record_read']);
      assert.deepEqual(await asked(undefined, true), [READ, 'simple begin', 'bind device_secret_lock', WRITE, 'simple commit']);
    }
  });
});
