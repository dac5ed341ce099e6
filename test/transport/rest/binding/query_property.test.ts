import assert from 'node:assert/strict';
import type { DescMessage, JsonObject } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { Fault, JsonNames, JsonUnset, JsonInput, Query } from '../../../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../../../src/contract/fault.ts';
import { jsonToBytes } from '../../../../src/contract/json/read.ts';
import { compileJsonWriter } from '../../../../src/contract/json/write.ts';
import { compileQuery } from '../../../../src/transport/rest/binding/query.ts';
import type { QueryBinder } from '../../../../src/transport/rest/binding/query.ts';
import { generateContract } from '../../../transcoder/contract.ts';
import type { Generated } from '../../../support/generated.ts';

const text = fc.string({ unit: 'binary' }).filter((each) => !each.includes('\0') && each.isWellFormed());

/** Field names with texts and what they mean in the JSON of an answer with defaults. */
const VALUES: Readonly<Record<string, fc.Arbitrary<readonly [text: string, json: unknown]>>> = {
  a_string: text.map((value) => [value, value]),
  maybe_string: text.map((value) => [value, value]),
  string_value: text.map((value) => [value, value]),
  a_bool: fc.boolean().map((value) => [String(value), value]),
  a_bytes: fc.uint8Array().map((value) => [Buffer.from(value).toString('base64url'), Buffer.from(value).toString('base64')]),
  bytes_value: fc.uint8Array().map((value) => [Buffer.from(value).toString('base64'), Buffer.from(value).toString('base64')]),
  an_int32: fc.integer().map((value) => [String(value), value]),
  a_fixed32: fc.nat(2 ** 32 - 1).map((value) => [String(value), value]),
  an_int64: fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => [String(value), String(value)]),
  uint64_value: fc.bigInt(0n, 2n ** 64n - 1n).map((value) => [String(value), String(value)]),
  a_double: fc.double({ noDefaultInfinity: true, noNaN: true }).map((value) => [String(value), value === 0 ? 0 : value]),
  color: fc.constantFrom('RED', 'COLOR_RED', '1').map((value) => [value, 'RED']),
  value: fc.jsonValue({ maxDepth: 4 }).map((value) => [JSON.stringify(value), value] as const).filter(([json]) => !json.includes('__proto__')),
};

describe('the query', () => {
  let desc: DescMessage;
  let contract: Generated['contract'];
  let bind: QueryBinder;

  before(async () => {
    ({ contract } = await generateContract());
    desc = contract.image.registry.getMessage('transcoder.v1.Everything') ?? assert.fail('no message');
    bind = compileQuery(desc, { rules: { query: Query.QUERY_BOUND, ignoredQueryKeys: [], jsonInput: JsonInput.JSON_INPUT_STRICT }, bound: [], body: '' });
  });

  /** What a query makes of the message, as an answer shows it. */
  function shownOf(query: string): JsonObject {
    const json: JsonObject = {};
    bind(query, json);
    const bytes = jsonToBytes(desc, json, contract.image.registry);
    const write = compileJsonWriter(desc, { jsonNames: JsonNames.JSON_NAMES_PROTO, jsonUnset: JsonUnset.JSON_UNSET_DEFAULT }, contract.image.registry);
    return write(bytes) as JsonObject;
  }

  it('gives every value as it was meant, at every depth', () => {
    const given = fc
      .record(VALUES, { requiredKeys: [] })
      .map((some) => Object.entries(some).flatMap(([name, pair]) => (pair === undefined ? [] : [{ name, value: pair[0], json: pair[1] }])));
    fc.assert(
      fc.property(given, fc.nat({ max: 3 }), (some, depth) => {
        const pairs = some.map(({ name, value }) => `${'again.'.repeat(depth)}${name}=${encodeURIComponent(value)}`);
        let shown = shownOf(pairs.join('&'));
        for (let level = 0; level < depth && pairs.length > 0; level += 1) shown = shown['again'] as JsonObject;
        // JSON has no minus zero.
        for (const { name, json } of some) assert.deepEqual(shown[name], JSON.parse(JSON.stringify(json)), name);
      }),
      { numRuns: 2_000, interruptAfterTimeLimit: 10_000 },
    );
  });

  it('is bound to a message that can be answered, or refused, whatever it says', () => {
    const names = desc.fields.flatMap(({ name, jsonName }) => [name, jsonName]);
    const part = fc.oneof(fc.constantFrom(...names, 'id', 'count', 'nobody', '', '__proto__'), fc.string({ maxLength: 3 }));
    const key = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...names) }, fc.array(part, { maxLength: 4 }).map((parts) => parts.join('.')));
    const odd = [
      '', '0', '-0', '1', '-1', '1e3', '1.5', '1e39', '1e308', 'NaN', '-NaN', 'Infinity', '-Infinity', 'true', 'null', 'RED', 'QQ', 'QQ==', '_-', '1s', '-1.5s',
      '315576000000.0s', '2024-02-29T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59', 'a.b_c,dE,*', '{}', '[]', '[null]', '{"":[1e308]}', '"\\u0000"',
    ];
    const value = fc.oneof(fc.constantFrom(...odd), text, fc.json());
    const query = fc.array(fc.tuple(key, value), { maxLength: 5 });
    const seen = { bound: 0, refused: 0 };
    fc.assert(
      fc.property(query, (pairs) => {
        try {
          shownOf(pairs.map(([name, each]) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`).join('&'));
          seen.bound += 1;
        } catch (error) {
          assert.ok(error instanceof FaultError && error.fault === Fault.FAULT_QUERY_INVALID, String(error));
          seen.refused += 1;
        }
      }),
      { numRuns: 10_000, interruptAfterTimeLimit: 10_000 },
    );
    assert.ok(seen.bound > 1_000 && seen.refused > 1_000, JSON.stringify(seen));
  });
});
