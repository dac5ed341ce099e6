import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { CALLERS } from '../races/crowd.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { newEmail, newPhone, secretIn, sendKey } from '../wire/identity/bench.ts';
import { assertIdentityRefusal, identityErrorOf } from '../wire/identity/errors.ts';
import { WIDE, assertJobAnswer, claimsOf, codeIn, confirmJob, deleteJob, jwtIn, messagesOf, payloadOf, requestJob, retrieveJob, storedJobsOf, updateJob, wrongCode } from '../wire/identity/jobs.ts';
import { revokeNosecret } from '../wire/identity/revocations.ts';
import { issued, newIdentityKey, selfSigned } from '../wire/identity/signer.ts';
import type { IdentityKey } from '../wire/identity/signer.ts';
import { withNodes } from './nodes.ts';
import type { Node } from './nodes.ts';

const ISS = 'https://keyturn.example';
const OUTSIDE = newIdentityKey();
const OUTSIDE_ISS = 'https://outside.example';

/** Nodes that are one service have one name, and so one issuer. */
const SETTINGS = {
  ...WIDE, KEYTURN_PEER_FAILURES_PER_MINUTE: '100000', KEYTURN_AUTHENTIQ_ISSUER: ISS,
  KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: JSON.stringify([{ issuer: OUTSIDE_ISS, public_key: OUTSIDE.pk }]),
};

/** How many succeeded. */
function doneOf(answers: readonly Answer[]): number {
  return answers.filter((answer) => identityErrorOf(answer) === undefined).length;
}

describe('two nodes: jobs', () => {
  const nodes = withNodes(SETTINGS);

  const register = async (): Promise<IdentityKey> => {
    const key = newIdentityKey();
    secretIn(await sendKey(nodes().first, 'rest', 'keyRegister', { jwt: selfSigned(key) }));
    return key;
  };
  /** A job that waits for its code, opened at the first node. */
  const waiting = async (wire: Wire = 'rest'): Promise<{ key: IdentityKey; job: string; code: string; email: string }> => {
    const key = await register();
    const email = newEmail();
    const { job } = JSON.parse((await requestJob(nodes().first, wire, selfSigned(key, claimsOf('email', email)))).body) as { job: string };
    const [message] = await messagesOf(nodes().sql, key.pk);
    return { key, job, email, code: codeIn(message ?? assert.fail()) };
  };
  const confirmed = async (): ReturnType<typeof waiting> => {
    const open = await waiting();
    assertJobAnswer(await confirmJob(nodes().second, 'rest', open.job, open.code), 202, '{"status":"confirmed"}');
    return open;
  };
  const crowd = (work: (node: Node, wire: Wire, index: number) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all(Array.from({ length: CALLERS }, (_, index) => work(...nodes().turn(index), index)));

  for (const wire of WIRES) {
    it(`${wire}: what is done at one node counts at the other at once`, async () => {
      const { first, second } = nodes();
      const { job, code, key } = await waiting(wire);
      assertIdentityRefusal(await confirmJob(second, wire, job, wrongCode(code)), 'auth-error');
      assertJobAnswer(await confirmJob(second, wire, job, code), 202, '{"status":"confirmed"}');
      const jwt = jwtIn(await updateJob(first, wire, job));
      assert.equal((JSON.parse(payloadOf(jwt)) as { iss: string }).iss, ISS);
      assertJobAnswer(await updateJob(second, wire, job), 200, `{"status":"ready","jwt":"${jwt}"}`);
      assertJobAnswer(await retrieveJob(second, 'rest', job, 'application/jwt'), 200, jwt, 'application/jwt');
      assertJobAnswer(await deleteJob(second, wire, job), 200, '{"status":"done"}');
      assertIdentityRefusal(await updateJob(first, wire, job), 'unknown-job');
      assert.deepEqual((await storedJobsOf(nodes().sql, key)).actions.length, 5);
    });
  }

  it(`${CALLERS} PUTs on one job over both nodes: one signature, ${CALLERS} equal answers`, async () => {
    for (let round = 0; round < 5; round += 1) {
      const { job, key } = await confirmed();
      const answers = await crowd((node, wire) => updateJob(node, wire, job));
      const jwt = jwtIn(answers[0] ?? assert.fail());
      for (const answer of answers) assertJobAnswer(answer, 200, `{"status":"ready","jwt":"${jwt}"}`);
      assert.equal((await storedJobsOf(nodes().sql, key)).actions.filter((action) => action === 'identity.job_signed').length, 1);
    }
  });

  it('PUTs with a JWT of an issuer at one node against PUTs without at the other: all answers are equal', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { job, key, email } = await confirmed();
      const given = issued(OUTSIDE, { iss: OUTSIDE_ISS, sub: key.pk, ...claimsOf('email', email), exp: Math.floor(Date.now() / 1000) + 60 });
      const answers = await crowd((node, wire, index) => updateJob(node, wire, job, index % 2 === round % 2 ? given : ''));
      assert.equal(new Set(answers.map(jwtIn)).size, 1);
      assert.equal(doneOf(answers), CALLERS);
    }
  });

  it(`${CALLERS} wrong codes over both nodes: five are counted, and the right one is refused after them`, async () => {
    const { job, code } = await waiting();
    assert.equal(doneOf(await crowd((node, wire, index) => confirmJob(node, wire, job, wrongCode(code, index + 1)))), 0);
    const { rows } = await nodes().sql.query('select wrong_tries as tries from identity_job where job_id = $1', [job]);
    assert.deepEqual(rows, [{ tries: 5 }]);
    for (const node of [nodes().first, nodes().second]) assertIdentityRefusal(await confirmJob(node, 'rest', job, code), 'auth-error');
  });

  it(`${CALLERS} jobs for one address over both nodes: three, and none more at either`, async () => {
    const email = newEmail();
    const keys = await Promise.all(Array.from({ length: 4 }, register));
    const ask = (node: Node, wire: Wire, index: number): Promise<Answer> => requestJob(node, wire, selfSigned(keys[index % 4] ?? assert.fail(), claimsOf('email', email)));
    assert.equal(doneOf(await crowd(ask)), 3);
    for (const node of [nodes().first, nodes().second]) assertIdentityRefusal(await ask(node, 'rest', 0), 'rate-limit');
  });

  it(`${CALLERS} calls for the code of a revocation over both nodes: one goes out; of ${CALLERS} right codes one revokes`, async () => {
    const key = await register();
    const named = { email: newEmail(), phone: newPhone() };
    await sendKey(nodes().first, 'rest', 'keyBind', { pk: key.pk, jwt: selfSigned(key, named) });
    assert.equal(doneOf(await crowd((node, wire) => revokeNosecret(node, wire, named))), 1);
    const messages = await messagesOf(nodes().sql, key.pk);
    assert.equal(messages.length, 2);
    const code = codeIn(messages[0] ?? assert.fail());
    assert.equal(doneOf(await crowd((node, wire) => revokeNosecret(node, wire, { ...named, code }))), 1);
  });
});
