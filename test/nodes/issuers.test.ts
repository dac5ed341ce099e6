import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { describe, it } from 'mocha';
import { startChild } from '../faults/fixtures/child.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { newEmail, secretIn, sendKey } from '../wire/identity/bench.ts';
import { identityErrorOf } from '../wire/identity/errors.ts';
import { claimsOf, codeIn, confirmJob, jwtIn, messagesOf, requestJob, updateJob } from '../wire/identity/jobs.ts';
import { newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import { assertDone, createTrustedIssuer, listIssuerKeys, operate, revokeIssuerKey, rotateIssuerKey } from '../wire/operator.ts';
import { Node, Nodes, withNodes } from './nodes.ts';

const WIDE = {
  KEYTURN_AUTHENTIQ_ISSUER: 'https://keyturn.example', KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE: '100000',
  KEYTURN_AUTHENTIQ_JOBS_PER_PREFIX_PER_MINUTE: '100000', KEYTURN_AUTHENTIQ_JOBS_PER_MINUTE: '100000',
};

async function keySetOf({ rest }: Node): Promise<JSONWebKeySet> {
  const { status, body } = await rest.send({ method: 'GET', target: '/.well-known/jwks.json' });
  assert.equal(status, 200);
  return JSON.parse(body) as JSONWebKeySet;
}

async function registered(node: Node, wire: Wire): Promise<ReturnType<typeof newIdentityKey>> {
  const key = newIdentityKey();
  secretIn(await sendKey(node, wire, 'keyRegister', { jwt: selfSigned(key) }));
  return key;
}

describe('two nodes: the keys of the service', () => {
  for (let round = 1; round <= 3; round += 1) {
    it(`both start at once on an empty database, and have one key of hashes and one issuer key between them (${round} of 3)`, async () => {
      await using nodes = await Nodes.start(WIDE);
      const { rows } = await nodes.sql.query('select (select count(*)::int from service_key) as hashes, (select count(*)::int from issuer_key) as keys, (select count(*)::int from issuer) as issuers');
      assert.deepEqual(rows, [{ hashes: 1, keys: 1, issuers: 1 }]);
      const sets = [await keySetOf(nodes.first), await keySetOf(nodes.second)];
      assert.equal(sets[0]?.keys.length, 1);
      assert.deepEqual(sets[0], sets[1]);
      // An address that is bound at one node is known at the other.
      const email = newEmail();
      const [one, other] = [await registered(nodes.first, 'rest'), await registered(nodes.second, 'grpc')];
      const bind = (node: Node, key: typeof one): Promise<Answer> => sendKey(node, 'rest', 'keyBind', { pk: key.pk, jwt: selfSigned(key, { email }) });
      assert.equal(identityErrorOf(await bind(nodes.first, one)), undefined);
      assert.equal(identityErrorOf(await bind(nodes.second, other)), 'duplicate-hash');
    });
  }
});

describe('two nodes: rotations of the issuer key', () => {
  const nodes = withNodes(WIDE);

  /** A job that waits to be signed. */
  async function confirmed(node: Node, wire: Wire): Promise<string> {
    const key = await registered(node, wire);
    const { job } = JSON.parse((await requestJob(node, wire, selfSigned(key, claimsOf('email', newEmail())))).body) as { job: string };
    const [message] = await messagesOf(nodes().sql, key.pk);
    assert.ok(message);
    assert.equal(identityErrorOf(await confirmJob(node, wire, job, codeIn(message))), undefined);
    return job;
  }

  it('two at once, one at each node: one key is active afterwards, both are in the list of either', async () => {
    for (let round = 0; round < 10; round += 1) {
      const wire = WIRES[round % 2] ?? 'rest';
      const made = await Promise.all([nodes().first, nodes().second].map(async (node) => assertDone(await operate(node, wire, rotateIssuerKey())) as { public_key: string }));
      for (const node of [nodes().first, nodes().second]) {
        const { issuer_keys: keys } = assertDone(await operate(node, wire, listIssuerKeys())) as { issuer_keys: { public_key: string; state: string }[] };
        assert.equal(keys.filter(({ state }) => state === 'ACTIVE').length, 1);
        for (const { public_key: key } of made) assert.ok(keys.some(({ public_key: listed }) => listed === key));
        assert.equal((await keySetOf(node)).keys[0]?.kid, keys.find(({ state }) => state === 'ACTIVE')?.public_key);
      }
    }
  });

  it('what is signed while keys are rotated verifies, at either node', async () => {
    const jobs = await Promise.all(Array.from({ length: 32 }, (_, index) => {
      const [node, wire] = nodes().turn(index);
      return confirmed(node, wire);
    }));
    const rotations = (async () => {
      for (let index = 0; index < 8; index += 1) {
        const [node, wire] = nodes().turn(index);
        assertDone(await operate(node, wire, rotateIssuerKey()));
      }
    })();
    const signed: string[] = [];
    for (let start = 0; start < jobs.length; start += 4) {
      signed.push(...(await Promise.all(jobs.slice(start, start + 4).map(async (job, index) => {
        const [node, wire] = nodes().turn(index);
        return jwtIn(await updateJob(node, wire, job));
      }))));
    }
    await rotations;
    for (const node of [nodes().first, nodes().second]) {
      const keys = createLocalJWKSet(await keySetOf(node));
      for (const jwt of signed) await jwtVerify(jwt, keys, { issuer: WIDE.KEYTURN_AUTHENTIQ_ISSUER });
    }
    assert.equal(new Set(signed).size, jobs.length);
  });

  /** What the first node has signed, by which key, and a call that hands it in at another one. */
  async function signedByFirst(): Promise<{ kid: string; handIn: (node: Node) => Promise<string | undefined> }> {
    const key = await registered(nodes().first, 'rest');
    const { job } = JSON.parse((await requestJob(nodes().first, 'rest', selfSigned(key, claimsOf('email', newEmail())))).body) as { job: string };
    const [message] = await messagesOf(nodes().sql, key.pk);
    await confirmJob(nodes().first, 'rest', job, codeIn(message ?? assert.fail()));
    const jwt = jwtIn(await updateJob(nodes().first, 'rest', job));
    const { kid } = JSON.parse(Buffer.from(jwt.split('.', 1)[0] ?? '', 'base64url').toString()) as { kid: string };
    return { kid, handIn: async (node) => identityErrorOf(await sendKey(node, 'grpc', 'keyUpdate', { pk: key.pk, jwt: selfSigned(key, { scopes: [jwt] }) })) };
  }

  it('what one node has signed, the other takes as the word of an issuer, under a retired key too', async () => {
    const { kid, handIn } = await signedByFirst();
    assertDone(await operate(nodes().second, 'grpc', rotateIssuerKey()));
    assert.equal(await handIn(nodes().second), undefined);
    assertDone(await operate(nodes().first, 'rest', revokeIssuerKey({ public_key: kid })));
    assert.equal(await handIn(nodes().second), 'auth-error', 'not once it is revoked');
  });

  it('what was signed under another name counts if that is trusted, until its key is revoked', async () => {
    const { kid, handIn } = await signedByFirst();
    await using renamed = new Node(await startChild({ ...nodes().settings, KEYTURN_AUTHENTIQ_ISSUER: 'https://renamed.example' }));
    assert.equal(await handIn(renamed), 'auth-error');
    assertDone(await operate(renamed, 'rest', createTrustedIssuer({ issuer: WIDE.KEYTURN_AUTHENTIQ_ISSUER, public_key: kid })));
    assert.equal(await handIn(renamed), undefined);
    assertDone(await operate(renamed, 'grpc', rotateIssuerKey()));
    assertDone(await operate(renamed, 'rest', revokeIssuerKey({ public_key: kid })));
    assert.equal(await handIn(renamed), 'auth-error');
  });
});
