import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { VerifyDeviceJwtResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { DeviceJwtCheck } from '../../../src/call/authenticate/device_jwt_check.ts';
import type { Call } from '../../../src/call/call.ts';
import { KeyedAllowance } from '../../../src/call/keyed_allowance.ts';
import { readConfig } from '../../../src/config/index.ts';
import { DeviceJwtStore } from '../../../src/db/device_jwt.ts';
import type { SpendResult } from '../../../src/db/device_jwt.ts';
import { DeviceTokenStore } from '../../../src/db/device_token.ts';
import { ApiError } from '../../../src/errors.ts';
import type { DeviceTokenParts } from '../../../src/services/device_token_service/parts.ts';
import { TokenRate } from '../../../src/services/device_token_service/token_rate.ts';
import { verifyDeviceJwt } from '../../../src/services/device_token_service/verify_jwt.ts';
import { MASTER_KEYS, OPERATOR_TOKEN } from '../../support/service.ts';
import { Bench } from '../../wire/harness.ts';
import { authenticationJwt } from '../../wire/tokens/kit.ts';

const CALL: Call = {
  requestId: 'r', peer: 'p', principal: { kind: 'application', actor: 'operator', projectId: undefined, domain: '', actions: undefined },
  signal: new AbortController().signal, metadata: new Map(), bodyDigest: () => Buffer.alloc(32), setMetadata: () => {}, setStatus: () => {}, setForm: () => {},
};

describe('JWTs of one device that are verified for others', () => {
  let bench: Bench;
  let parts: DeviceTokenParts;
  let now = Date.now();
  before(async () => {
    bench = await Bench.start();
    const { service: { app, databaseUrl } } = bench;
    const clock = { now: () => new Date(now) };
    const { iothentix: settings } = readConfig({ KEYTURN_DATABASE_URL: databaseUrl, KEYTURN_OPERATOR_TOKEN: OPERATOR_TOKEN, KEYTURN_MASTER_KEYS: MASTER_KEYS });
    const jwts = new DeviceJwtStore(app.database.run);
    parts = {
      tokens: new DeviceTokenStore(app.database.run), jwts, check: new DeviceJwtCheck(jwts, settings.algorithms, clock), rate: new TokenRate(1, clock),
      verifications: new KeyedAllowance(2), settings, clock, issuer: () => 'https://x/', count: () => {}, checked: () => {},
    };
  });
  after(() => bench[Symbol.asyncDispose]());

  const verify = (jwt: string, using = parts): Promise<VerifyDeviceJwtResponse> => verifyDeviceJwt(using, { jwt }, CALL);

  it('are so many a minute; one that runs into the limit is not spent, and one that does not count takes nothing', async () => {
    const [eager, other] = [await bench.device(), await bench.device()];
    const first = authenticationJwt(eager);
    assert.equal((await verify(first)).active, true);
    for (const jwt of [first, authenticationJwt(eager, { edit: (draft) => (draft.signature = Buffer.alloc(64, 1)) })]) assert.equal((await verify(jwt)).active, false);
    assert.equal((await verify(authenticationJwt(eager))).active, true);
    const early = authenticationJwt(eager);
    await assert.rejects(verify(early), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.reason, error.metadata], [ErrorReason.ERROR_REASON_DEVICE_CHECK_RATE_LIMITED, { 'retry-after': '30' }]);
      return true;
    });
    assert.equal((await verify(authenticationJwt(other))).active, true);
    now += 30_000;
    assert.equal((await verify(early)).active, true);
  });

  it('count if the device was frozen for a moment alone while they were checked, and take from the limit once', async () => {
    const device = await bench.device();
    let isFirst = true;
    class Overtaken extends DeviceJwtStore {
      override async spend(...values: Parameters<DeviceJwtStore['spend']>): Promise<SpendResult> {
        if (!isFirst) return super.spend(...values);
        isFirst = false;
        await bench.operator('POST', `/v1/devices/${device.id}:freeze`);
        const result = await super.spend(...values);
        await bench.operator('POST', `/v1/devices/${device.id}:unfreeze`);
        return result;
      }
    }
    const using = { ...parts, jwts: new Overtaken(bench.service.app.database.run) };
    assert.deepEqual([(await verify(authenticationJwt(device), using)).active, isFirst], [true, false]);
    assert.equal((await verify(authenticationJwt(device))).active, true);
    await assert.rejects(verify(authenticationJwt(device)), ApiError);
  });
});
