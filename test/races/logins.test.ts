import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../wire/answer.ts';
import { CONFIRMED, withIdentities } from '../wire/identity/bench.ts';
import { assertIdentityAnswer, identityErrorOf } from '../wire/identity/errors.ts';
import { WIDE, messagesOf } from '../wire/identity/jobs.ts';
import { login, pushToken } from '../wire/identity/login.ts';

/** No key may have more in a minute. */
const LOGINS = 30;

describe('races: logins', () => {
  const bench = withIdentities(WIDE);

  it('while the device token comes and goes: it is sent, or there is none', async () => {
    for (let round = 0; round < 12; round += 1) {
      const key = await bench().register({ devtoken: 'first' });
      const jwt = pushToken(key);
      const [binds, logins] = await Promise.all([
        Promise.all(Array.from({ length: LOGINS }, (_, index) => bench().bind(WIRES[index % 2] ?? 'rest', key, index % 2 === 0 ? {} : { devtoken: `token ${index}` }))),
        Promise.all(Array.from({ length: LOGINS }, (_, index) => login(bench(), WIRES[index % 2] ?? 'rest', jwt))),
      ]);
      for (const answer of binds) assertIdentityAnswer(answer, CONFIRMED);
      const errors = logins.map((answer) => identityErrorOf(answer));
      assert.deepEqual(errors.filter((error) => error !== undefined && error !== 'unknown-key'), []);
      const messages = await messagesOf(bench().sql, key.pk);
      assert.equal(messages.length, errors.filter((error) => error === undefined).length);
      assert.deepEqual(messages.filter(({ recipient }) => !/^(?:first|token \d+)$/.test(recipient)), []);
    }
  });
});
