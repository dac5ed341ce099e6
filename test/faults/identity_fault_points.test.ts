import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { Pool } from 'pg';
import { FAULT_POINTS } from '../../src/fault_points.ts';
import type { FaultPoint } from '../../src/fault_points.ts';
import { startService } from '../support/service.ts';
import { Service } from '../torture/service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { CONFIRMED, DONE, newEmail, newPhone, secretIn, sendKey } from '../wire/identity/bench.ts';
import type { KeyMethod, KeyRequest } from '../wire/identity/bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from '../wire/identity/errors.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { RestClient } from '../wire/rest.ts';
import { eventually } from './fixtures/child.ts';

/** What a killed service has done by then. */
const COMMITTED: Readonly<Record<FaultPoint, boolean>> = { before_write: false, after_write: true, before_reply: true, after_reply: true };

const BOUND = `select (select count(*)::int from identity_address where pk = $1) as addresses, (select count(*)::int from audit_event where identity = $1) as audits,
  (select state from identity where pk = $1) as state`;

describe('fault points of identity keys', function () {
  this.timeout(120_000);

  it('are passed in their order by each change, by both wires', async () => {
    const passed: FaultPoint[] = [];
    await using service = await startService({ overrides: { atFaultPoint: (point) => passed.push(point) } });
    using rest = new RestClient(service.url);
    using grpc = new GrpcClient(service.grpc);
    for (const wire of WIRES) {
      const expected = FAULT_POINTS.filter((point) => wire === 'rest' || point !== 'after_reply');
      const key = newIdentityKey();
      const send = async (method: KeyMethod, request: KeyRequest): Promise<Answer> => {
        const answer = await sendKey({ rest, grpc }, wire, method, request);
        await eventually(() => assert.deepEqual(passed.splice(0), expected));
        return answer;
      };
      const secret = secretIn(await send('keyRegister', { jwt: selfSigned(key) }));
      for (const method of ['keyBind', 'keyUpdate'] as const) assertIdentityAnswer(await send(method, { pk: key.pk, jwt: selfSigned(key) }), CONFIRMED);
      assertIdentityAnswer(await send('keyRevoke', { pk: key.pk, secret }), DONE);
    }
  });

  it('are the places where a kill leaves all or nothing, and the identical PUT and DELETE are 200', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-faults-'));
    try {
      await using service = await Service.start(folder);
      const send = async (method: KeyMethod, request: KeyRequest): Promise<Answer> => {
        using rest = new RestClient(service.url);
        using grpc = new GrpcClient('127.0.0.1:1');
        return await sendKey({ rest, grpc }, 'rest', method, request);
      };
      const stored = async (pk: string): Promise<unknown> => {
        const sql = new Pool({ connectionString: service.databaseUrl, max: 1 });
        const { rows } = await sql.query(BOUND, [pk]);
        await sql.end();
        return rows[0];
      };
      const killed = async (point: FaultPoint, method: KeyMethod, request: KeyRequest): Promise<void> => {
        await service.arm({ point, probability: 1 });
        const heard = await send(method, request).catch(() => undefined);
        await service.untilKilled();
        assert.equal(heard !== undefined, point === 'after_reply', point);
        await service.restart();
      };
      for (const point of FAULT_POINTS) {
        const key = newIdentityKey();
        const secret = secretIn(await send('keyRegister', { jwt: selfSigned(key) }));
        const request = { pk: key.pk, jwt: selfSigned(key, { email: newEmail(), phone: newPhone() }) };
        await killed(point, 'keyBind', request);
        assert.deepEqual(await stored(key.pk), { addresses: COMMITTED[point] ? 2 : 0, audits: COMMITTED[point] ? 2 : 1, state: 'REGISTERED' });
        assertIdentityAnswer(await send('keyBind', request), CONFIRMED);
        const audits = COMMITTED[point] ? 3 : 2;
        assert.deepEqual(await stored(key.pk), { addresses: 2, audits, state: 'REGISTERED' });
        await killed(point, 'keyRevoke', { pk: key.pk, secret });
        assert.deepEqual(await stored(key.pk), COMMITTED[point] ? { addresses: 0, audits: audits + 1, state: 'REVOKED' } : { addresses: 2, audits, state: 'REGISTERED' });
        assertIdentityAnswer(await send('keyRevoke', { pk: key.pk, secret }), DONE);
        assert.deepEqual(await stored(key.pk), { addresses: 0, audits: audits + 1, state: 'REVOKED' });
        assertIdentityRefusal(await send('keyBind', request), 'revoked-key');
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
