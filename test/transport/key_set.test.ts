import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { createLocalJWKSet, createRemoteJWKSet, importJWK, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { describe, it } from 'mocha';
import { KeyRing } from '../../src/crypto/key_ring.ts';
import { signIssued } from '../../src/services/issuers/issued_jwt.ts';
import type { SigningKey } from '../../src/services/issuers/issued_jwt.ts';
import { IssuerKeys } from '../../src/services/issuers/issuer_keys.ts';
import { IssuerStore } from '../../src/db/issuer.ts';
import { MASTER_KEYS } from '../support/service.ts';
import { parseKeyRing } from '../../src/config/index.ts';
import { assertDone, operate, revokeIssuerKey, rotateIssuerKey } from '../wire/operator.ts';
import { withBench } from '../wire/rows.ts';

const PATH = '/.well-known/jwks.json';
const ISS = 'https://keyturn.example';

describe('the key set', () => {
  const bench = withBench({ KEYTURN_AUTHENTIQ_ISSUER: ISS, KEYTURN_AUTHENTIQ_TEST_ISSUER: 'on' });
  const url = (): URL => new URL(PATH, bench().service.url);
  const fetched = async (): Promise<JSONWebKeySet> => (await (await fetch(url())).json()) as JSONWebKeySet;

  /** The key that signs, opened by the key ring as the service does. */
  async function signingKey(name = 'main'): Promise<SigningKey> {
    const { rows: [row] } = await bench().sql.query<{ public_key: string; key_id: string; box: Buffer }>(
      'select public_key, key_id, box from issuer join issuer_key on public_key = current_key where name = $1', [name],
    );
    assert.ok(row);
    const keys = new IssuerKeys(new KeyRing(parseKeyRing(MASTER_KEYS)), new IssuerStore(bench().service.app.database.run));
    return keys.open({ publicKey: row.public_key, keyId: row.key_id, box: row.box });
  }

  const jwtOf = async (name?: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000);
    return signIssued(await signingKey(name), { iss: ISS, sub: 'A'.repeat(43), address: { kind: 'email', value: 'user@example.com' }, iat, exp: iat + 60 });
  };

  it('has the form of RFC 7517 and RFC 8037', async () => {
    const { publicKey } = await signingKey();
    assert.deepEqual(await fetched(), { keys: [{ kty: 'OKP', crv: 'Ed25519', x: publicKey, kid: publicKey, use: 'sig' }] });
  });

  it('may be kept for a minute, by one header alone', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, body } = await bench().rest.send({ method, target: PATH });
      assert.equal(status, 200);
      assert.deepEqual(headers.get('cache-control'), ['public, max-age=60']);
      assert.deepEqual(headers.get('content-type'), ['application/json']);
      assert.deepEqual(headers.get('x-content-type-options'), ['nosniff']);
      assert.equal(body === '', method === 'HEAD');
    }
    const other = await bench().rest.send({ method: 'GET', target: '/livez' });
    assert.deepEqual(other.headers.get('cache-control'), ['no-store']);
    const query = await bench().rest.send({ method: 'GET', target: `${PATH}?x=1` });
    assert.equal(query.status, 200);
    const post = await bench().rest.send({ method: 'POST', target: PATH });
    assert.deepEqual([post.status, post.headers.get('allow')], [405, ['GET, HEAD, OPTIONS']]);
    assert.equal((await bench().rest.send({ method: 'GET', target: '/.well-known/' })).status, 404);
  });

  it('checks what was signed before and after rotations, with jose and with node:crypto alone, and not what a revoked key has signed', async () => {
    const remote = createRemoteJWKSet(url(), { cooldownDuration: 0 });
    const jwts: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      jwts.push(await jwtOf());
      for (const jwt of jwts) {
        for (const keys of [remote, createLocalJWKSet(await fetched())]) {
          const { payload, protectedHeader } = await jwtVerify(jwt, keys, { issuer: ISS, algorithms: ['Ed25519'] });
          assert.deepEqual([payload['email'], protectedHeader.alg], ['user@example.com', 'Ed25519']);
        }
        assert.ok(await verifiesAlone(jwt));
      }
      assertDone(await bench().operator('POST', '/v1/issuer-keys:rotate'));
    }
    const { keys } = await fetched();
    assert.deepEqual(keys.map(({ kid }) => kid), [(await signingKey()).publicKey, ...jwts.map(kidOf).toReversed()]);
    const [first = '', ...others] = jwts;
    assertDone(await operate(bench(), 'rest', revokeIssuerKey({ public_key: kidOf(first) })));
    const after = createLocalJWKSet(await fetched());
    await assert.rejects(jwtVerify(first, after), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    await assert.rejects(jwtVerify(first, createRemoteJWKSet(url())), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    assert.equal(await verifiesAlone(first), false);
    for (const jwt of others) await jwtVerify(jwt, after);
  });

  it('lacks the keys of the test issuer', async () => {
    const jwt = await jwtOf('test');
    await assert.rejects(jwtVerify(jwt, createRemoteJWKSet(url())), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    assertDone(await operate(bench(), 'grpc', rotateIssuerKey({ test: true })));
    const test = await signingKey('test');
    assert.ok((await fetched()).keys.every(({ kid }) => kid !== test.publicKey && kid !== kidOf(jwt)));
  });

  it('has keys that libraries take under either word for their algorithm', async () => {
    const [jwk] = (await fetched()).keys;
    for (const alg of ['Ed25519', 'EdDSA']) assert.ok(await importJWK(jwk ?? assert.fail(), alg));
  });

  async function verifiesAlone(jwt: string): Promise<boolean> {
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const jwk = (await fetched()).keys.find((key) => key.kid === kid);
    if (jwk === undefined) return false;
    return verify(null, Buffer.from(`${header}.${payload}`), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64url'));
  }
});

function kidOf(jwt: string): string {
  return (JSON.parse(Buffer.from(jwt.split('.', 1)[0] ?? '', 'base64url').toString()) as { kid: string }).kid;
}
