import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { rowsOf } from '../db/fixtures/rotations.ts';
import { FAULT_POINTS } from '../../src/fault_points.ts';
import type { FaultPoint } from '../../src/fault_points.ts';
import { BothClients } from '../services/folder_service.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { Service } from '../torture/service.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import type { Clients, Device } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { RestClient } from '../wire/rest.ts';
import { authenticationJwt, introspect, issue, newToken, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import { eventually } from './fixtures/child.ts';
import { operator } from './fixtures/device.ts';

/** What a killed service has done by then. */
const COMMITTED: Readonly<Record<FaultPoint, boolean>> = { before_write: false, after_write: true, before_reply: true, after_reply: true };

const STORED = `select (select count(*)::int from used_jti where device_id = $1) as jtis, (select count(*)::int from device_token where device_id = $1) as tokens,
  (select coalesce(sum(renewals), 0)::int from device_token_chain where device_id = $1) as renewals,
  (select count(*)::int from audit_event where device_id = $1 and action <> 'device.created') as audits`;

async function register(url: string, token: string, id: string): Promise<Device> {
  const device = { id, pair: newPair(), kind: 'P-256' } as const;
  const answer = await operator(url, token, 'POST', '/v1/devices', { device_id: id, public_key: pemOf(device.pair), scopes: ['refresh.token'] });
  assert.equal(answer.status, 200, answer.body);
  return device;
}

const isActive = (answer: Answer): boolean => (JSON.parse(answer.body) as { active: boolean }).active;

describe('fault points of tokens and checks', function () {
  this.timeout(120_000);

  it('are passed in their order, those of a write by what writes alone, by both wires', async () => {
    const passed: FaultPoint[] = [];
    await using service = await startService({ overrides: { atFaultPoint: (point) => passed.push(point) } });
    using clients = new BothClients(service);
    const device = await register(service.url, OPERATOR_TOKEN, 'passes');
    for (const wire of WIRES) {
      const all = FAULT_POINTS.filter((point) => wire === 'rest' || point !== 'after_reply');
      const replies = all.filter((point) => point.endsWith('reply'));
      const passing = async <T>(expected: readonly FaultPoint[], work: Promise<T>): Promise<T> => {
        const result = await work;
        await eventually(() => assert.deepEqual(passed, expected));
        passed.length = 0;
        return result;
      };
      await eventually(() => assert.ok(passed.length > 0 || wire === 'grpc'));
      passed.length = 0;
      const jwt = authenticationJwt(device);
      const { access_token: token } = tokenIn(await passing(all, issue(clients, wire, { authorization: jwt, clientId: device.id })));
      tokenIn(await passing(all, renew(clients, wire, { authorization: token, clientId: device.id })));
      assert.equal(isActive(await passing(replies, introspect(clients, wire, token))), true);
      assertAnswer(await passing(replies, issue(clients, wire, { authorization: jwt, clientId: device.id })), 'E401');
      assert.equal(isActive(await passing(all.filter((point) => point !== 'after_reply'), verifyJwt(clients, authenticationJwt(device)))), true);
      assert.equal(isActive(await passing(['before_reply'], verifyJwt(clients, jwt))), false);
    }
  });

  it('are the places where a kill leaves all or nothing, and burns neither a JWT nor a renewal before the write', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keyturn-faults-'));
    try {
      await using service = await Service.start(folder);
      const call = async <T>(work: (clients: Clients) => Promise<T>): Promise<T> => {
        using rest = new RestClient(service.url);
        using grpc = new GrpcClient(service.grpc);
        return await work({ rest, grpc });
      };
      /** Kills the service at the point, and starts it again; what was heard by then. */
      const killed = async (point: FaultPoint, work: (clients: Clients) => Promise<Answer>): Promise<Answer | undefined> => {
        await service.arm({ point, probability: 1 });
        const heard = await call(work).catch(() => undefined);
        await service.untilKilled();
        await service.restart();
        return heard?.status === 200 ? heard : undefined;
      };
      for (const point of FAULT_POINTS) {
        const done = COMMITTED[point] ? 1 : 0;
        const device = await register(service.url, service.operatorToken, point);
        const clientId = device.id;
        const stored = async (): Promise<unknown> => (await rowsOf(service.databaseUrl, STORED, [device.id]))[0];

        const authorization = authenticationJwt(device);
        const heard = await killed(point, (clients) => issue(clients, 'rest', { authorization, clientId }));
        assert.equal(heard !== undefined, point === 'after_reply', point);
        assert.deepEqual(await stored(), { jtis: done, tokens: done, renewals: 0, audits: done });
        if (heard !== undefined) assert.ok(isActive(await call((clients) => introspect(clients, 'rest', tokenIn(heard).access_token))));
        const again = await call((clients) => issue(clients, 'rest', { authorization, clientId }));
        if (done === 1) assertAnswer(again, 'E401');
        else tokenIn(again);
        assert.deepEqual(await stored(), { jtis: 1, tokens: 1, renewals: 0, audits: 1 });

        const { access_token: earlier } = await call((clients) => newToken(clients, 'rest', device));
        const renewed = await killed(point, (clients) => renew(clients, 'rest', { authorization: earlier, clientId }));
        assert.equal(renewed !== undefined, point === 'after_reply', point);
        assert.deepEqual(await stored(), { jtis: 2, tokens: 2 + done, renewals: done, audits: 2 + done });
        tokenIn(await call((clients) => renew(clients, 'rest', { authorization: earlier, clientId })));
        assert.ok(isActive(await call((clients) => introspect(clients, 'rest', earlier))), 'the earlier token lives on');
        if (point === 'after_reply') continue;

        const checked = authenticationJwt(device);
        const operatorOf = `Bearer ${service.operatorToken}`;
        await killed(point, (clients) => verifyJwt(clients, checked, operatorOf));
        assert.deepEqual(await stored(), { jtis: 2 + done, tokens: 3 + done, renewals: 1 + done, audits: 3 + 2 * done });
        assert.equal(isActive(await call((clients) => verifyJwt(clients, checked, operatorOf))), done === 0);
        assert.equal(isActive(await call((clients) => verifyJwt(clients, checked, operatorOf))), false);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
