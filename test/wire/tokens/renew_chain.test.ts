import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Bench } from '../harness.ts';
import { withBench } from '../rows.ts';
import { introspect, newToken, tokenIn } from './kit.ts';
import { MANY_FAILURES, REFRESH, SCOPES, assertGranted, assertRefused, holder, renewIts, storedTokens } from './renewals.ts';
import type { Holder } from './renewals.ts';

const ALL = SCOPES.join(' ');
const FAST = { ...MANY_FAILURES, KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '100000' };

/** So many renewals at once, by turns over both wires. */
function atOnce(bench: Bench, own: Holder, count: number): Promise<Answer[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => renewIts(bench, WIRES[index % WIRES.length] ?? 'rest', own)));
}

/** Exactly so many are granted, all with tokens of their own; the others find none left. */
function assertSome(answers: readonly Answer[], granted: number): void {
  const [yes, no] = [answers.filter(({ status }) => status === 0 || status === 200), answers.filter(({ status }) => status !== 0 && status !== 200)];
  assert.equal(yes.length, granted);
  assert.equal(new Set(yes.map((answer) => assertGranted(answer, ALL).access_token)).size, granted);
  for (const answer of no) assertRefused(answer, 'EXHAUSTED');
}

describe('section 8.2: no renewals at all (max_renewals 0)', () => {
  const bench = withBench({ ...FAST, KEYTURN_IOTHENTIX_MAX_RENEWALS: '0' });

  for (const wire of WIRES) {
    it(`${wire}: every one is E403, and nothing is stored`, async () => {
      const own = await holder(bench(), wire);
      assertRefused(await renewIts(bench(), wire, own), 'EXHAUSTED');
      assertRefused(await renewIts(bench(), wire, own, { scope: REFRESH }), 'EXHAUSTED');
      assert.deepEqual(await storedTokens(bench(), own), { tokens: 1, renewals: [0], audits: 0 });
    });
  }
});

describe('section 8.2: one renewal (max_renewals 1)', () => {
  const bench = withBench({ ...FAST, KEYTURN_IOTHENTIX_MAX_RENEWALS: '1' });

  for (const wire of WIRES) {
    it(`${wire}: one of all tokens of the chain is renewed, once`, async () => {
      const own = await holder(bench(), wire);
      const { access_token: token } = assertGranted(await renewIts(bench(), wire, own), ALL);
      for (const value of [own.token, token]) assertRefused(await renewIts(bench(), wire, { ...own, token: value }), 'EXHAUSTED');
      assert.deepEqual(await storedTokens(bench(), own), { tokens: 2, renewals: [1], audits: 1 });
    });

    it(`${wire}: another token that the device gets with its key begins a chain of its own`, async () => {
      const own = await holder(bench(), wire);
      assertGranted(await renewIts(bench(), wire, own), ALL);
      const { access_token: token } = await newToken(bench(), wire, own.device);
      assertGranted(await renewIts(bench(), wire, { ...own, token }), ALL);
      for (const value of [own.token, token]) assertRefused(await renewIts(bench(), wire, { ...own, token: value }), 'EXHAUSTED');
    });
  }

  it('of two at once, one succeeds, whichever tokens of the chain they hold', async () => {
    for (let round = 0; round < 10; round += 1) {
      const own = await holder(bench(), 'rest');
      assertSome(await atOnce(bench(), own, 2), 1);
      assert.deepEqual(await storedTokens(bench(), own), { tokens: 2, renewals: [1], audits: 1 });
    }
  });
});

describe('section 8.2: 24 renewals, as the settings are by default', () => {
  const bench = withBench(FAST);

  for (const wire of WIRES) {
    it(`${wire}: each token renews the next, 24 times, and not once more`, async () => {
      const own = await holder(bench(), wire);
      const tokens = [own.token];
      for (let count = 0; count < 24; count += 1) {
        tokens.push(assertGranted(await renewIts(bench(), wire, { ...own, token: tokens.at(-1) ?? '' }), ALL).access_token);
      }
      assert.equal(new Set(tokens).size, 25);
      for (const token of tokens) assertRefused(await renewIts(bench(), wire, { ...own, token }), 'EXHAUSTED');
      assert.deepEqual(await storedTokens(bench(), own), { tokens: 25, renewals: [24], audits: 24 });
      const { rows } = await bench().sql.query<{ details: object; actor: string }>(
        `select details, actor from audit_event where device_id = $1 and action = 'device_token.renewed' order by event_id`, [own.device.id]);
      assert.deepEqual(rows, Array.from({ length: 24 }, (_, index) => ({ details: { scope: ALL, renewal: String(index + 1) }, actor: 'device' })));
    });

    it(`${wire}: the first token renews 24 times as well, and lives on to its own end`, async () => {
      const own = await holder(bench(), wire);
      for (let count = 0; count < 24; count += 1) tokenIn(await renewIts(bench(), wire, own));
      assertRefused(await renewIts(bench(), wire, own), 'EXHAUSTED');
      assert.match((await introspect(bench(), wire, own.token)).body, /^\{"active":true,/);
    });
  }

  it('of 64 at once with one token, exactly 24 succeed', async () => {
    const own = await holder(bench(), 'rest');
    assertSome(await atOnce(bench(), own, 64), 24);
    assert.deepEqual(await storedTokens(bench(), own), { tokens: 25, renewals: [24], audits: 24 });
  });

  it('of 64 at once with the tokens of one chain, exactly as many succeed as are left', async () => {
    const own = await holder(bench(), 'grpc');
    const tokens = [own.token];
    for (const wire of ['rest', 'grpc', 'rest'] as const) tokens.push(tokenIn(await renewIts(bench(), wire, own)).access_token);
    const answers = await Promise.all(tokens.map((token) => atOnce(bench(), { ...own, token }, 16)));
    assertSome(answers.flat(), 21);
    assert.deepEqual(await storedTokens(bench(), own), { tokens: 25, renewals: [24], audits: 24 });
  });

  it('chains of devices do not count together', async () => {
    const owns = await Promise.all(WIRES.map((wire) => holder(bench(), wire)));
    const answers = await Promise.all(owns.map((own) => atOnce(bench(), own, 24)));
    for (const some of answers) assertSome(some, 24);
  });
});
