import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import { CONFIRMED, secretIn, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { V1, V2, VECTOR_KEY, VECTOR_PK, selfSigned } from './signer.ts';

/** Section 11 of contracts/authentiq.md. */
describe('the test vectors of identity binding', () => {
  const bench = withIdentities();
  beforeEach(() => bench().sql.query('truncate identity, identity_address'));

  it('are what the key signs', () => {
    assert.equal(VECTOR_KEY.pk, VECTOR_PK);
    assert.equal(selfSigned(VECTOR_KEY, { devtoken: 'example-device-token' }), V1);
    assert.equal(selfSigned(VECTOR_KEY, { email: 'user@example.com', phone: '+31201234567' }), V2);
  });

  for (const wire of WIRES) {
    const put = (jwt: string, pk = VECTOR_PK) => bench().send(wire, 'keyBind', { pk, jwt });
    const post = (jwt: string) => bench().send(wire, 'keyRegister', { jwt });

    it(`${wire}: PUT with V1, key not registered: 404`, async () => {
      assertIdentityRefusal(await put(V1), 'unknown-key');
    });

    it(`${wire}: POST with V1, then again: 201, then 409`, async () => {
      const answer = await post(V1);
      const secret = secretIn(answer);
      assert.match(secret, /^[\w-]{43}$/);
      assertIdentityAnswer(answer, `{"status":"registered","secret":"${secret}"}`, 201);
      assertIdentityRefusal(await post(V1), 'duplicate-key');
    });

    it(`${wire}: PUT with V1, then V2: 200 twice; the device token stays after V2`, async () => {
      await post(V1);
      assertIdentityAnswer(await put(V1), CONFIRMED);
      assertIdentityAnswer(await put(V2), CONFIRMED);
      const { devtoken, addresses } = await bench().stored(VECTOR_KEY);
      assert.deepEqual([devtoken, addresses], ['example-device-token', ['email', 'phone']]);
    });

    it(`${wire}: V2 while another key holds the e-mail address: 409, and the phone number is not bound either`, async () => {
      await post(V1);
      const other = await bench().register();
      assertIdentityAnswer(await bench().bind(wire, other, { email: 'user@example.com' }), CONFIRMED);
      assertIdentityRefusal(await put(V2), 'duplicate-hash');
      assert.deepEqual((await bench().stored(VECTOR_KEY)).addresses, []);
    });

    it(`${wire}: PUT with JSON in the place of the JWT: 400`, async () => {
      await post(V1);
      assertIdentityRefusal(await put(JSON.stringify({ sub: VECTOR_PK })), 'bad-request');
    });

    it(`${wire}: the last character U of the PK in the path replaced by V: 404`, async () => {
      await post(V1);
      const pk = VECTOR_PK.replace(/U$/, 'V');
      assertIdentityRefusal(await put(V1, pk), 'unknown-key');
      assertIdentityRefusal(await bench().send(wire, 'keyRetrieve', { pk }), 'unknown-key');
    });
  }
});
