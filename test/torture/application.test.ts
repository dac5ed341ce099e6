import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { secretFaults } from './application.ts';
import type { SecretBooks } from './application.ts';

const TOLD = [
  { device_id: 'd', secret: 'alpha', secret_type: 'PRIMARY', key: 'k1' },
  { device_id: 'd', secret: 'beta', secret_type: 'SECONDARY', key: 'k2' },
  { device_id: 'd', secret: 'gamma', secret_type: 'PRIMARY', key: 'k3' },
];
const answerOf = (secret: string, type = 'PRIMARY') => `{"device_id":"d","secret":"${secret}","secret_type":"${type}"}`;
const ANSWERS = [['k1', answerOf('alpha')], ['k2', answerOf('beta', 'SECONDARY')], ['k3', answerOf('gamma')]] as const;
const BOOKS: SecretBooks = { secrets: { PRIMARY: 'gamma', SECONDARY: 'beta' }, answers: new Map(ANSWERS), audits: 3, events: 3 };

/** Each is what no fault may leave behind, with a word of what must be found. */
const DAMAGES: readonly (readonly [what: string, found: string, books: Partial<SecretBooks>])[] = [
  ['an older secret is back', 'its PRIMARY secret', { secrets: { ...BOOKS.secrets, PRIMARY: 'alpha' } }],
  ['a secret that nobody was told', 'its SECONDARY secret', { secrets: { ...BOOKS.secrets, SECONDARY: 'unknown' } }],
  ['a secret is gone', 'its SECONDARY secret', { secrets: { PRIMARY: 'gamma' } }],
  ['a stored answer is another', 'the stored answer of k3', { answers: new Map([...ANSWERS, ['k3', answerOf('delta')]]) }],
  ['a stored answer is gone', 'the stored answer of k3', { answers: new Map(ANSWERS.slice(0, 2)) }],
  ['an answer that was never given', '4 stored answers', { answers: new Map([...ANSWERS, ['k4', answerOf('delta')]]) }],
  ['a reset that was done twice', '4 audit events', { audits: 4 }],
  ['a reset without its event', '2 events', { events: 2 }],
];

describe('the audit of the secrets', () => {
  it('finds nothing in books that agree', () => {
    assert.deepEqual(secretFaults(TOLD, BOOKS), []);
    assert.deepEqual(secretFaults([], { secrets: {}, answers: new Map(), audits: 0, events: 0 }), []);
  });

  for (const [what, found, books] of DAMAGES) {
    it(`finds ${what}, and tells no secret`, () => {
      const faults = secretFaults(TOLD, { ...BOOKS, ...books });
      assert.ok(faults.some((fault) => fault.includes(found)), faults.join('\n'));
      assert.doesNotMatch(faults.join('\n'), /\b(?:alpha|beta|gamma|delta|unknown)\b/);
    });
  }
});
