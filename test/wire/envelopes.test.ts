import assert from 'node:assert/strict';
import { SUCCESS, UUID, WIRES, assertAnswer, requestIdOf } from './answer.ts';
import type { Wire } from './answer.ts';
import { Bench, UPDATE, makeUpdate } from './harness.ts';
import { newPair, proof } from './jwt.ts';
import { withBench } from './rows.ts';

const ACCEPTED: readonly string[] = ['a', '0', 'abc-DEF_1.2~3:4+5/6=', '-', '/', 'x'.repeat(128), '6f1c8f7e-0000-0000-0000-000000000000'];
/** Not of the pattern: replaced. */
const ODD: readonly string[] = ['x'.repeat(129), 'a b', 'a"b', 'a\\b', 'a,b', '<script>', 'a%20b', '{}', 'a;b', 'a@b', 'a\tb'];

describe('section 3: the request id', () => {
  const bench = withBench();

  /** A success, E401 and, over REST, E404, each with this id. */
  async function answers(wire: Wire, requestId: string) {
    const { jwt, pop } = makeUpdate(await bench().device());
    const refused = await bench().send(wire, { authorization: 'x', pop, requestId });
    const done = await bench().send(wire, { authorization: jwt, pop, requestId });
    const lost = wire === 'rest' ? [await bench().send(wire, { authorization: jwt, pop, requestId, target: '/as' })] : [];
    return [[refused, 'E401'], [done, 'OK'], ...lost.map((answer) => [answer, 'E404'] as const)] as const;
  }

  for (const wire of WIRES) {
    for (const requestId of ACCEPTED) {
      it(`${wire}: ${requestId.slice(0, 40)} is answered`, async () => {
        for (const [answer, want] of await answers(wire, requestId)) assertAnswer(answer, want, { requestId });
      });
    }
    for (const requestId of ODD) {
      // A tab is no character of gRPC metadata.
      if (wire === 'grpc' && requestId.includes('\t')) continue;
      it(`${wire}: ${JSON.stringify(requestId.slice(0, 40))} is replaced`, async () => {
        const seen = await answers(wire, requestId);
        for (const [answer, want] of seen) assertAnswer(answer, want);
        assert.equal(new Set(seen.map(([answer]) => requestIdOf(answer))).size, seen.length);
      });
    }
  }

  it('a repeated, an empty and a non-ASCII one is replaced', async () => {
    const cases = [[['X-Request-ID', 'a'], ['X-Request-ID', 'a']], [['X-Request-ID', 'a'], ['x-request-id', 'b']], [['X-Request-ID', '']], [['X-Request-ID', 'a\u00E9']]] as const;
    for (const headers of cases) {
      const answer = await bench().send('rest', { headers });
      assertAnswer(answer, 'E401');
      assert.match(requestIdOf(answer), UUID);
    }
  });

  it('other headers that name a request are not taken', async () => {
    const headers = [['Request-ID', 'a'], ['X-Correlation-ID', 'b'], ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01']] as const;
    assertAnswer(await bench().send('rest', { headers }), 'E401');
  });
});

describe('section 3: envelopes', () => {
  const bench = withBench();

  it('the success has 32 bytes', () => {
    assert.equal(Buffer.byteLength(SUCCESS), 32);
  });

  for (const wire of WIRES) {
    it(`${wire}: OK, REPLAYED, E400, E401, E403`, async () => {
      const device = await bench().device();
      const update = makeUpdate(device);
      const request = { authorization: update.jwt, pop: update.pop, requestId: 'a:b' };
      const details = { requestId: 'a:b' };
      assertAnswer(await bench().send(wire, { ...request, pop: '' }), 'E400', details);
      assertAnswer(await bench().send(wire, { ...request, pop: proof(update.jwt, newPair()) }), 'E403', details);
      assertAnswer(await bench().send(wire, { ...request, authorization: 'x' }), 'E401', details);
      assertAnswer(await bench().send(wire, request), 'OK', details);
      assertAnswer(await bench().send(wire, request), 'REPLAYED', details);
    });

    it(`${wire}: E500 while the store fails, and nothing is changed or shown`, async () => {
      const update = makeUpdate(await bench().device());
      for (const table of ['rotation', 'audit_event', 'outbox']) {
        await bench().sql.query(`alter table ${table} rename to ${table}_away`);
        try {
          assertAnswer(await bench().send(wire, { authorization: update.jwt, pop: update.pop, requestId: 'broken' }), 'E500', { requestId: 'broken' });
        } finally {
          await bench().sql.query(`alter table ${table}_away rename to ${table}`);
        }
      }
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
    });
  }

  it('keep-alive: a refusal with its body read leaves the connection usable', async () => {
    const request = `POST ${UPDATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`;
    const last = request.replace('Host', 'Connection: close\r\nHost');
    const text = await bench().rest.raw(request + request + last);
    assert.equal(text.match(/HTTP\/1\.1 401 Unauthorized/g)?.length, 3);
  });
});

describe('section 9: forbidden_status', () => {
  for (const word of ['Forbbiden', 'Forbidden']) {
    it(word, async () => {
      await using bench = await Bench.start({ KEYTURN_IOTHENTIX_FORBIDDEN_STATUS: word });
      const { jwt } = makeUpdate(await bench.device());
      const pop = proof(jwt, newPair());
      const answer = await bench.send('rest', { authorization: jwt, pop, requestId: 'r' });
      assert.deepEqual([answer.status, answer.body], [403, `{"error":{"code":403,"status":"${word}","request":"r","message":"Forbidden"}}`]);
      const other = await bench.send('grpc', { authorization: jwt, pop });
      assert.deepEqual([other.status, other.body, other.reason], [7, 'Forbidden', 'PROOF_OF_POSSESSION_MISMATCH']);
    });
  }
});
