import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import { ApiError } from '../../../src/errors.ts';
import { readAuthentiqId, readPushToken, readScopeClaims } from '../../../src/services/identity_binding_service/claims.ts';
import { newIdentityKey, selfSigned } from '../../wire/identity/signer.ts';

const KEY = newIdentityKey();
const NAMES = ['sub', 'devtoken', 'pk', 'email', 'phone', 'scopes', 'scope', 'type', 'iss', 'aud', 'exp', 'nbf', 'iat', 'other', '__proto__', 'constructor'];

/** Claims that are often what they should be, and often not. */
const CLAIMS = fc.dictionary(fc.constantFrom(...NAMES), fc.oneof(
  fc.constantFrom<unknown>(KEY.pk, 'user@example.com', '+31201234567', 'email', 'https://example.com/a', 1_767_225_600, null, '', []),
  fc.jsonValue({ maxDepth: 2 }),
), { noNullPrototype: true });

const READERS = { AuthentiqID: readAuthentiqId, Claims: readScopeClaims, PushToken: readPushToken };

/** What a reader makes of a text: claims, or undefined where it refuses with 400. Any other error is a fault. */
function read<T>(reader: (text: string) => T, text: string): T | undefined {
  try {
    return reader(text);
  } catch (error) {
    assert.ok(error instanceof ApiError && error.reason === ErrorReason.ERROR_REASON_AUTHENTIQ_BAD_REQUEST, String(error));
    assert.equal(error.violations.length, 1);
    return undefined;
  }
}

const uri = (length: number): string => 'https://a.example/'.padEnd(length, 'x');

describe('the claims of a JWT', () => {
  for (const [name, reader] of Object.entries(READERS)) {
    it(`of ${name} are read or refused, whatever they are`, () => {
      fc.assert(fc.property(CLAIMS, (claims) => {
        const found = read<{ sub: string }>(reader, selfSigned(KEY, claims));
        if (found === undefined) return;
        assert.ok(typeof found.sub === 'string');
        for (const time of ['exp', 'nbf', 'iat'] as const) {
          const value = (found as Record<string, unknown>)[time];
          assert.ok(value === undefined || Number.isSafeInteger(value));
        }
      }), { numRuns: 500 });
    });

    it(`of ${name} are refused where the text is no JWT`, () => {
      fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.base64String(), { minLength: 2, maxLength: 4 }).map((parts) => parts.join('.'))), (text) => {
        assert.equal(read(reader as (text: string) => unknown, text), undefined);
      }), { numRuns: 500 });
    });
  }

  it('that are not used change nothing', () => {
    fc.assert(fc.property(fc.dictionary(fc.string().filter((name) => !NAMES.slice(0, -3).includes(name) && name !== '__proto__'), fc.jsonValue({ maxDepth: 2 })), (unknown) => {
      const { jwt: _, ...claims } = readAuthentiqId(selfSigned(KEY, { ...unknown, sub: KEY.pk, email: 'A@b' }));
      const { jwt: __, ...bare } = readAuthentiqId(selfSigned(KEY, { email: 'A@b' }));
      assert.deepEqual(claims, bare);
    }));
  });

  it('quote nothing of what they refuse', () => {
    fc.assert(fc.property(fc.constantFrom('email', 'phone', 'pk', 'devtoken', 'exp'), (name) => {
      const secret = name === 'devtoken' ? 'needle-4711\0' : 'needle-4711';
      assert.throws(() => readAuthentiqId(selfSigned(KEY, { [name]: secret })), (error: Error) => !JSON.stringify([error.message, error]).includes('needle'));
    }));
  });

  it('of a PushToken have URIs of at most 2048 characters', () => {
    for (const [iss, aud, isRead] of [[uri(2_048), uri(2_048), true], [uri(2_049), uri(20), false], [uri(20), uri(2_049), false]] as const) {
      assert.equal(read(readPushToken, selfSigned(KEY, { iss, aud })) !== undefined, isRead);
    }
  });
});
