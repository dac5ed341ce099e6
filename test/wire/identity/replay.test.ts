import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import { CONFIRMED, newEmail, secretIn, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';

const METHODS = ['keyBind', 'keyUpdate'] as const;

/** An `iat` relative to now, or none, whether it is taken, and the last one then. */
type Row = readonly [iat: number | undefined, isTaken: boolean, last: number | null];

/** Section 5, step 9, of contracts/authentiq.md, by the values of the setting `iat_guard`. */
const WALKS: Readonly<Record<'off' | 'if-present' | 'required', readonly Row[]>> = {
  'if-present': [
    [undefined, true, null], [-100, true, -100], [-100, true, -100], [-101, false, -100], [undefined, false, -100], [-50, true, -50], [250, true, 250], [0, false, 250], [250, true, 250],
  ],
  'required': [[undefined, false, null], [-100, true, -100], [undefined, false, -100], [-101, false, -100], [-99, true, -99]],
  'off': [[undefined, true, null], [-100, true, -100], [-200, true, -100], [undefined, true, -100], [0, true, 0]],
};

for (const [guard, walk] of Object.entries(WALKS)) {
  describe(`the replay guard: ${guard}`, () => {
    const bench = withIdentities({ KEYTURN_AUTHENTIQ_IAT_GUARD: guard });
    const isRequired = guard === 'required';

    for (const wire of WIRES) {
      for (const method of METHODS) {
        it(`${wire} ${method}: takes and refuses by the last iat of the key`, async () => {
          const now = bench().now();
          const key = newIdentityKey();
          const first = isRequired ? now - 1000 : null;
          secretIn(await bench().send(wire, 'keyRegister', { jwt: selfSigned(key, { iat: first ?? undefined }) }));
          for (const [iat, isTaken, last] of walk) {
            const answer = await bench().bind(wire, key, { iat: iat === undefined ? undefined : now + iat, devtoken: String(iat) }, method);
            if (isTaken) assertIdentityAnswer(answer, CONFIRMED);
            else assertIdentityRefusal(answer, 'auth-error');
            const { devtoken, lastIat } = await bench().stored(key);
            if (isTaken) assert.equal(devtoken, String(iat));
            else assert.notEqual(devtoken, String(iat));
            assert.equal(lastIat, last === null ? first : now + last);
          }
        });
      }

      it(`${wire}: counts from the registration on`, async () => {
        const now = bench().now();
        const key = newIdentityKey();
        secretIn(await bench().send(wire, 'keyRegister', { jwt: selfSigned(key, { iat: now - 10 }) }));
        assert.equal((await bench().stored(key)).lastIat, now - 10);
        const answer = await bench().bind(wire, key, { iat: now - 11 });
        if (guard === 'off') assertIdentityAnswer(answer, CONFIRMED);
        else assertIdentityRefusal(answer, 'auth-error');
        assertIdentityAnswer(await bench().bind(wire, key, { iat: now - 10 }), CONFIRMED);
      });

      it(`${wire}: is of each key alone, and a refused JWT does not count`, async () => {
        const now = bench().now();
        const [key, other] = [await bench().register({ iat: now - 20 }), await bench().register({ iat: now - 20 })];
        const email = newEmail();
        assertIdentityAnswer(await bench().bind(wire, other, { iat: now, email }), CONFIRMED);
        assertIdentityRefusal(await bench().bind(wire, key, { iat: now, email }), 'duplicate-hash');
        assertIdentityRefusal(await bench().bind(wire, key, { iat: now, aud: 'x' }), 'auth-error');
        assertIdentityAnswer(await bench().bind(wire, key, { iat: now - 15 }), CONFIRMED);
      });

      if (isRequired) {
        it(`${wire}: a registration without iat is 401`, async () => {
          assertIdentityRefusal(await bench().send(wire, 'keyRegister', { jwt: selfSigned(newIdentityKey()) }), 'auth-error');
        });
      }
    }

    it('a clock that is set back refuses nothing that the guard does not', async () => {
      const now = bench().now();
      const key = await bench().register({ iat: now });
      bench().service.clock.advance(-3_600_000);
      const answer = await bench().bind('rest', key, { iat: now });
      bench().service.clock.advance(3_600_000);
      // An hour ahead of the clock of the service: that is step 8.
      assertIdentityRefusal(answer, 'auth-error');
      assertIdentityAnswer(await bench().bind('rest', key, { iat: now }), CONFIRMED);
    });
  });
}
