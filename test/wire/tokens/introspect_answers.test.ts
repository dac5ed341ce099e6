import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Environment } from '../../../src/config/index.ts';
import { UUID, WIRES, assertAnswer, assertJsonHeaders, requestIdOf } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { makeUpdate } from '../harness.ts';
import { countStatements } from '../iotda/kit.ts';
import { withBench } from '../rows.ts';
import { authOf, deviceAuth, setSecret } from '../secrets.ts';
import { authenticationJwt, introspect, newToken, renew, tokenIn } from './kit.ts';
import { REFRESH, SCOPES, holder } from './renewals.ts';

const INACTIVE = '{"active":false}';

/** Compares an answer byte for byte. */
function assertSays(answer: Answer, body: string): void {
  assert.deepEqual([answer.status, answer.body], [answer.wire === 'rest' ? 200 : 0, body]);
  assert.match(requestIdOf(answer), UUID);
  if (answer.wire === 'grpc') return;
  assertJsonHeaders(answer);
  assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
}

function active(id: string, scope: string, issuer: string, exp: number): string {
  return `{"active":true,"sub":"${id}","scope":"${scope}","iss":"${issuer}","exp":${exp}}`;
}

/** Statements that a call has asked for: neither the look whether the database is there nor the clearing away. */
const ASKED = /^(?!ping$)(?!.*expiry)/;

function secondOf(time: Date): number {
  return Math.floor(time.getTime() / 1000);
}

describe('section 8.3: what introspection answers', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: '600' });

  /** A token that counts for so many seconds is shown byte for byte. */
  async function assertShown(wire: Wire, id: string, scope: string, seconds: number, make: () => Promise<string>): Promise<void> {
    const { clock } = bench().service;
    const first = secondOf(clock.now());
    const token = await make();
    const last = secondOf(clock.now());
    const answer = await introspect(bench(), wire, token);
    const { exp } = JSON.parse(answer.body) as { exp: number };
    assert.ok(exp >= first + seconds && exp <= last + seconds, `${exp - first}`);
    assertSays(answer, active(id, scope, `${bench().service.url}/`, exp));
  }

  for (const wire of WIRES) {
    it(`${wire}: of an active token the device, its scopes, the issuer and its end, in whole seconds`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      for (const [asked, scope] of [[undefined, SCOPES.join(' ')], [`config.read ${REFRESH}`, `config.read ${REFRESH}`], ['telemetry.write', 'telemetry.write']] as const) {
        await assertShown(wire, device.id, scope, 600, async () => (await newToken(bench(), wire, device, asked)).access_token);
      }
      const bare = await bench().device();
      await assertShown(wire, bare.id, '', 600, async () => (await newToken(bench(), wire, bare)).access_token);
    });

    it(`${wire}: of a renewed token its own scopes and end`, async () => {
      const { device, token } = await holder(bench(), wire);
      bench().service.clock.advance(100_000);
      const changes = { authorization: token, clientId: device.id, scope: 'config.read' };
      await assertShown(wire, device.id, 'config.read', 600, async () => tokenIn(await renew(bench(), wire, changes)).access_token);
    });

    it(`${wire}: of a token of /v5/device-auth, which has no scopes`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      await setSecret(bench(), device.id, 'PRIMARY', 'a-secret-of-a-device');
      await assertShown(wire, device.id, '', 86_399, async () => {
        const answer = await deviceAuth(bench(), wire, authOf(device.id, 'a-secret-of-a-device'));
        return (JSON.parse(answer.body) as { access_token: string }).access_token;
      });
    });

    it(`${wire}: of anything else that it does not count, and nothing more`, async () => {
      const { device, token } = await holder(bench(), wire);
      const nothing = [
        'x', token.slice(0, -1), `${token}x`, ` ${token}`, `Bearer ${token}`, token.split('.')[0] ?? '', token.toLowerCase(), authenticationJwt(device), device.id,
        'x'.repeat(4096), 'ä'.repeat(4096), '\u{1f511}'.repeat(3000), '\u0000', `${token}\u0000`, ' ', '\n', '"', '%00', "' or true --", 'null',
      ];
      for (const text of nothing) assertSays(await introspect(bench(), wire, text), INACTIVE);
    });

    it(`${wire}: of a device that was frozen, unfrozen, removed or registered again that it does not count`, async () => {
      const { device, token } = await holder(bench(), wire);
      const another = await holder(bench(), wire);
      for (const action of ['freeze', 'unfreeze']) {
        assert.equal((await bench().operator('POST', `/v1/devices/${device.id}:${action}`)).status, 200);
        assertSays(await introspect(bench(), wire, token), INACTIVE);
      }
      assert.equal((await bench().operator('DELETE', `/v1/devices/${another.device.id}`)).status, 200);
      assertSays(await introspect(bench(), wire, another.token), INACTIVE);
      await bench().device({ id: another.device.id, scopes: SCOPES });
      assertSays(await introspect(bench(), wire, another.token), INACTIVE);
    });

    it(`${wire}: of a device whose key was rotated as before`, async () => {
      const { device, token } = await holder(bench(), wire);
      const before = await introspect(bench(), wire, token);
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(device)), 'OK');
      assertSays(await introspect(bench(), wire, token), before.body);
    });

    it(`${wire}: after one statement, whether the token counts or not`, async () => {
      const { token } = await holder(bench(), wire);
      for (const text of [token, 'x']) {
        const count = (): Promise<number[]> => Promise.all([/^device_token_find$/, ASKED].map((name) => countStatements(bench(), name)));
        const before = await count();
        for (let round = 0; round < 10; round += 1) await introspect(bench(), wire, text);
        assert.deepEqual(await count(), before.map((number) => number + 10));
      }
    });

    it(`${wire}: with the caller's request id`, async () => {
      const answer = await introspect(bench(), wire, 'x', [['x-request-id', 'look-1']]);
      assert.deepEqual([answer.body, answer.headers.get('x-request-id')], [INACTIVE, ['look-1']]);
    });
  }
});

const ISSUERS: readonly (readonly [settings: Environment, issuer: string])[] = [
  [{ KEYTURN_PUBLIC_URL: 'https://id.example' }, 'https://id.example/'],
  [{ KEYTURN_PUBLIC_URL: 'https://id.example/base/' }, 'https://id.example/base/'],
  [{ KEYTURN_PUBLIC_URL: 'https://id.example', KEYTURN_IOTHENTIX_ISSUER: 'https://iot-idp.demo.apps.iothentix.com/' }, 'https://iot-idp.demo.apps.iothentix.com/'],
];

for (const [settings, issuer] of ISSUERS) {
  describe(`section 8.3: the issuer with ${JSON.stringify(settings)}`, () => {
    const bench = withBench(settings);
    for (const wire of WIRES) {
      it(`${wire}: is ${issuer}`, async () => {
        const { token } = await holder(bench(), wire);
        assert.equal((JSON.parse((await introspect(bench(), wire, token)).body) as { iss: string }).iss, issuer);
      });
    }
  });
}
