import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import vectors from '../vectors/iothentix.json' with { type: 'json' };
import { WIRES, assertAnswer } from './answer.ts';
import type { Bench } from './harness.ts';
import { newPair, pemOf, proof } from './jwt.ts';
import { withBench } from './rows.ts';

const { '11.1': documented, '11.2': complete } = vectors;

/** A fresh fixture: empty tables and the one device of the vectors. */
async function fixture(bench: Bench, publicKey: string): Promise<Bench> {
  await bench.sql.query('truncate device, public_key, rotation, used_jti, audit_event, outbox');
  const created = await bench.operator('POST', '/v1/devices', { device_id: 'test.device.01', public_key: publicKey });
  assert.equal(created.status, 200, created.body);
  return bench;
}

describe('section 11: test vectors', () => {
  const usual = withBench();
  const strict = withBench({ KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: 'strict' });

  for (const wire of WIRES) {
    describe(`section 11.1 over ${wire}: the documented update JWT`, () => {
      const { jwt, registered_key: registered, new_key: newKey } = documented;
      const send = (bench: Bench, pop: string) => bench.send(wire, { authorization: jwt, pop });

      it('has the documented hash', () => {
        assert.equal(createHash('sha256').update(jwt).digest('hex'), documented.jwt_sha256);
      });

      it('passes steps 3 to 9: no pop is E400, a proof by another key E403, and the jti stays unused', async () => {
        const bench = await fixture(usual(), registered);
        assertAnswer(await send(bench, ''), 'E400');
        assertAnswer(await send(bench, proof(jwt, newPair())), 'E403', { reason: 'PROOF_OF_POSSESSION_MISMATCH' });
        const { rotations, jtis } = await bench.stored('test.device.01');
        assert.deepEqual([rotations, jtis], [0, 0]);
      });

      for (const [name, key] of [['the key inside its own public_key', newKey], ['any other key', pemOf(newPair())]] as const) {
        it(`is E401 under ${name}`, async () => {
          const bench = await fixture(usual(), key);
          assertAnswer(await send(bench, ''), 'E401');
          assertAnswer(await send(bench, proof(jwt, newPair())), 'E401');
        });
      }
    });

    describe(`section 11.2 over ${wire}: a complete rotation`, () => {
      const { jwt, registered_key: registered, pop_a: popA, pop_b: popB } = complete;
      const send = (bench: Bench, pop: string) => bench.send(wire, { authorization: jwt, pop });

      it('PoP A, then again with PoP A, PoP B, none and a wrong one', async () => {
        const bench = await fixture(usual(), registered);
        assertAnswer(await send(bench, popA), 'OK');
        assertAnswer(await send(bench, popA), 'REPLAYED');
        assertAnswer(await send(bench, popB), 'REPLAYED');
        assertAnswer(await send(bench, ''), 'E401');
        assertAnswer(await send(bench, proof(jwt, newPair())), 'E401');
        assertAnswer(await send(bench, popA), 'REPLAYED');
      });

      it('strict: again is E401', async () => {
        const bench = await fixture(strict(), registered);
        assertAnswer(await send(bench, popA), 'OK');
        assertAnswer(await send(bench, popA), 'E401');
        assertAnswer(await send(bench, popB), 'E401');
      });

      it('a fresh fixture with PoP B', async () => {
        const bench = await fixture(usual(), registered);
        assertAnswer(await send(bench, popB), 'OK');
      });
    });
  }
});
