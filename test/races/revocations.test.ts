import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import { withIdentities } from '../wire/identity/bench.ts';
import { assertIdentityRefusal, identityErrorOf } from '../wire/identity/errors.ts';
import { WIDE, messagesOf, wrongCode } from '../wire/identity/jobs.ts';
import { boundKey, revocationCode, revokeNosecret } from '../wire/identity/revocations.ts';
import { CALLERS } from './crowd.ts';

function crowd(work: (wire: Wire, index: number) => Promise<Answer>): Promise<(string | undefined)[]> {
  return Promise.all(Array.from({ length: CALLERS }, async (_, index) => identityErrorOf(await work(WIRES[index % 2] ?? 'rest', index))));
}

describe('races: revocations by code', () => {
  const bench = withIdentities(WIDE);

  it(`${CALLERS} calls for a code: one goes out, the others hear that it is open, and the budgets count one`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const key = await boundKey(bench());
      const words = await crowd((wire) => revokeNosecret(bench(), wire, key));
      assert.deepEqual([words.filter((word) => word === undefined).length, words.filter((word) => word === 'confirm-first').length], [1, CALLERS - 1]);
      assert.equal((await messagesOf(bench().sql, key.pk)).length, 2);
    }
    const { rows } = await bench().sql.query('select distinct cardinality(sent_at) as sent from sending_budget');
    assert.deepEqual(rows, [{ sent: 1 }]);
  });

  it(`${CALLERS} right codes: one revokes, the others are refused`, async () => {
    for (let round = 0; round < 3; round += 1) {
      const key = await boundKey(bench());
      await revokeNosecret(bench(), 'rest', key);
      const code = await revocationCode(bench(), key);
      const words = await crowd((wire) => revokeNosecret(bench(), wire, { ...key, code }));
      assert.equal(words.filter((word) => word === undefined).length, 1);
      assert.deepEqual(words.filter((word) => word !== undefined && word !== 'unknown-key' && word !== 'auth-error'), []);
      assert.equal((await bench().stored(key)).audits.filter((audit) => audit === 'identity.revoked code').length, 1);
    }
  });

  it(`${CALLERS} wrong codes: five are counted, and the right one is refused after them`, async () => {
    const key = await boundKey(bench());
    await revokeNosecret(bench(), 'rest', key);
    const code = await revocationCode(bench(), key);
    const words = await crowd((wire, index) => revokeNosecret(bench(), wire, { ...key, code: wrongCode(code, index + 1) }));
    assert.deepEqual(new Set(words), new Set(['auth-error']));
    const { rows } = await bench().sql.query('select wrong_tries as tries from identity_revocation where pk = $1', [key.pk]);
    assert.deepEqual(rows, [{ tries: 5 }]);
    assertIdentityRefusal(await revokeNosecret(bench(), 'rest', { ...key, code }), 'auth-error');
  });

  it('the right code among wrong ones: it revokes before the fifth wrong one, or never', async () => {
    for (let round = 0; round < 5; round += 1) {
      const key = await boundKey(bench());
      await revokeNosecret(bench(), 'rest', key);
      const code = await revocationCode(bench(), key);
      const words = await crowd((wire, index) => revokeNosecret(bench(), wire, { ...key, code: index === round * 5 ? code : wrongCode(code, index + 1) }));
      const isRevoked = words[round * 5] === undefined;
      const { state, audits } = await bench().stored(key);
      const counted = audits.filter((audit) => audit === 'identity.revocation_code_refused').length;
      assert.deepEqual([state, isRevoked ? counted <= 4 : counted === 5], [isRevoked ? 'REVOKED' : 'REGISTERED', true]);
    }
  });
});
