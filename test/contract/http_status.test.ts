import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Code } from '../../gen/google/rpc/code.ts';
import { compileContract } from '../../src/contract/contract.ts';
import { httpStatusOf } from '../../src/contract/http_status.ts';
import type { Reason } from '../../src/contract/model.ts';
import { editOption, editedImage, reasonOf } from './images.ts';

/** By gRPC code, from 0: "HTTP Mapping" in the comments of google/rpc/code.proto. */
const MAPPING = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

describe('the HTTP status of a gRPC code', () => {
  for (const [name, code] of Object.entries(Code).filter(([, number]) => number >= 0)) {
    it(`${name} is ${MAPPING[code]}`, () => assert.equal(httpStatusOf(code), MAPPING[code]));
  }

  it('is there for every code', () => {
    const codes = Object.values(Code).filter((code) => code >= 0);
    assert.deepEqual(codes.toSorted((a, b) => a - b), [...MAPPING.keys()]);
  });

  it('is 500 for what is no code', () => {
    assert.deepEqual([-1, 17, 404, 1.5, NaN].map(httpStatusOf), [500, 500, 500, 500, 500]);
  });

  for (const code of [...MAPPING.keys()].slice(1)) {
    it(`is that of a reason with code ${code} and no status of its own`, () => {
      assert.equal(reasonWith({ code, httpStatus: 0 })?.rules.httpStatus, MAPPING[code]);
    });
  }

  it('yields to the status of the reason', () => {
    assert.equal(reasonWith({ code: Code.FAILED_PRECONDITION, httpStatus: 412 })?.rules.httpStatus, 412);
  });
});

function reasonWith(rules: { code: number; httpStatus: number }): Reason | undefined {
  const image = editedImage((edited) =>
    editOption(edited, reasonOf(edited, 'DEVICE_FROZEN'), 'keyturn.options.v1.reason', (reason) => Object.assign(reason, rules)),
  );
  return [...compileContract(image, 'keyturn.v1').reasons.values()].find((reason) => reason.name === 'DEVICE_FROZEN');
}
