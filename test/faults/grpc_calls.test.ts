import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { UpdatePublicKeyRequest } from '../../gen/keyturn/v1/device_key_service.ts';
import { CreateDeviceRequest } from '../../gen/keyturn/v1/operator_service.ts';
import { lockDevice, rowsOf, waitingBackends } from '../db/fixtures/rotations.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { eventually, pause } from './fixtures/child.ts';
import { addDevice, newUpdate, sendUpdate } from './fixtures/device.ts';
import type { Update } from './fixtures/device.ts';
import { CREATE, LIST, RawClient, UPDATE } from './fixtures/grpc.ts';

const BEARER = `Bearer ${OPERATOR_TOKEN}`;
const GARBAGE: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['an endless varint', Buffer.alloc(20, 0xff)],
  ['a field that is longer than the message', Buffer.from([0x0a, 0x7f, 0x41])],
  ['field number 0', Buffer.from([0x02, 0x00])],
  ['an end of a group that never began', Buffer.from([0x0c])],
  ['a wire type that there is not', Buffer.from([0x0f])],
  ['text that is not UTF-8', Buffer.from([0x0a, 0x01, 0x61, 0x22, 0x02, 0xc3, 0x28])],
];

describe('gRPC calls that go wrong', () => {
  let service: TestService;
  let client: RawClient;
  before(async () => {
    service = await startService();
    client = new RawClient(service.grpc);
  });
  after(async () => {
    client[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  for (const [name, bytes] of GARBAGE) {
    it(`refuse ${name}`, async () => {
      const outcome = await client.call(CREATE, BEARER, bytes);
      assert.deepEqual([outcome.code, outcome.reason], [3, 'INVALID_ARGUMENT']);
    });
  }

  it('tell who may not call before they read the message', async () => {
    const outcome = await client.call(CREATE, 'Bearer wrong', Buffer.alloc(20, 0xff));
    assert.deepEqual([outcome.code, outcome.reason], [16, 'UNAUTHENTICATED']);
    const update = await client.call(UPDATE, 'no jwt', Buffer.alloc(20, 0xff));
    assert.deepEqual([update.code, update.reason], [16, 'DEVICE_UNAUTHENTICATED']);
  });

  it('refuse a message over 1 MiB, and one over the limit of its method with a reason', async () => {
    // Little more: no call comes of it, and for 1.5 MiB of that the connection would be closed.
    assert.equal((await client.call(CREATE, BEARER, device('x'.repeat(1 << 20)))).code, 8);
    const large = await client.call(CREATE, BEARER, device('x'.repeat(70_000)));
    assert.deepEqual([large.code, large.reason], [8, 'BODY_TOO_LARGE']);
    const update = await client.call(UPDATE, 'x', UpdatePublicKeyRequest.encode({ pop: 'x'.repeat(17_000) }).finish());
    assert.deepEqual([update.code, update.reason], [3, 'DEVICE_REQUEST_MALFORMED']);
  });

  it('name the fields that do not fit', async () => {
    const outcome = await client.call(CREATE, BEARER, device('x'.repeat(257)));
    assert.deepEqual([outcome.code, outcome.reason, outcome.fields], [3, 'INVALID_ARGUMENT', ['node_id']]);
  });

  it('do not know methods that there are not', async () => {
    assert.equal((await client.call('/keyturn.v1.OperatorService/NoSuchMethod', BEARER, new Uint8Array())).code, 12);
  });

  for (const [name, code] of [['deadline', 4], ['cancellation', 1]] as const) {
    it(`survive a ${name} while a rotation waits, and the identical request settles it`, async () => {
      const update = newUpdate(name, await addDevice(service.url, OPERATOR_TOKEN, name));
      const lock = await lockDevice(service.databaseUrl, name);
      const abort = new AbortController();
      const limits = name === 'deadline' ? { deadline: 600 } : { signal: abort.signal };
      const outcome = client.call(UPDATE, update.jwt, messageOf(update), limits);
      await waitingBackends(service.databaseUrl, 1);
      if (name === 'cancellation') abort.abort();
      assert.equal((await outcome).code, code);
      await lock.release();
      await eventually(async () => {
        const rows = await rowsOf(service.databaseUrl, "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
        assert.equal(rows.length, 0);
      });
      await pause(100);
      const again = await sendUpdate(service.url, update);
      assert.equal(again.status, 200, again.body);
      const rows = await rowsOf(service.databaseUrl, 'select count(*)::int as n from rotation where device_id = $1', [name]);
      assert.deepEqual(rows, [{ n: 1 }]);
      assert.equal((await client.call(LIST, BEARER, new Uint8Array())).code, 0);
    });
  }

  it('that are past their deadline before they begin change nothing', async () => {
    const update = newUpdate('late', await addDevice(service.url, OPERATOR_TOKEN, 'late'));
    assert.equal((await client.call(UPDATE, update.jwt, messageOf(update), { deadline: -1000 })).code, 4);
    const rows = await rowsOf(service.databaseUrl, "select count(*)::int as n from rotation where device_id = 'late'");
    assert.deepEqual(rows, [{ n: 0 }]);
  });
});

function messageOf({ pop }: Update): Uint8Array {
  return UpdatePublicKeyRequest.encode({ pop }).finish();
}

function device(nodeId: string): Uint8Array {
  return CreateDeviceRequest.encode({
    deviceId: 'x', publicKey: '', projectId: '', nodeId, productId: '', secret: '', scopes: [], updatesAllowed: undefined,
  }).finish();
}
