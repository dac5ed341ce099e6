import assert from 'node:assert/strict';
import type { DescMessage, JsonObject } from '@bufbuild/protobuf';
import { before, describe, it } from 'mocha';
import { Fault, JsonInput, Query } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../../src/contract/fault.ts';
import { compileQuery } from '../../../../src/transport/rest/binding/query.ts';
import { generateContract } from '../../../transcoder/contract.ts';

/** Work that grew with the square of these would outlast the time limit of a test many times. */
const MANY = 200_000;

describe('a query far larger than HTTP lets in', () => {
  let desc: DescMessage;

  before(async () => {
    const { contract } = await generateContract();
    desc = contract.image.registry.getMessage('transcoder.v1.Everything') ?? assert.fail('no message');
  });

  function bind(query: string, mode: Query = Query.QUERY_BOUND): JsonObject {
    const json: JsonObject = {};
    compileQuery(desc, { rules: { query: mode, ignoredQueryKeys: [], jsonInput: JsonInput.JSON_INPUT_STRICT }, bound: [], body: '' })(query, json);
    return json;
  }

  function faultsOf(query: string): readonly string[] {
    try {
      bind(query);
      return [];
    } catch (error) {
      assert.ok(error instanceof FaultError && error.fault === Fault.FAULT_QUERY_INVALID, String(error));
      return error.violations.map(({ field }) => field);
    }
  }

  it('of unknown keys', () => {
    const keys = Array.from({ length: MANY }, (_, index) => `k${index}`);
    assert.deepEqual(faultsOf(keys.join('&')), keys);
    assert.deepEqual(bind(keys.join('&'), Query.QUERY_KNOWN), {});
  });

  it('of one key', () => {
    assert.deepEqual(faultsOf('a_string=a&'.repeat(MANY)), ['a_string']);
    assert.deepEqual(faultsOf('by_name=a&by_number=1&'.repeat(MANY)), ['by_number', 'by_name']);
    assert.deepEqual(bind('strings=a&'.repeat(MANY)), { strings: Array.from({ length: MANY }, () => 'a') });
  });

  it('of 5,000 pairs that set hundreds of fields', () => {
    const ways = Array.from({ length: 31 }, (_, depth) => 'again.'.repeat(depth));
    const fields = desc.fields.filter(({ oneof, fieldKind, scalar }) => oneof === undefined && fieldKind === 'scalar' && scalar !== undefined);
    const names = fields.flatMap(({ name }) => ways.map((way) => `${way}${name}`));
    const lists = Array.from({ length: 5_000 - names.length }, (_, index) => `${ways[index % ways.length]}strings`);
    const json = bind([...names.map((name) => `${name}=${name.endsWith('bool') ? 'true' : '1111'}`), ...lists].join('&'));
    assert.equal(Object.keys(json).length, fields.length + 2);
  });

  it('of dots, brackets and letters', () => {
    for (const text of ['.', '[', 'x', '__proto__.', 'again.', 'inner.id.']) {
      const key = text.repeat(MANY);
      assert.deepEqual(faultsOf(`${key}=1`), [key]);
    }
    for (const field of ['value', 'struct', 'mask', 'duration', 'timestamp', 'an_int64', 'a_double', 'a_bytes', 'color', 'uint64_value']) {
      for (const text of ['[', '{"a":', 'a,', '1', '_a', '=', '9.']) assert.deepEqual(faultsOf(`${field}=${text.repeat(MANY)}!`), [field]);
    }
  });
});
