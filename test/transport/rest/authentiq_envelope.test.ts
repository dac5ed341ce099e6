import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Envelope } from '../../../gen/keyturn/options/v1/options.ts';
import type { Refusal } from '../../../src/call/call.ts';
import { compileContract } from '../../../src/contract/contract.ts';
import { loadImage } from '../../../src/contract/image.ts';
import type { Reason } from '../../../src/contract/model.ts';
import { writeRefusal } from '../../../src/transport/rest/envelopes.ts';
import type { EnvelopeSettings } from '../../../src/transport/rest/envelopes.ts';

/** Section 3 of contracts/authentiq.md, copied: reason, code of gRPC, status and exact bytes. */
const ROWS: readonly (readonly [reason: string, code: number, status: number, body: string])[] = [
  ['AUTHENTIQ_BAD_REQUEST', 3, 400, '{"error":400,"type":"bad-request","title":"Bad request","detail":"The request is not in the expected form."}'],
  ['AUTHENTIQ_AUTH_ERROR', 16, 401, '{"error":401,"type":"auth-error","title":"Authentication error","detail":"The proof in the request was not accepted."}'],
  ['AUTHENTIQ_AUD_ERROR', 16, 401, '{"error":401,"type":"aud-error","title":"Audience error","detail":"The callback does not match the audience of the token."}'],
  ['AUTHENTIQ_UNKNOWN_KEY', 5, 404, '{"error":404,"type":"unknown-key","title":"Unknown key","detail":"No such key is registered."}'],
  ['AUTHENTIQ_UNKNOWN_JOB', 5, 404, '{"error":404,"type":"unknown-job","title":"Job not found","detail":"No such job exists."}'],
  ['AUTHENTIQ_NOT_FOUND', 5, 404, '{"error":404,"type":"not-found","title":"Not found","detail":"No such resource exists."}'],
  ['AUTHENTIQ_NOT_SUPPORTED', 12, 405, '{"error":405,"type":"not-supported","title":"Not supported","detail":"This method or body is not supported here."}'],
  ['AUTHENTIQ_DUPLICATE_KEY', 6, 409, '{"error":409,"type":"duplicate-key","title":"Duplicate key","detail":"This key is registered already."}'],
  ['AUTHENTIQ_DUPLICATE_HASH', 6, 409, '{"error":409,"type":"duplicate-hash","title":"Already bound to another key","detail":"The address or number is bound to another key."}'],
  ['AUTHENTIQ_JOB_NOT_CONFIRMED', 9, 409, '{"error":409,"type":"confirm-first","title":"Job not confirmed yet","detail":"Confirm the job with its code first."}'],
  ['AUTHENTIQ_CONFIRM_FIRST', 9, 409, '{"error":409,"type":"confirm-first","title":"Confirm first","detail":"A code was sent. Repeat the request with it."}'],
  ['AUTHENTIQ_REVOKED_KEY', 9, 410, '{"error":410,"type":"revoked-key","title":"Revoked key","detail":"This key has been revoked."}'],
  ['AUTHENTIQ_UNSUPPORTED_MEDIA_TYPE', 3, 415, '{"error":415,"type":"unsupported-media-type","title":"Unsupported media type","detail":"The media type of the body is not accepted here."}'],
  ['AUTHENTIQ_RATE_LIMIT', 8, 429, '{"error":429,"type":"rate-limit","title":"Rate limit","detail":"Too many requests for this address or number."}'],
  ['AUTHENTIQ_FAILED', 13, 500, '{"error":500,"type":"internal-error","title":"Internal error","detail":"The request could not be completed."}'],
];

const settings = (typePrefix: string): EnvelopeSettings => ({ words: new Map(), iotda: 'iotda', typePrefix, mediaTypes: new Map() });
const refusalOf = (reason: Reason): Refusal => ({ ok: false, reason, violations: [{ field: 'jwt', description: 'is none' }], metadata: new Map() });

describe('contracts/authentiq.md section 3: the error object', () => {
  const reasons = [...compileContract(loadImage(), 'keyturn.v1').reasons.values()].filter(({ rules }) => rules.envelope === Envelope.ENVELOPE_AUTHENTIQ);

  it('has a row for each reason, and a reason for each row', () => {
    assert.deepEqual(reasons.map(({ name }) => name).toSorted(), ROWS.map(([reason]) => reason).toSorted());
  });

  for (const [name, code, status, body] of ROWS) {
    const reasonOf = (): Reason => reasons.find((reason) => reason.name === name) ?? assert.fail(name);

    it(`${name}: to the byte, with its code over gRPC`, () => {
      assert.equal(reasonOf().rules.code, code);
      assert.deepEqual(writeRefusal(refusalOf(reasonOf()), 'id', settings('')), { status, body });
    });

    it(`${name}: with error_type_prefix before the word, and nowhere else`, () => {
      const { type } = JSON.parse(body) as { type: string };
      for (const prefix of ['https://errors.example/', 'urn:example:', 'https://errors.example/?a="b"\\']) {
        const prefixed = body.replace(`"type":"${type}"`, () => `"type":${JSON.stringify(prefix + type)}`);
        assert.deepEqual(writeRefusal(refusalOf(reasonOf()), 'id', settings(prefix)), { status, body: prefixed });
      }
    });
  }
});
