import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { makeUpdate, updated } from '../wire/harness.ts';
import { newJti } from '../wire/jwt.ts';
import { withBench } from '../wire/rows.ts';
import { storedTokens } from '../wire/tokens/issue_rows.ts';
import { authenticationJwt, newToken, verifyJwt } from '../wire/tokens/kit.ts';
import { CALLERS, activeOf, ask, assertTokensConsistent, jwtsOf, outcomeOf, tally, times } from './token_crowd.ts';

/** So many refused calls would be held up by the limit on failures. */
const settingsOf = (perMinute: number) => ({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: String(perMinute), KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' });

/** Some way into what the others do. */
const later = (round: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, round * 2));

for (const perMinute of [1, 60, 10_000]) {
  describe(`races: 64 callers ask for tokens, ${perMinute} a minute are allowed`, () => {
    const bench = withBench(settingsOf(perMinute));
    afterEach(() => assertTokensConsistent(bench().sql));

    it('identical requests: one token, 63 refusals that are all 401; 4 times', async () => {
      for (let round = 0; round < 4; round += 1) {
        const device = await bench().device();
        const jwt = authenticationJwt(device);
        const { counts, tokens } = tally(await ask(bench(), device, times(() => jwt)));
        assert.deepEqual(counts, { OK: 1, E401: CALLERS - 1 });
        assert.equal(await activeOf(bench(), tokens), 1);
        assert.deepEqual(tally(await ask(bench(), device, times(() => jwt))).counts, { E401: CALLERS });
        assert.equal((await storedTokens(bench().sql, device.id)).tokens.length, 1);
      }
    });

    it('different JWTs with one jti: one token, 63 refusals that are all 401', async () => {
      const device = await bench().device();
      const jti = newJti();
      const jwts = times((index) => authenticationJwt(device, { jti: index % 2 === 0 ? jti : jti.toLowerCase() }));
      assert.deepEqual(tally(await ask(bench(), device, jwts)).counts, { OK: 1, E401: CALLERS - 1 });
    });

    it('different JWTs: as many tokens as are allowed, all of them good', async () => {
      const device = await bench().device();
      const begin = Date.now();
      const { counts, tokens } = tally(await ask(bench(), device, jwtsOf(device)));
      const { OK = 0, E429 = 0 } = counts;
      assert.equal(OK + E429, CALLERS);
      // Time goes on meanwhile, and gives some back.
      const back = Math.ceil(((Date.now() - begin) / 60_000) * perMinute);
      assert.ok(OK >= Math.min(perMinute, CALLERS) && OK <= perMinute + back, JSON.stringify(counts));
      assert.equal(await activeOf(bench(), tokens), OK);
    });

    it('64 devices at once: none hinders another', async () => {
      const devices = await Promise.all(times(() => bench().device()));
      const answers = await Promise.all(devices.map((device) => newToken(bench(), 'grpc', device)));
      assert.equal(await activeOf(bench(), answers.map((token) => token.access_token)), CALLERS);
    });
  });
}

describe('races: a device changes while it asks for tokens', () => {
  const bench = withBench(settingsOf(10_000));
  afterEach(() => assertTokensConsistent(bench().sql));

  const operate = async (method: string, target: string): Promise<void> => {
    const { status, body } = await bench().operator(method, target);
    assert.equal(status, 200, body);
  };

  it('a rotation: every token that was given counts, the rest is 401; 10 times', async () => {
    for (let round = 0; round < 10; round += 1) {
      const device = await bench().device();
      const update = makeUpdate(device);
      const jwts = jwtsOf(device, 32);
      const [answers, rotated] = await Promise.all([ask(bench(), device, jwts), later(round).then(() => bench().sendUpdate('rest', update))]);
      assertAnswer(rotated, 'OK');
      const { counts, tokens } = tally(answers);
      assert.equal((counts.OK ?? 0) + (counts.E401 ?? 0), jwts.length);
      assert.equal(await activeOf(bench(), tokens), tokens.length);
      assert.deepEqual(tally(await ask(bench(), device, jwts)).counts, { E401: jwts.length });
      assert.deepEqual(tally(await ask(bench(), updated(update), [authenticationJwt(updated(update))])).counts, { OK: 1 });
    }
  });

  it('a freezing: no token that was given counts afterwards, the rest is 403 and not spent; 10 times', async () => {
    for (let round = 0; round < 10; round += 1) {
      const device = await bench().device();
      const jwts = jwtsOf(device, 32);
      const [answers] = await Promise.all([ask(bench(), device, jwts), later(round).then(() => operate('POST', `/v1/devices/${device.id}:freeze`))]);
      const { counts, tokens } = tally(answers);
      assert.equal((counts.OK ?? 0) + (counts.E403 ?? 0), jwts.length);
      assert.equal(await activeOf(bench(), tokens), 0);
      assert.deepEqual((await storedTokens(bench().sql, device.id)).tokens, []);
      await operate('POST', `/v1/devices/${device.id}:unfreeze`);
      const again = tally(await ask(bench(), device, jwts));
      assert.deepEqual([again.counts.OK ?? 0, again.counts.E401 ?? 0], [counts.E403 ?? 0, counts.OK ?? 0]);
      assert.equal(await activeOf(bench(), again.tokens), again.tokens.length);
    }
  });

  it('freezing and unfreezing in turns: nothing but 200 and 403, and no token from before the last freezing counts', async () => {
    const device = await bench().device();
    const jwts = jwtsOf(device, 96);
    const flap = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn += 1) {
        await operate('POST', `/v1/devices/${device.id}:freeze`);
        await operate('POST', `/v1/devices/${device.id}:unfreeze`);
      }
      await operate('POST', `/v1/devices/${device.id}:freeze`);
    };
    const scattered = jwts.map(async (jwt, index) => later(index / 2).then(() => ask(bench(), device, [jwt])));
    const [answers] = await Promise.all([Promise.all(scattered).then((lists) => lists.flat()), flap()]);
    const { counts, tokens } = tally(answers);
    assert.equal((counts.OK ?? 0) + (counts.E403 ?? 0), jwts.length);
    assert.equal(await activeOf(bench(), tokens), 0);
    await operate('POST', `/v1/devices/${device.id}:unfreeze`);
    const again = tally(await ask(bench(), device, jwts));
    assert.equal(again.counts.OK ?? 0, counts.E403 ?? 0);
  });

  it('a removal: no token that was given counts afterwards, the rest is 401; 10 times', async () => {
    for (let round = 0; round < 10; round += 1) {
      const device = await bench().device();
      const jwts = jwtsOf(device, 32);
      const [answers] = await Promise.all([ask(bench(), device, jwts), later(round).then(() => operate('DELETE', `/v1/devices/${device.id}`))]);
      const { counts, tokens } = tally(answers);
      assert.equal((counts.OK ?? 0) + (counts.E401 ?? 0), jwts.length);
      assert.equal(await activeOf(bench(), tokens), 0);
      const { tokens: left, jtis, audits } = await storedTokens(bench().sql, device.id);
      assert.deepEqual([left, jtis, audits.length], [[], [], counts.OK ?? 0]);
    }
  });

  it('a token, an update and a check with one jti: one of them has it; 20 times', async () => {
    for (let round = 0; round < 20; round += 1) {
      const device = await bench().device();
      const jti = newJti();
      const [[issued], rotated, checked] = await Promise.all([
        ask(bench(), device, [authenticationJwt(device, { jti })]),
        bench().sendUpdate(WIRES[round % 2] ?? 'rest', makeUpdate(device, { jti })),
        verifyJwt(bench(), authenticationJwt(device, { jti })),
      ]);
      assert.ok(issued);
      const isRotated = rotated.status === 200 || rotated.status === 0;
      if (!isRotated) assertAnswer(rotated, 'E401');
      const isChecked = (JSON.parse(checked.body) as { active: boolean }).active;
      assert.equal([outcomeOf(issued) === 'OK', isRotated, isChecked].filter(Boolean).length, 1);
    }
  });
});
