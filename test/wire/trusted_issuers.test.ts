import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'mocha';
import { ecPair, rsaPair, spkiOf } from '../crypto/keys.ts';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import { oneLine } from './jwt.ts';
import { assertDone, assertRefused, createTrustedIssuer, deleteTrustedIssuer, listAuditEvents, listTrustedIssuers, operate } from './operator.ts';
import type { OperatorCall, OperatorReason } from './operator.ts';
import { withBench } from './rows.ts';

type Members = Record<string, unknown>;

const GIVEN = { issuer: 'https://given.example', public_key: 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U' };
const OWN = 'https://own.example/path';
const SETTINGS = { KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: JSON.stringify([GIVEN]), KEYTURN_AUTHENTIQ_ISSUER: OWN };

/** Points of small order, and 32 bytes that are none. */
const SMALL_OR_NONE = [Buffer.alloc(32), Buffer.from([1, ...Buffer.alloc(31)]), Buffer.alloc(32, 255)].map((bytes) => bytes.toString('base64url'));

/** A new key in its three spellings, and the private one. */
function newKey(): { name: string; pem: string; jwk: string; privatePem: string; privateJwk: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const jwk = publicKey.export({ format: 'jwk' });
  return {
    name: String(jwk.x),
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    jwk: JSON.stringify(jwk),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateJwk: JSON.stringify(privateKey.export({ format: 'jwk' })),
  };
}

describe('the operator API: trusted issuers', () => {
  const bench = withBench(SETTINGS);
  const done = async (wire: Wire, asked: OperatorCall): Promise<Members> => assertDone(await operate(bench(), wire, asked)) as Members;
  const refused = async (wire: Wire, asked: OperatorCall, reason: OperatorReason, fields: readonly string[] = []): Promise<void> =>
    assertRefused(await operate(bench(), wire, asked), reason, fields);
  const listed = async (wire: Wire): Promise<Members[]> => (await done(wire, listTrustedIssuers()))['trusted_issuers'] as Members[];
  const trail = async (wire: Wire, size: number): Promise<Members[]> => {
    const { audit_events: events } = await done(wire, listAuditEvents({ page_size: size }));
    return (events as Members[]).map(({ action, actor, details }) => ({ action, actor, details }));
  };

  for (const wire of WIRES) {
    const other: Wire = wire === 'rest' ? 'grpc' : 'rest';

    it(`${wire}: one is trusted with several keys, listed after those of the settings, and trusted no more`, async () => {
      const issuer = `https://${wire}.example/\u00e4?x=1&y=%20`;
      const keys = [newKey(), newKey(), newKey()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
      const spelled = [keys[0]?.name, `\n${keys[1]?.pem}\n`, keys[2]?.jwk];
      const made: Members[] = [];
      for (const [index, key] of keys.entries()) {
        const trusted = await done(wire, createTrustedIssuer({ issuer, public_key: spelled[index] }));
        assert.deepEqual({ ...trusted, created_at: '' }, { issuer, public_key: key.name, created_at: '', from_settings: false });
        assert.deepEqual(await trail(other, 1), [{ action: 'trusted_issuer.created', actor: 'operator', details: { issuer, public_key: key.name } }]);
        assert.deepEqual(await done(other, createTrustedIssuer({ issuer, public_key: key.pem })), trusted, 'once more changes nothing');
        made.push(trusted);
      }
      const [first, ...others] = await listed(other);
      assert.deepEqual({ ...first, created_at: null }, { ...GIVEN, created_at: null, from_settings: true });
      assert.deepEqual(others, made);

      assert.deepEqual(await done(wire, deleteTrustedIssuer({ issuer, public_key: keys[1]?.name })), {});
      assert.deepEqual(await trail(wire, 1), [{ action: 'trusted_issuer.removed', actor: 'operator', details: { issuer, public_key: keys[1]?.name } }]);
      await refused(wire, deleteTrustedIssuer({ issuer, public_key: keys[1]?.name }), 'TRUSTED_ISSUER_NOT_FOUND');
      await refused(wire, deleteTrustedIssuer({ issuer, public_key: `${keys[2]?.name}=` }), 'TRUSTED_ISSUER_NOT_FOUND');
      assert.deepEqual(await done(wire, deleteTrustedIssuer({ issuer })), {});
      assert.equal((await trail(wire, 2)).filter(({ action }) => action === 'trusted_issuer.removed').length, 2);
      await refused(wire, deleteTrustedIssuer({ issuer }), 'TRUSTED_ISSUER_NOT_FOUND');
      assert.equal((await listed(wire)).length, 1);
    });

    it(`${wire}: what is no Ed25519 public key is refused, and is told nowhere`, async () => {
      const key = newKey();
      const ed448 = generateKeyPairSync('ed448').publicKey;
      const x25519 = generateKeyPairSync('x25519').publicKey;
      const texts = [
        key.privatePem, key.privateJwk, oneLine(spkiOf(ecPair('prime256v1'))), oneLine(spkiOf(rsaPair(2048))),
        ed448.export({ type: 'spki', format: 'pem' }).toString(), x25519.export({ type: 'spki', format: 'pem' }).toString(),
        JSON.stringify(x25519.export({ format: 'jwk' })), ...SMALL_OR_NONE,
        `${key.name}=`, key.name.slice(0, -1), `${key.name.slice(0, -1)}_`, '{}', '[]', 'null', 'x', '-----BEGIN PUBLIC KEY-----', JSON.stringify({ ...JSON.parse(key.jwk), use: 'enc' }),
        key.pem.replace('\n', '\nA'), 'x'.repeat(8193), 'a\0', '',
      ];
      for (const text of texts) {
        const answer = await operate(bench(), wire, createTrustedIssuer({ issuer: 'https://bad.example', public_key: text }));
        assertRefused(answer, 'INVALID_ARGUMENT', ['public_key']);
        if (text.length > 40) assert.ok(!JSON.stringify([answer.body, ...answer.headers]).includes(text.slice(30, 60)));
      }
      const logged = JSON.stringify(bench().service.lines);
      for (const secret of [key.privatePem.split('\n')[1], (JSON.parse(key.privateJwk) as { d: string }).d]) assert.ok(!logged.includes(secret ?? assert.fail()));
      assert.ok(!(await listed(wire)).some(({ issuer }) => issuer === 'https://bad.example'));
    });

    it(`${wire}: an issuer has a name of 1 to 512 characters, and is not Keyturn itself`, async () => {
      const { name: publicKey } = newKey();
      for (const issuer of ['', 'x'.repeat(513), 'a\0', OWN, `${OWN}/test`]) await refused(wire, createTrustedIssuer({ issuer, public_key: publicKey }), 'INVALID_ARGUMENT', ['issuer']);
      for (const issuer of ['', 'x'.repeat(513)]) await refused(wire, deleteTrustedIssuer({ issuer }), 'INVALID_ARGUMENT', ['issuer']);
      await refused(wire, createTrustedIssuer({}), 'INVALID_ARGUMENT', ['issuer', 'public_key']);
      for (const issuer of ['x', '\u{1f511}'.repeat(256), `${OWN}/`]) {
        assert.equal((await done(wire, createTrustedIssuer({ issuer, public_key: publicKey })))['issuer'], issuer);
        await done(wire, deleteTrustedIssuer({ issuer }));
      }
    });

    it(`${wire}: what only the settings name stays`, async () => {
      await refused(wire, deleteTrustedIssuer({ issuer: GIVEN.issuer }), 'TRUSTED_ISSUER_NOT_FOUND');
      await refused(wire, deleteTrustedIssuer(GIVEN), 'TRUSTED_ISSUER_NOT_FOUND');
      assert.equal((await done(wire, createTrustedIssuer(GIVEN)))['from_settings'], false);
      assert.deepEqual((await listed(wire)).map(({ from_settings: from }) => from), [true, false]);
      await done(wire, deleteTrustedIssuer(GIVEN));
      assert.deepEqual((await listed(wire)).map(({ from_settings: from }) => from), [true]);
    });
  }

  it('the same trust given many times at once is one', async () => {
    const { name: publicKey } = newKey();
    const asked = createTrustedIssuer({ issuer: 'https://crowd.example', public_key: publicKey });
    const made = await Promise.all(Array.from({ length: 16 }, (_, index) => done(WIRES[index % 2] ?? 'rest', asked)));
    assert.ok(made.every(({ public_key: key }) => key === publicKey));
    assert.equal((await trail('rest', 1000)).filter(({ details }) => (details as Members)['issuer'] === 'https://crowd.example').length, 1);
  });
});
