import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { withBench } from '../rows.ts';
import { authenticationJwt, issue, newToken, tokenIn } from './kit.ts';
import { MANY_FAILURES, SCOPES, assertGranted, assertRefused, holder, renewIts } from './renewals.ts';

const ALL = SCOPES.join(' ');

function secondsOf(answer: Answer): number {
  const [seconds = ''] = answer.headers.get('retry-after') ?? [];
  assert.match(seconds, /^[1-9][0-9]*$/);
  return Number(seconds);
}

describe('section 8.2: the rate of renewals', () => {
  const bench = withBench({ ...MANY_FAILURES, KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '4', KEYTURN_IOTHENTIX_MAX_RENEWALS: '1000' });

  for (const wire of WIRES) {
    it(`${wire}: counts tokens that the key has bought too, and Retry-After is true`, async () => {
      const own = await holder(bench(), wire);
      assertGranted(await renewIts(bench(), wire, own), ALL);
      await newToken(bench(), wire, own.device);
      assertGranted(await renewIts(bench(), wire, own), ALL);
      const refused = await renewIts(bench(), wire, own);
      assertRefused(refused, 'RATE');
      const jwt = authenticationJwt(own.device);
      const seconds = secondsOf(refused);
      assert.ok(seconds <= 15, String(seconds));
      bench().service.clock.advance(seconds * 1000);
      assertGranted(await renewIts(bench(), wire, own), ALL);
      assertRefused(await renewIts(bench(), wire, own), 'RATE');
      // Whoever has stolen a token does not use up what the key may buy.
      tokenIn(await issue(bench(), wire, { authorization: jwt, clientId: own.device.id }));
    });

    it(`${wire}: is not charged by what is refused, and each device has its own`, async () => {
      const [own, other] = [await holder(bench(), wire), await holder(bench(), wire)];
      for (let count = 0; count < 10; count += 1) {
        assertRefused(await renewIts(bench(), wire, own, { scope: 'x' }), 'SCOPE');
        assertRefused(await renewIts(bench(), wire, own, { clientId: other.device.id }), 'CLIENT');
        assertRefused(await renewIts(bench(), wire, { ...own, token: 'x' }), 'TOKEN');
      }
      for (let count = 0; count < 3; count += 1) assertGranted(await renewIts(bench(), wire, own), ALL);
      assertRefused(await renewIts(bench(), wire, own), 'RATE');
      assertGranted(await renewIts(bench(), wire, other), ALL);
    });
  }

  it('is exact for renewals at once: of 16 over both wires 3 succeed', async () => {
    const own = await holder(bench(), 'rest');
    const answers = await Promise.all(Array.from({ length: 16 }, (_, index) => renewIts(bench(), WIRES[index % 2] ?? 'rest', own)));
    const [yes, no] = [answers.filter(({ status }) => status === 0 || status === 200), answers.filter(({ status }) => status !== 0 && status !== 200)];
    for (const answer of yes) assertGranted(answer, ALL);
    for (const answer of no) assertRefused(answer, 'RATE');
    assert.equal(yes.length, 3);
  });
});
