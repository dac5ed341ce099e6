import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { makeUpdate } from '../wire/harness.ts';
import { assertDone, assertRefused, listProjects, operate } from '../wire/operator.ts';
import { withBench } from '../wire/rows.ts';
import { assertRateLimited, retryAfterOf, untilAtRest } from './fixtures.ts';

const WRONG = 'Bearer wrong';

for (const wire of WIRES) {
  describe(`failures of a peer over ${wire}`, () => {
    const bench = withBench({ KEYTURN_PEER_FAILURES_PER_MINUTE: '3' });

    it('beyond the limit: 429 with Retry-After for the operator, E401 with Retry-After for a device', async () => {
      const update = makeUpdate(await bench().device());
      for (const _ of [1, 2, 3]) {
        const answer = await operate(bench(), wire, listProjects(), WRONG);
        assertRefused(answer, 'UNAUTHENTICATED');
        assert.equal(retryAfterOf(answer), undefined);
      }
      assertRateLimited(await operate(bench(), wire, listProjects(), WRONG), 22);
      const refused = await bench().send(wire, { authorization: 'wrong', pop: 'AAAA' });
      assertAnswer(refused, 'E401');
      assert.ok((retryAfterOf(refused) ?? 0) >= 1);
      assertDone(await operate(bench(), wire, listProjects()));
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      assertAnswer(await bench().sendUpdate(wire, update), 'REPLAYED');
    });

    it('refills evenly', async () => {
      bench().service.clock.advance(21_000);
      assertRefused(await operate(bench(), wire, listProjects(), WRONG), 'UNAUTHENTICATED');
      assertRateLimited(await operate(bench(), wire, listProjects(), WRONG), 22);
    });

    it('a clock that is set back locks nobody out', async () => {
      bench().service.clock.advance(-86_400_000);
      assertRefused(await operate(bench(), wire, listProjects(), WRONG), 'UNAUTHENTICATED');
      assertDone(await operate(bench(), wire, listProjects()));
    });
  });

  describe(`calls of the operator over ${wire}`, () => {
    const bench = withBench({ KEYTURN_OPERATOR_CALLS_PER_MINUTE: '3' });

    it('beyond the limit: 429 with Retry-After, until it has refilled; devices go on', async () => {
      const update = makeUpdate(await bench().device());
      assertDone(await operate(bench(), wire, listProjects()));
      assertDone(await operate(bench(), wire, listProjects()));
      const refused = await operate(bench(), wire, listProjects());
      assertRateLimited(refused, 20);
      assertAnswer(await bench().sendUpdate(wire, update), 'OK');
      bench().service.clock.advance((retryAfterOf(refused) ?? 0) * 1_000);
      assertDone(await operate(bench(), wire, listProjects()));
      assertRateLimited(await operate(bench(), wire, listProjects()), 20);
    });
  });
}

describe('peers behind a trusted proxy', () => {
  const bench = withBench({ KEYTURN_PEER_FAILURES_PER_MINUTE: '3', KEYTURN_TRUSTED_PROXIES: '127.0.0.1/32' });
  const status = async (forwardedFor: string): Promise<number> => {
    const headers = [['X-Forwarded-For', forwardedFor], ['Authorization', WRONG]] as const;
    return (await bench().rest.send({ method: 'GET', target: '/v1/projects', headers })).status;
  };

  it('are counted for themselves, a /64 of IPv6 as one', async () => {
    for (const _ of [1, 2, 3]) assert.equal(await status('10.0.0.1'), 401);
    assert.equal(await status('10.0.0.1'), 429);
    assert.equal(await status('10.0.0.9, 10.0.0.1'), 429);
    assert.equal(await status('10.0.0.2'), 401);
    for (const end of ['1', '2', 'a:b:c:d']) assert.equal(await status(`2001:db8:0:1:${end.includes(':') ? end : `:${end}`}`), 401);
    assert.equal(await status('2001:db8:0:1::ffff'), 429);
    assert.equal(await status('2001:db8:0:2::1'), 401);
  });

  it('leave nothing behind', async () => {
    bench().rest[Symbol.dispose]();
    await untilAtRest(bench().service);
  });
});
