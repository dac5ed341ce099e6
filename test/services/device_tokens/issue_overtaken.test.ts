import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { DeviceJwtCheck } from '../../../src/call/authenticate/device_jwt_check.ts';
import type { Call } from '../../../src/call/call.ts';
import { DeviceJwtStore } from '../../../src/db/device_jwt.ts';
import type { SpendResult } from '../../../src/db/device_jwt.ts';
import { DeviceTokenStore } from '../../../src/db/device_token.ts';
import { KeyedAllowance } from '../../../src/call/keyed_allowance.ts';
import { ApiError } from '../../../src/errors.ts';
import { issueToken } from '../../../src/services/device_token_service/issue.ts';
import type { DeviceTokenParts } from '../../../src/services/device_token_service/parts.ts';
import { TokenRate } from '../../../src/services/device_token_service/token_rate.ts';
import { readConfig } from '../../../src/config/index.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../../support/service.ts';
import { assertAnswer } from '../../wire/answer.ts';
import { Bench, makeUpdate } from '../../wire/harness.ts';
import type { Device } from '../../wire/harness.ts';
import { authenticationJwt } from '../../wire/tokens/kit.ts';

const { ERROR_REASON_DEVICE_FROZEN: FROZEN, ERROR_REASON_DEVICE_UNAUTHENTICATED: UNAUTHENTICATED, ERROR_REASON_TOKEN_RATE_LIMITED: LIMITED, ERROR_REASON_SCOPE_NOT_ALLOWED: NOT_ALLOWED } = ErrorReason;

/** What happens to a device between the check of its JWT and its token decides on the answer. */
describe('a token request that is overtaken', () => {
  let bench: Bench;
  let parts: DeviceTokenParts;
  before(async () => {
    bench = await Bench.start();
    const { service: { app, clock, databaseUrl } } = bench;
    const { iothentix: settings } = readConfig({ KEYTURN_DATABASE_URL: databaseUrl, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS });
    const jwts = new DeviceJwtStore(app.database.run);
    const check = new DeviceJwtCheck(jwts, settings.algorithms, clock);
    parts = { tokens: new DeviceTokenStore(app.database.run), jwts, check, rate: new TokenRate(1, clock), verifications: new KeyedAllowance(1), settings, clock, issuer: () => 'https://x/', count: () => {}, checked: () => {} };
  });
  after(() => bench[Symbol.asyncDispose]());

  /** Checks a JWT of the device, as the pipeline does; what it gives then asks for the token. */
  async function letIn(device: Device, jwt = authenticationJwt(device), scope = '', using = parts): Promise<() => Promise<unknown>> {
    const signer = await parts.check.check(jwt);
    assert.ok(typeof signer === 'object');
    const call: Call = {
      requestId: 'r', peer: 'p', principal: { kind: 'device', ...signer }, signal: new AbortController().signal, metadata: new Map(),
      bodyDigest: () => Buffer.alloc(32), setMetadata: () => {}, setStatus: () => {}, setForm: () => {},
    };
    return () => issueToken(using, { clientId: device.id, scope }, call).catch((error: unknown) => (error instanceof ApiError ? error.reason : error));
  }

  const freeze = (id: string) => bench.operator('POST', `/v1/devices/${id}:freeze`);
  const unfreeze = (id: string) => bench.operator('POST', `/v1/devices/${id}:unfreeze`);
  const remove = (id: string) => bench.operator('DELETE', `/v1/devices/${id}`);

  it('by its own JWT is 401, however few requests a minute may come', async () => {
    const device = await bench.device();
    const jwt = authenticationJwt(device);
    const asks = [await letIn(device, jwt), await letIn(device, jwt), await letIn(device)];
    assert.equal(typeof (await asks[0]?.()), 'object');
    assert.equal(await asks[1]?.(), UNAUTHENTICATED);
    assert.equal(await asks[2]?.(), LIMITED);
  });

  for (const isLimited of [false, true]) {
    const rate = isLimited ? 'beyond the rate' : 'within the rate';
    const changed = async (change: (device: Device) => Promise<unknown>): Promise<unknown> => {
      const device = await bench.device();
      const ask = await letIn(device);
      if (isLimited) await (await letIn(device))();
      await change(device);
      const answer = await ask();
      const { rows } = await bench.sql.query<{ n: number }>(`select count(*)::int as n from audit_event where device_id = $1 and action = 'device_token.issued'`, [device.id]);
      assert.equal(rows[0]?.n, isLimited ? 1 : 0);
      return answer;
    };

    it(`${rate}: by a freezing is 403`, async () => assert.equal(await changed(({ id }) => freeze(id)), FROZEN));

    it(`${rate}: by a removal is 401`, async () => assert.equal(await changed(({ id }) => remove(id)), UNAUTHENTICATED));

    it(`${rate}: by a rotation is 401, also of a device that is then frozen`, async () => {
      assert.equal(await changed((device) => rotate(device)), UNAUTHENTICATED);
      assert.equal(await changed((device) => rotate(device).then(() => freeze(device.id))), UNAUTHENTICATED);
    });

    it(`${rate}: by a removal and a registration of the same id is 401`, async () => {
      assert.equal(await changed(({ id }) => remove(id).then(() => bench.device({ id }))), UNAUTHENTICATED);
    });
  }

  it('by a freezing that is over is let through', async () => {
    const device = await bench.device();
    const ask = await letIn(device);
    await freeze(device.id);
    await unfreeze(device.id);
    assert.equal(typeof (await ask()), 'object');
  });

  const setScopes = (id: string, scopes: readonly string[]) => bench.operator('POST', `/v1/devices/${id}:setScopes`, { scopes });

  it('by the loss of a scope gets what is left, and is 403 if it has asked for the lost one', async () => {
    for (const [asked, outcome] of [['', 'a'], ['a', 'a'], ['a b', NOT_ALLOWED]] as const) {
      const device = await bench.device({ scopes: ['a', 'b'] });
      const ask = await letIn(device, authenticationJwt(device), asked);
      await setScopes(device.id, ['a']);
      const answer = await ask();
      assert.equal(typeof answer === 'object' ? (answer as { scope: string }).scope : answer, outcome);
      const { rows } = await bench.sql.query<{ scopes: string[] }>('select scopes from device_token where device_id = $1', [device.id]);
      assert.deepEqual(rows, outcome === 'a' ? [{ scopes: ['a'] }] : []);
    }
  });

  it('by several changes, one after each try, gets what is left in the end', async () => {
    const device = await bench.device({ scopes: ['a', 'b', 'c', 'd'] });
    const changes = [() => setScopes(device.id, ['a', 'b', 'c']), () => setScopes(device.id, ['a', 'b']), () => setScopes(device.id, ['a'])];
    class Overtaken extends DeviceTokenStore {
      override async issue(...values: Parameters<DeviceTokenStore['issue']>): Promise<SpendResult> {
        await changes.shift()?.();
        return super.issue(...values);
      }
    }
    const ask = await letIn(device, authenticationJwt(device), '', { ...parts, tokens: new Overtaken(bench.service.app.database.run), rate: new TokenRate(1, bench.service.clock) });
    assert.equal((await ask() as { scope: string }).scope, 'a');
    assert.deepEqual(changes, []);
  });

  it('by the loss of a scope and a freezing is 403', async () => {
    const device = await bench.device({ scopes: ['a', 'b'] });
    const ask = await letIn(device);
    await setScopes(device.id, ['a']);
    await freeze(device.id);
    assert.equal(await ask(), FROZEN);
  });

  async function rotate(device: Device): Promise<void> {
    assertAnswer(await bench.sendUpdate('rest', makeUpdate(device)), 'OK');
  }
});
