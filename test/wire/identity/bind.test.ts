import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import { CONFIRMED, newEmail, newPhone, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { newIdentityKey, selfSigned } from './signer.ts';

/** Sections 6.1 and 6.2 of contracts/authentiq.md. */
describe('PUT /key/{PK}', () => {
  const bench = withIdentities();

  for (const wire of WIRES) {
    const bound = async (...args: [key: Parameters<typeof selfSigned>[0], claims?: object]): Promise<void> =>
      assertIdentityAnswer(await bench().bind(wire, ...args), CONFIRMED);

    it(`${wire}: v4 binds what is given, and all else stays`, async () => {
      const claimed = newIdentityKey().pk;
      const key = await bench().register({ devtoken: 'd', pk: claimed });
      const [email, phone] = [newEmail(), newPhone()];
      await bound(key, { email });
      assert.deepEqual((await bench().stored(key)).addresses, ['email']);
      await bound(key, { phone });
      const { addresses, devtoken, claimedPk } = await bench().stored(key);
      assert.deepEqual([addresses, devtoken, claimedPk], [['email', 'phone'], 'd', claimed]);
      const other = await bench().register();
      for (const taken of [{ email }, { phone }]) assertIdentityRefusal(await bench().bind(wire, other, taken), 'duplicate-hash');
    });

    it(`${wire}: v4 replaces the former hash of a kind, which is free then`, async () => {
      const [key, other] = [await bench().register(), await bench().register()];
      const [former, email, phone] = [newEmail(), newEmail(), newPhone()];
      await bound(key, { email: former, phone });
      await bound(key, { email });
      await bound(other, { email: former });
      assertIdentityRefusal(await bench().bind(wire, other, { email }), 'duplicate-hash');
      assertIdentityRefusal(await bench().bind(wire, other, { phone }), 'duplicate-hash');
    });

    it(`${wire}: v5 replaces pk and devtoken, removes the absent one, and leaves the bindings`, async () => {
      const [first, second] = [newIdentityKey().pk, newIdentityKey().pk];
      const key = await bench().register({ devtoken: 'one', pk: first });
      await bound(key, { email: newEmail() });
      const rows: readonly (readonly [claims: object, devtoken: string | null, pk: string | null])[] = [
        [{ devtoken: 'two', pk: second }, 'two', second],
        [{ devtoken: 'three' }, 'three', null],
        [{ pk: first }, null, first],
        [{ devtoken: 'four', pk: first }, 'four', first],
        [{}, null, null],
      ];
      for (const [claims, devtoken, claimedPk] of rows) {
        await bound(key, claims);
        assert.deepEqual({ ...(await bench().stored(key)), audits: [] }, { state: 'REGISTERED', claimedPk, devtoken, lastIat: null, addresses: ['email'], audits: [] });
      }
    });

    it(`${wire}: both groups take effect together, or neither does`, async () => {
      const key = await bench().register({ devtoken: 'one', pk: newIdentityKey().pk });
      const [email, phone] = [newEmail(), newPhone()];
      await bound(key, { devtoken: 'two', email, phone });
      const stored = await bench().stored(key);
      assert.deepEqual([stored.devtoken, stored.claimedPk, stored.addresses], ['two', null, ['email', 'phone']]);
      const other = await bench().register({ devtoken: 'own' });
      const before = await bench().stored(other);
      for (const claims of [{ email, phone: newPhone() }, { email: newEmail(), phone }, { devtoken: 'new', email }, { phone, iat: bench().now() }]) {
        assertIdentityRefusal(await bench().bind(wire, other, claims), 'duplicate-hash');
        assert.deepEqual(await bench().stored(other), before, 'nothing has changed');
      }
    });

    it(`${wire}: the same request twice is 200 twice, with the same state`, async () => {
      const key = await bench().register();
      for (const claims of [{ email: newEmail(), phone: newPhone() }, { devtoken: 'd', pk: newIdentityKey().pk }, { email: newEmail(), devtoken: 'e' }, {}]) {
        const jwt = selfSigned(key, claims);
        const states = [];
        for (let time = 0; time < 2; time += 1) {
          assertIdentityAnswer(await bench().send(wire, 'keyBind', { pk: key.pk, jwt }), CONFIRMED);
          const macs = await bench().sql.query('select kind, address_mac, bound_at from identity_address where pk = $1 order by kind', [key.pk]);
          states.push({ ...(await bench().stored(key)), audits: [], macs: macs.rows as unknown });
        }
        assert.deepEqual(states[1], states[0]);
      }
    });

    it(`${wire}: two spellings of an address or a number are one`, async () => {
      const [key, other] = [await bench().register(), await bench().register()];
      const [email, phone] = [newEmail(), newPhone()];
      await bound(key, { email: `  \u0041\u030A${email.toUpperCase()} `, phone: phone.replace(/(\d{3})$/, ' (.)-$1') });
      for (const claims of [{ email: `\u00E5${email}` }, { phone }]) assertIdentityRefusal(await bench().bind(wire, other, claims), 'duplicate-hash');
      await bound(other, { email });
    });

    it(`${wire}: since never changes, and each change has its audit record with member names alone`, async () => {
      const key = await bench().register({ devtoken: 'secret-token' });
      const since = (await bench().send(wire, 'keyRetrieve', key)).body;
      bench().service.clock.advance(1234);
      const email = newEmail();
      await bound(key, { email });
      await bound(key, { pk: key.pk });
      await bound(key);
      await bound(key, { devtoken: 'secret-token', phone: newPhone() });
      assert.equal((await bench().send(wire, 'keyRetrieve', key)).body, since);
      const { audits } = await bench().stored(key);
      assert.deepEqual(audits, ['identity.registered devtoken', 'identity.bound email', 'identity.bound pk,devtoken', 'identity.bound pk,devtoken', 'identity.bound pk,devtoken,phone']);
      const { rows } = await bench().sql.query('select e::text as text, actor, request_id from audit_event e where identity = $1 order by event_id', [key.pk]);
      for (const row of rows as { text: string; actor: string }[]) {
        assert.equal(row.actor, 'identity');
        assert.doesNotMatch(row.text, new RegExp(`secret-token|${email}|${key.secret}|eyJ`));
      }
    });

    it(`${wire}: keys and addresses are stored as hashes and boxes alone`, async () => {
      const key = await bench().register({ devtoken: 'plain-device-token' });
      const [email, phone] = [newEmail(), newPhone()];
      await bound(key, { email, phone });
      const { rows } = await bench().sql.query<{ text: string }>(`select convert_from(convert_to(i::text || coalesce((select string_agg(a::text, '') from identity_address a), ''), 'utf8'), 'utf8') as text
        from identity i where pk = $1`, [key.pk]);
      const text = rows[0]?.text ?? assert.fail();
      for (const plain of [email, phone, 'plain-device-token', key.secret]) {
        assert.ok(!text.includes(plain));
        assert.ok(!text.includes(Buffer.from(plain).toString('hex')));
      }
    });
  }
});
