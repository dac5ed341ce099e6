import assert from 'node:assert/strict';
import { WIRES } from '../answer.ts';
import { newEmail, withIdentities } from './bench.ts';
import { assertIdentityRefusal, identityErrorOf } from './errors.ts';
import { WIDE, claimsOf, requestJob } from './jobs.ts';
import { selfSigned } from './signer.ts';

/** Which of these claims is taken, one after the other by one key, seconds from now. */
const ROWS = {
  off: [[undefined, true], [0, true], [-5, true], [undefined, true]],
  'if-present': [[undefined, true], [0, true], [-5, false], [undefined, false], [0, true], [1, true], [0, false]],
  required: [[undefined, false], [0, true], [-5, false], [undefined, false], [0, true]],
} as const;

for (const [setting, rows] of Object.entries(ROWS)) {
  describe(`the replay guard of jobs: ${setting}`, () => {
    const bench = withIdentities({ ...WIDE, KEYTURN_AUTHENTIQ_IAT_GUARD: setting });

    for (const wire of WIRES) {
      it(`${wire}: ${JSON.stringify(rows)}`, async () => {
        const key = await bench().register(setting === 'required' ? { iat: bench().now() - 10 } : {});
        const now = bench().now();
        for (const [shift, isTaken] of rows) {
          const answer = await requestJob(bench(), wire, selfSigned(key, { ...claimsOf('email', newEmail()), ...(shift === undefined ? {} : { iat: now + shift }) }));
          if (isTaken) assert.equal(identityErrorOf(answer), undefined, `${shift}`);
          else assertIdentityRefusal(answer, 'auth-error');
        }
      });
    }
  });
}
