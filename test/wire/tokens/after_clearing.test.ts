import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../answer.ts';
import { Bench, makeUpdate, updated } from '../harness.ts';
import { thumbprintOf } from '../jwt.ts';
import { authenticationJwt, introspect, issue, newToken, tokenIn, verifyJwt } from './kit.ts';

const SCOPES = ['a', 'refresh.token'];

describe('when what a replaced key has signed is cleared away', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start();
  });
  after(() => bench[Symbol.asyncDispose]());

  const thumbprints = async (id: string): Promise<string[]> =>
    (await bench.sql.query<{ thumbprint: string }>('select thumbprint from used_jti where device_id = $1 order by used_at', [id])).rows.map(({ thumbprint }) => thumbprint);

  /** As it is a day later, when the tokens are as old as they are. */
  const clearAll = async (): Promise<void> => {
    await bench.sql.query(`update public_key set retired_at = retired_at - interval '1 day'`);
    await bench.service.app.sweeper.sweep();
  };

  for (const wire of WIRES) {
    it(`${wire}: the repeat of a rotation is answered as before, and a spent JWT is refused as before`, async () => {
      const device = await bench.device({ scopes: SCOPES });
      const jwt = authenticationJwt(device);
      const { access_token: token } = tokenIn(await issue(bench, wire, { authorization: jwt, clientId: device.id }));
      const unspent = authenticationJwt(device);
      const update = makeUpdate(device);
      assertAnswer(await bench.sendUpdate(wire, update), 'OK');
      const next = updated(update);
      const spentByNext = authenticationJwt(next);
      tokenIn(await issue(bench, wire, { authorization: spentByNext, clientId: device.id }));
      const [old, current] = [thumbprintOf(device.pair), thumbprintOf(next.pair)];
      assert.deepEqual(await thumbprints(device.id), [old, old, current]);
      await clearAll();
      assert.deepEqual(await thumbprints(device.id), [current]);

      assertAnswer(await bench.sendUpdate(wire, update), 'REPLAYED');
      for (const authorization of [jwt, unspent, update.jwt, spentByNext]) assertAnswer(await issue(bench, wire, { authorization, clientId: device.id }), 'E401');
      for (const refused of [jwt, unspent, update.jwt, spentByNext]) assert.match((await verifyJwt(bench, refused)).body, /"active":false/);
      assert.match((await introspect(bench, wire, token)).body, /^{"active":true/, 'a token outlives the key that it was bought with');
      await newToken(bench, wire, next);

      assertAnswer(await bench.sendUpdate(wire, makeUpdate(next)), 'OK');
      await clearAll();
      assert.deepEqual(await thumbprints(device.id), []);
      for (const authorization of [jwt, unspent, spentByNext]) assertAnswer(await issue(bench, wire, { authorization, clientId: device.id }), 'E401');
      assertAnswer(await bench.sendUpdate(wire, update), 'E401');
    });
  }
});
