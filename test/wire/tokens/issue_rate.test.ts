import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { makeUpdate, updated } from '../harness.ts';
import type { Bench, Device } from '../harness.ts';
import { newPair } from '../jwt.ts';
import { withBench } from '../rows.ts';
import { assertRefused, assertToken, sendIssue, storedTokens } from './issue_rows.ts';
import type { IssueRequest } from './issue_rows.ts';
import { authenticationJwt, renew } from './kit.ts';

const SCOPE = 'refresh.token';
const SCOPES = [SCOPE];

function retryAfter(answer: Answer): number {
  assertRefused(answer, 'E429');
  const [value, ...others] = answer.headers.get('retry-after') ?? [];
  assert.match(value ?? '', /^[1-9][0-9]*$/);
  assert.deepEqual(others, []);
  return Number(value);
}

function ask(bench: Bench, wire: Wire, device: Device, request: IssueRequest = {}): Promise<Answer> {
  return sendIssue(bench, wire, { authorization: authenticationJwt(device), clientId: device.id, ...request });
}

/** Takes the whole allowance of two a minute, and gives a token. */
async function exhaust(bench: Bench, wire: Wire, device: Device): Promise<string> {
  const token = assertToken(await ask(bench, wire, device), SCOPE);
  assertToken(await ask(bench, wire, device), SCOPE);
  return token;
}

describe('section 9: token_requests_per_minute', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '2' });

  for (const wire of WIRES) {
    it(`${wire}: the third request is refused, with Retry-After and exact bytes; after that time its JWT goes through`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      await exhaust(bench(), wire, device);
      const before = await storedTokens(bench().sql, device.id);
      const authorization = authenticationJwt(device);
      const refused = await ask(bench(), wire, device, { authorization, requestId: 'r' });
      assertRefused(refused, 'E429', { requestId: 'r' });
      if (wire === 'rest') assert.equal(refused.body, '{"error":{"code":429,"message":"Slow down","status":"Too Many Requests"}}');
      const seconds = retryAfter(await ask(bench(), wire, device, { authorization }));
      assert.ok(seconds > 20 && seconds <= 30, String(seconds));
      bench().service.clock.advance((seconds - 10) * 1000);
      assert.ok(retryAfter(await ask(bench(), wire, device, { authorization })) <= 10);
      assert.deepEqual(await storedTokens(bench().sql, device.id), before);
      bench().service.clock.advance(10_000);
      assertToken(await ask(bench(), wire, device, { authorization }), SCOPE);
      retryAfter(await ask(bench(), wire, device));
      assertRefused(await ask(bench(), wire, device, { authorization }), 'E401');
    });

    it(`${wire}: renewals are counted with what the key has bought, and never keep it from buying`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const token = assertToken(await ask(bench(), wire, device), SCOPE);
      assertToken(await renew(bench(), wire, { authorization: token, clientId: device.id }), SCOPE);
      retryAfter(await renew(bench(), wire, { authorization: token, clientId: device.id }));
      assertToken(await ask(bench(), wire, device), SCOPE);
      retryAfter(await ask(bench(), wire, device));
      retryAfter(await renew(bench(), wire, { authorization: token, clientId: device.id }));
      bench().service.clock.advance(30_000);
      assertToken(await renew(bench(), wire, { authorization: token, clientId: device.id }), SCOPE);
      assertToken(await ask(bench(), wire, device), SCOPE);
      retryAfter(await ask(bench(), wire, device));
    });

    it(`${wire}: both wires are counted together`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      for (const one of WIRES) assertToken(await ask(bench(), one, device), SCOPE);
      retryAfter(await ask(bench(), wire, device));
    });

    it(`${wire}: one device takes nothing from another, nor does who only claims to be it`, async () => {
      const [device, other] = [await bench().device({ scopes: SCOPES }), await bench().device({ scopes: SCOPES })];
      await exhaust(bench(), wire, device);
      const stranger = newPair();
      for (const _ of [1, 2, 3, 4]) {
        assertRefused(await ask(bench(), wire, { ...other, pair: stranger }), 'E401');
        assertRefused(await ask(bench(), wire, device, { clientId: other.id }), 'E401', { reason: 'CLIENT_ID_MISMATCH' });
      }
      await exhaust(bench(), wire, other);
      retryAfter(await ask(bench(), wire, other));
    });

    it(`${wire}: what is refused takes nothing`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const spent = authenticationJwt(device);
      assertToken(await ask(bench(), wire, device, { authorization: spent }), SCOPE);
      for (const _ of [1, 2, 3]) {
        assertRefused(await ask(bench(), wire, device, { authorization: spent }), 'E401');
        assertRefused(await ask(bench(), wire, device, { authorization: 'x' }), 'E401');
        assertRefused(await ask(bench(), wire, device, { clientId: 'x' }), 'E401', { reason: 'CLIENT_ID_MISMATCH' });
        assertRefused(await ask(bench(), wire, device, { scope: ' ' }), 'E400');
        assertRefused(await ask(bench(), wire, device, { scope: 'b' }), 'E403');
      }
      await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
      for (const _ of [1, 2, 3]) assertRefused(await ask(bench(), wire, device), 'E403', { reason: 'DEVICE_FROZEN' });
      await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
      await bench().sql.query('alter table device_token rename to device_token_away');
      try {
        for (const _ of [1, 2, 3]) assertRefused(await ask(bench(), wire, device), 'E500', { reason: 'DEVICE_SERVICE_FAILED' });
      } finally {
        await bench().sql.query('alter table device_token_away rename to device_token');
      }
      assertToken(await ask(bench(), wire, device), SCOPE);
      retryAfter(await ask(bench(), wire, device));
    });

    it(`${wire}: neither a rotation, a freezing nor a removal makes the allowance anew, and the update call is none of it`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      await exhaust(bench(), wire, device);
      const update = makeUpdate(device);
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      retryAfter(await ask(bench(), wire, updated(update)));
      await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
      await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
      retryAfter(await ask(bench(), wire, updated(update)));
      await bench().operator('DELETE', `/v1/devices/${device.id}`);
      retryAfter(await ask(bench(), wire, await bench().device({ id: device.id, scopes: SCOPES })));
    });

    it(`${wire}: a clock that is set back or on locks nobody out`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const { clock } = bench().service;
      for (const step of [0, -86_400_000, 172_800_000, -86_400_000]) {
        clock.advance(step);
        await exhaust(bench(), wire, device);
        assert.ok(retryAfter(await ask(bench(), wire, device)) <= 30);
      }
    });
  }
});

describe('section 9: 60 token requests a minute by default', () => {
  const bench = withBench();

  it('are issued, the next one is refused', async () => {
    const device = await bench().device({ scopes: SCOPES });
    for (let count = 0; count < 60; count += 1) assertToken(await ask(bench(), WIRES[count % 2] ?? 'rest', device), SCOPE);
    // Time goes on meanwhile: every second gives one back.
    const answers = await Promise.all(Array.from({ length: 64 }, () => ask(bench(), 'rest', device)));
    const refused = answers.filter(({ status }) => status === 429);
    assert.ok(refused.length > 0);
    for (const answer of refused) assert.equal(retryAfter(answer), 1);
  });
});
