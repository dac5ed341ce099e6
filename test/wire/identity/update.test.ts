import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { before, describe, it } from 'mocha';
import { placeOf } from '../../../src/crypto/key_ring.ts';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { testKeyRing } from '../resets.ts';
import { CONFIRMED, newEmail, newPhone, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { issued, newIdentityKey } from './signer.ts';
import type { IdentityKey } from './signer.ts';

const [IN_SETTINGS, IN_TABLE, REVOKED_OWN] = [newIdentityKey(), newIdentityKey(), newIdentityKey()];
const [SETTINGS_ISSUER, TABLE_ISSUER] = ['https://settings.example', 'https://table.example'];

interface Scope {
  readonly by?: IdentityKey;
  readonly claims?: object;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** 6.5 of contracts/authentiq.md: what a member of `scopes` may have wrong. */
const REFUSED: Readonly<Record<string, (sub: string, now: number) => Scope>> = {
  'iss that nobody trusts': () => ({ claims: { iss: 'https://other.example' } }),
  'no iss': () => ({ claims: { iss: undefined } }),
  'iss a number': () => ({ claims: { iss: 1 } }),
  'iss with a NUL': () => ({ claims: { iss: `${SETTINGS_ISSUER}\0` } }),
  'the iss of another trusted issuer': () => ({ claims: { iss: TABLE_ISSUER } }),
  'its own key as issuer': (sub) => ({ claims: { iss: sub } }),
  'the signature of another key': () => ({ by: newIdentityKey(), header: { kid: IN_SETTINGS.pk } }),
  'kid another key': () => ({ header: { kid: IN_TABLE.pk } }),
  'alg none': () => ({ header: { alg: 'none' } }),
  'alg HS256': () => ({ header: { alg: 'HS256' } }),
  'crit': () => ({ header: { crit: ['exp'] } }),
  'sub another key': () => ({ claims: { sub: newIdentityKey().pk } }),
  'no sub': () => ({ claims: { sub: undefined } }),
  'no scope': () => ({ claims: { scope: undefined } }),
  'scope of another kind': () => ({ claims: { scope: 'address' } }),
  'scope without its claim': () => ({ claims: { scope: 'phone' } }),
  'an address that is none': () => ({ claims: { email: 'nobody' } }),
  'no exp': () => ({ claims: { exp: undefined } }),
  'exp now': (_, now) => ({ claims: { exp: now } }),
  'exp a text': (_, now) => ({ claims: { exp: String(now + 60) } }),
  'nbf in the future': (_, now) => ({ claims: { nbf: now + 5 } }),
  'iat 310 s ahead': (_, now) => ({ claims: { iat: now + 310 } }),
};

describe('POST /key/{PK}', () => {
  const bench = withIdentities({ KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: JSON.stringify([{ issuer: SETTINGS_ISSUER, public_key: IN_SETTINGS.pk }]) });
  before(async () => {
    const { sql } = bench();
    await sql.query('insert into trusted_issuer (issuer, public_key, created_at) values ($1, $2, now())', [TABLE_ISSUER, IN_TABLE.pk]);
    await sql.query(`insert into issuer_key (public_key, issuer, key_id, box, created_at, revoked_at) values ($1, 'main', 'k', '', now(), now())`, [REVOKED_OWN.pk]);
  });

  /** The key by which the service itself countersigns. */
  const ownKey = async (): Promise<IdentityKey> => {
    const { rows } = await bench().sql.query<{ pk: string; keyId: string; box: Buffer }>(
      `select public_key as pk, key_id as "keyId", box from issuer join issuer_key on public_key = current_key where name = 'main'`,
    );
    const { pk, ...sealed } = rows[0] ?? assert.fail();
    return { pk, privateKey: createPrivateKey({ key: testKeyRing().open(placeOf.issuerKey(pk), sealed), type: 'pkcs8', format: 'der' }) };
  };

  const scopeOf = ({ pk: sub }: IdentityKey, { by = IN_SETTINGS, claims = {}, header }: Scope): string =>
    issued(by, { iss: SETTINGS_ISSUER, sub, scope: 'email', email: newEmail(), exp: bench().now() + 60, ...claims }, header);

  const update = (wire: Wire, key: IdentityKey, scopes: readonly Scope[], claims: object = {}): Promise<Answer> =>
    bench().bind(wire, key, { ...claims, scopes: scopes.map((scope) => scopeOf(key, scope)) }, 'keyUpdate');

  for (const wire of WIRES) {
    it(`${wire}: sets what is given of devtoken and pk, and leaves the rest`, async () => {
      const [first, second] = [newIdentityKey().pk, newIdentityKey().pk];
      const key = await bench().register({ devtoken: 'one', pk: first });
      const rows: readonly (readonly [claims: object, devtoken: string, pk: string])[] = [
        [{}, 'one', first], [{ devtoken: 'two' }, 'two', first], [{ pk: second }, 'two', second], [{ devtoken: 'three', pk: first, scopes: [] }, 'three', first],
      ];
      for (const [claims, devtoken, claimedPk] of rows) {
        assertIdentityAnswer(await bench().bind(wire, key, claims, 'keyUpdate'), CONFIRMED);
        const stored = await bench().stored(key);
        assert.deepEqual([stored.devtoken, stored.claimedPk], [devtoken, claimedPk]);
      }
      assert.deepEqual((await bench().stored(key)).audits.slice(1), ['identity.updated', 'identity.updated devtoken', 'identity.updated pk', 'identity.updated pk,devtoken']);
    });

    it(`${wire}: binds what an issuer of the settings, of the table and the service itself vouch for`, async () => {
      const key = await bench().register();
      const own = { by: await ownKey(), claims: { iss: bench().service.url } };
      const issuers: readonly Scope[] = [{}, { by: IN_TABLE, claims: { iss: TABLE_ISSUER } }, own];
      for (const { by, claims } of issuers) {
        const email = newEmail();
        assertIdentityAnswer(await update(wire, key, [{ ...(by && { by }), claims: { ...claims, email } }]), CONFIRMED);
        assertIdentityRefusal(await bench().bind(wire, await bench().register(), { email }), 'duplicate-hash');
      }
      const phone = newPhone();
      assertIdentityAnswer(await update(wire, key, [{ claims: { scope: 'phone', phone, email: undefined } }, { header: { kid: undefined, alg: 'EdDSA' } }]), CONFIRMED);
      assert.deepEqual((await bench().stored(key)).addresses, ['email', 'phone']);
      assertIdentityRefusal(await bench().bind(wire, await bench().register(), { phone }), 'duplicate-hash');
    });

    it(`${wire}: plain addresses bind nothing`, async () => {
      const [key, email, phone] = [await bench().register(), newEmail(), newPhone()];
      assertIdentityAnswer(await bench().bind(wire, key, { email, phone }, 'keyUpdate'), CONFIRMED);
      assert.deepEqual((await bench().stored(key)).addresses, []);
      assertIdentityAnswer(await bench().bind(wire, await bench().register(), { email, phone }), CONFIRMED);
    });

    it(`${wire}: of eight JWTs the last one of each kind stands`, async () => {
      const key = await bench().register();
      const emails = Array.from({ length: 7 }, () => newEmail());
      const phone = { scope: 'phone', phone: newPhone() };
      assertIdentityAnswer(await update(wire, key, [{ claims: phone }, ...emails.map((email) => ({ claims: { email } }))]), CONFIRMED);
      const other = await bench().register();
      for (const email of emails.slice(0, 6)) assertIdentityAnswer(await bench().bind(wire, other, { email }), CONFIRMED);
      assertIdentityRefusal(await bench().bind(wire, other, { email: emails[6] }), 'duplicate-hash');
    });

    it(`${wire}: a taken address is 409, and nothing changes`, async () => {
      const [key, email] = [await bench().register({ devtoken: 'one' }), newEmail()];
      assertIdentityAnswer(await bench().bind(wire, await bench().register(), { email }), CONFIRMED);
      const stored = await bench().stored(key);
      const scopes = [{ claims: { scope: 'phone', phone: newPhone() } }, { claims: { email: email.toUpperCase() } }];
      assertIdentityRefusal(await update(wire, key, scopes, { devtoken: 'two', iat: bench().now() }), 'duplicate-hash');
      assert.deepEqual(await bench().stored(key), stored);
    });

    for (const [name, make] of Object.entries(REFUSED)) {
      it(`${wire}: a JWT in scopes with ${name} is 401, and nothing changes`, async () => {
        const key = await bench().register({ devtoken: 'one' });
        const stored = await bench().stored(key);
        const scopes = [{ claims: { scope: 'phone', phone: newPhone() } }, make(key.pk, bench().now())];
        assertIdentityRefusal(await update(wire, key, scopes, { devtoken: 'two' }), 'auth-error');
        assert.deepEqual(await bench().stored(key), stored);
      });
    }

    it(`${wire}: the service's own revoked keys and its test issuer are not trusted`, async () => {
      const key = await bench().register();
      const iss = bench().service.url;
      assertIdentityRefusal(await update(wire, key, [{ by: REVOKED_OWN, claims: { iss } }]), 'auth-error');
      assertIdentityRefusal(await update(wire, key, [{ by: await ownKey(), claims: { iss: `${iss}/test` } }]), 'auth-error');
    });
  }
});
