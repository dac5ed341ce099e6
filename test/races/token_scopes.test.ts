import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { lockDevice, waitingBackends } from '../db/fixtures/rotations.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import { assertDone, operate, setDeviceScopes } from '../wire/operator.ts';
import { withBench } from '../wire/rows.ts';
import { introspect, newToken, renew, tokenIn } from '../wire/tokens/kit.ts';
import { REFRESH } from '../wire/tokens/renewals.ts';
import { activeOf, ask, jwtsOf, tally, times } from './token_crowd.ts';

const WORDS = [...times((index) => `word-${index}`, 8), REFRESH];
/** Fewer than the connections of the pool, so that all of them have read, and wait to write, at the same time. */
const CALLERS = 6;

describe('races: tokens against the scopes of their device', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '100000', KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' });
  const setScopes = async (id: string, scopes: readonly string[]): Promise<void> => void assertDone(await operate(bench(), 'grpc', setDeviceScopes({ device_id: id, scopes })));

  /** Begins one call after the other, each once those before it wait for the device, and then lets them go. */
  async function inTurn<First, Second>(id: string, waiting: number, first: () => Promise<First>, second: () => Promise<Second>): Promise<[First, Second]> {
    const { databaseUrl } = bench().service;
    const lock = await lockDevice(databaseUrl, id);
    const one = first();
    await waitingBackends(databaseUrl, waiting);
    const other = second();
    await waitingBackends(databaseUrl, CALLERS + 1);
    await lock.release();
    return Promise.all([one, other]);
  }

  it('64 requests while words are taken away in turn: no token that counts grants a lost one', async () => {
    for (let round = 0; round < 5; round += 1) {
      const device = await bench().device({ scopes: WORDS });
      const takeAway = async (): Promise<void> => {
        for (let left = WORDS.length - 1; left > 1; left -= 1) await setScopes(device.id, WORDS.slice(0, left));
      };
      const [answers] = await Promise.all([ask(bench(), device, jwtsOf(device)), takeAway()]);
      // One whose scopes were changed twice meanwhile is sent away as if it had been frozen.
      const issued = answers.filter((answer) => answer.reason !== 'DEVICE_FROZEN' && answer.status !== 403).map(tokenIn);
      const kept = WORDS.slice(0, 2);
      for (const [index, { access_token: token }] of issued.entries()) {
        const { active, scope } = JSON.parse((await introspect(bench(), WIRES[index % 2] ?? 'rest', token)).body) as { active: boolean; scope: string };
        if (active) assert.deepEqual(scope.split(' '), kept);
      }
      const { rows } = await bench().sql.query('select from device_token t join device d using (device_id) where not t.scopes <@ d.scopes');
      assert.equal(rows.length, 0);
      assert.equal((await newToken(bench(), 'rest', device)).scope, kept.join(' '));
    }
  });

  it('behind a loss all requests get what is left', async () => {
    const device = await bench().device({ scopes: WORDS });
    const [, answers] = await inTurn(device.id, 1, () => setScopes(device.id, [REFRESH]), () => ask(bench(), device, jwtsOf(device, CALLERS)));
    const { counts, tokens } = tally(answers, REFRESH);
    assert.deepEqual(counts, { OK: CALLERS });
    assert.equal(await activeOf(bench(), tokens), CALLERS);
  });

  it('before a loss all get what there was, and none of it counts afterwards', async () => {
    const device = await bench().device({ scopes: WORDS });
    const [answers] = await inTurn(device.id, CALLERS, () => ask(bench(), device, jwtsOf(device, CALLERS)), () => setScopes(device.id, [REFRESH]));
    const { counts, tokens } = tally(answers, WORDS.join(' '));
    assert.deepEqual(counts, { OK: CALLERS });
    assert.equal(await activeOf(bench(), tokens), 0);
  });

  it('behind a loss no token is renewed whose chain began with the lost word', async () => {
    const device = await bench().device({ scopes: WORDS });
    const { access_token: authorization } = await newToken(bench(), 'rest', device);
    const renewals = () => Promise.all(times((index) => renew(bench(), WIRES[index % 2] ?? 'rest', { authorization, clientId: device.id, scope: REFRESH }), CALLERS));
    const [, answers] = await inTurn(device.id, 1, () => setScopes(device.id, [REFRESH]), renewals);
    for (const answer of answers) assertAnswer(answer, 'E401', { reason: 'DEVICE_UNAUTHENTICATED' });
    const { rows } = await bench().sql.query('select from device_token where device_id = $1', [device.id]);
    assert.equal(rows.length, 0);
  });
});
