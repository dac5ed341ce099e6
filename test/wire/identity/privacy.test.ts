import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { newEmail, newPhone, withIdentities } from './bench.ts';
import type { KeyMethod } from './bench.ts';
import { assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';

const METHODS: readonly KeyMethod[] = ['keyRegister', 'keyBind', 'keyUpdate'];

/** An answer without what differs from call to call. */
function comparable(answer: Answer): unknown {
  return { ...answer, headers: [...answer.headers].filter(([name]) => name !== 'date' && name !== 'x-request-id') };
}

describe('the privacy of addresses', () => {
  const bench = withIdentities();

  for (const wire of WIRES) {
    it(`${wire}: whether an address is bound shows in no refusal but 409, which takes a proof`, async () => {
      const [email, free] = [newEmail(), newEmail()];
      await bench().bind(wire, await bench().register(), { email });
      const [key, revoked] = [await bench().register(), await bench().revoked()];
      const stranger = newIdentityKey();
      for (const method of METHODS) {
        for (const sender of [key, revoked, stranger]) {
          const answers = await Promise.all([email, free].map((address) => bench().send(wire, method, { pk: sender.pk, jwt: selfSigned(sender, { email: address }, { signer: stranger.privateKey, header: { alg: 'none' } }) })));
          assert.deepEqual(...(answers.map(comparable) as [unknown, unknown]));
        }
      }
      assertIdentityRefusal(await bench().bind(wire, key, { email }), 'duplicate-hash');
    });

    it(`${wire}: no address is looked for before the proof is accepted`, async () => {
      const key = await bench().register();
      const email = newEmail();
      await bench().bind(wire, await bench().register(), { email });
      const holder = await bench().sql.connect();
      try {
        await holder.query('begin');
        await holder.query('lock table identity_address in access exclusive mode');
        // Whoever looked there now would wait for the lock.
        assertIdentityRefusal(await bench().send(wire, 'keyBind', { pk: key.pk, jwt: selfSigned(key, { email }, { signer: newIdentityKey().privateKey }) }), 'auth-error');
        await holder.query('rollback');
      } finally {
        holder.release();
      }
    });

    it(`${wire}: no log line, at debug level either, holds an address, a JWT, a token or a secret`, async () => {
      const { lines } = bench().service;
      lines.length = 0;
      const [email, phone, devtoken] = [newEmail(), newPhone(), 'the-device-token'];
      const key = await bench().register({ devtoken, email, phone });
      const other = await bench().register();
      const claims = { email, phone, devtoken };
      const answers = [
        await bench().bind(wire, key, claims), await bench().bind(wire, other, claims), await bench().bind(wire, key, claims, 'keyUpdate'),
        await bench().bind(wire, key, { ...claims, exp: 0 }), await bench().bind(wire, key, { ...claims, pk: 'x' }), await bench().bind(wire, newIdentityKey(), claims),
        await bench().send(wire, 'keyRegister', { jwt: selfSigned(key, claims) }), await bench().send(wire, 'keyBind', { pk: key.pk, jwt: JSON.stringify(claims) }),
        await bench().send(wire, 'keyRevoke', { ...key, secret: other.secret }), await bench().send(wire, 'keyRevoke', key),
      ];
      const text = lines.map((line) => JSON.stringify(line)).join('\n');
      assert.ok(lines.length >= 2 * answers.length, 'requests are logged too');
      for (const needle of [email, phone, phone.slice(1), devtoken, key.secret, other.secret, 'eyJ', selfSigned(key, claims).split('.')[1] ?? '']) {
        assert.ok(!text.includes(needle), `${needle} is in the log`);
        for (const { body, headers } of answers) assert.ok(!`${body}${[...headers].join()}`.includes(needle), `${needle} is in an answer`);
      }
    });
  }
});
