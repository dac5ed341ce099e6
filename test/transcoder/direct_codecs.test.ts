import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { JsonInput, JsonNames, JsonUnset } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { compileDirectReader } from '../../src/contract/json/direct_read.ts';
import { compileDirectWriter } from '../../src/contract/json/direct_write.ts';
import { checkJson, jsonToBytes } from '../../src/contract/json/read.ts';
import { compileJsonWriter } from '../../src/contract/json/write.ts';
import { generateContract } from './contract.ts';
import type { Generated, MethodDefinition } from '../support/generated.ts';
import { randomJson } from './random_json.ts';

const { JSON_INPUT_STRICT: STRICT, JSON_INPUT_VENDOR: VENDOR } = JsonInput;
const { JSON_NAMES_JSON, JSON_NAMES_PROTO } = JsonNames;
const { JSON_UNSET_OMIT, JSON_UNSET_NULL, JSON_UNSET_DEFAULT } = JsonUnset;
const RUNS = { numRuns: 3_000 };

describe('direct codecs', () => {
  let generated: Generated;
  let echo: MethodDefinition;

  before(async () => {
    generated = await generateContract();
    echo = generated.definitions.get('transcoder.v1.EchoService')?.['echo'] ?? assert.fail();
  });

  function everything() {
    const { image } = generated.contract;
    return { desc: image.registry.getMessage('transcoder.v1.Everything') ?? assert.fail(), registry: image.registry };
  }

  /** By way of canonical JSON and bytes; undefined if it is refused. */
  function readGenerally(json: unknown, input: JsonInput): object | undefined {
    const { desc, registry } = everything();
    try {
      return echo.requestDeserialize(Buffer.from(jsonToBytes(desc, checkJson(desc, json, input, registry), registry)));
    } catch (error) {
      assert.ok(error instanceof FaultError, String(error));
      return undefined;
    }
  }

  /** By way of bytes and protobuf-es; undefined if it cannot be written. */
  function writeGenerally(message: object, style: { jsonNames: JsonNames; jsonUnset: JsonUnset }): string | undefined {
    const { desc, registry } = everything();
    try {
      return JSON.stringify(compileJsonWriter(desc, style, registry)(echo.responseSerialize(message)));
    } catch {
      return undefined;
    }
  }

  for (const [name, input] of [['STRICT', STRICT], ['VENDOR', VENDOR]] as const) {
    it(`read the same as the general way, or leave it to that, in mode ${name}`, () => {
      const { desc } = everything();
      const read = compileDirectReader(desc, input) ?? assert.fail();
      let taken = 0;
      fc.assert(fc.property(randomJson(desc), (json) => {
        const message = read(json);
        if (message === undefined) return;
        taken += 1;
        assert.deepStrictEqual(message, readGenerally(json, input));
      }), RUNS);
      assert.ok(taken > RUNS.numRuns / 10, `only ${taken} were read directly`);
    });
  }

  for (const [name, input] of [['STRICT', STRICT], ['VENDOR', VENDOR]] as const) {
    it(`read canonical JSON, of which path, query and body have given parts, as the general way does: ${name}`, () => {
      const { desc, registry } = everything();
      const read = compileDirectReader(desc, STRICT) ?? assert.fail();
      let taken = 0;
      fc.assert(fc.property(randomJson(desc), (json) => {
        const general = readGenerally(json, input);
        const message = general && read(checkJson(desc, json, input, registry));
        if (message === undefined) return;
        taken += 1;
        assert.deepStrictEqual(message, general);
      }), RUNS);
      assert.ok(taken > RUNS.numRuns / 10, `only ${taken} were read directly`);
    });
  }

  for (const jsonNames of [JSON_NAMES_JSON, JSON_NAMES_PROTO]) {
    for (const jsonUnset of [JSON_UNSET_OMIT, JSON_UNSET_NULL, JSON_UNSET_DEFAULT]) {
      it(`write the same as the general way, or leave it to that, with names ${jsonNames} and unset ${jsonUnset}`, () => {
        const { desc } = everything();
        // The message itself has fields that only the general way writes, and shows them unless it omits them.
        const shown = jsonUnset === JSON_UNSET_OMIT ? desc : (desc.field['inner']?.message ?? assert.fail());
        const style = { jsonNames, jsonUnset };
        const write = compileDirectWriter(shown, style) ?? assert.fail();
        let taken = 0;
        fc.assert(fc.property(randomMessage(), (message) => {
          const part = shown === desc ? message : { ...readGenerally({}, STRICT), inner: message };
          const own = write(message);
          if (own === undefined) return;
          taken += 1;
          const whole = writeGenerally(part, style);
          assert.deepEqual(shown === desc ? own : JSON.parse(own), shown === desc ? whole : JSON.parse(whole ?? '{}').inner);
        }), RUNS);
        assert.ok(taken > RUNS.numRuns / 10, `only ${taken} were written directly`);

        function randomMessage(): fc.Arbitrary<object> {
          const start = randomJson(shown).map((json) => readOf(json)).filter((message) => message !== undefined);
          const strange = fc.constantFrom(undefined, null, -1, 2 ** 40, 1.5, NaN, 1e39, -1e-50, 77, 'x', '\ud800', 1n << 70n, [], [undefined], ['\udfff'], [1e39], {}, { a: '\ud800' });
          const change = fc.option(fc.tuple(fc.constantFrom(...shown.fields.filter(({ oneof }) => oneof === undefined)), strange));
          return fc.tuple(start, change).map(([message, changed]) => Object.assign(message, changed === null ? {} : { [changed[0].localName]: changed[1] }));
        }

        function readOf(json: Record<string, unknown>): object | undefined {
          if (shown === desc) return readGenerally(json, STRICT);
          const whole = readGenerally({ inner: json }, STRICT) as { inner: object } | undefined;
          return whole?.inner;
        }
      });
    }
  }

  it('know no well-known type by itself', () => {
    const { registry } = everything();
    const timestamp = registry.getMessage('google.protobuf.Timestamp') ?? assert.fail();
    assert.equal(compileDirectReader(timestamp, STRICT), undefined);
    assert.equal(compileDirectWriter(timestamp, { jsonNames: JSON_NAMES_JSON, jsonUnset: JSON_UNSET_OMIT }), undefined);
  });

  for (const [text, message] of [
    ['{"aString":"é😀\\n","anInt64":"9223372036854775807","aDouble":-0.5}', { aString: 'é😀\n', anInt64: 9223372036854775807n, aDouble: -0.5 }],
    ['{"color":"DEEP_BLUE","colors":["COLOR_RED",-1],"maybeBool":false}', { color: 2, colors: [1, -1], maybeBool: false }],
    ['{"inner":{"tags":["a"],"byNumber":0},"labels":{"k":"v"}}', { inner: { tags: ['a'], choice: { $case: 'byNumber', value: 0 } }, labels: { k: 'v' } }],
  ] as const) {
    it(`read ${text}`, () => {
      const read = compileDirectReader(everything().desc, STRICT) ?? assert.fail();
      assert.partialDeepStrictEqual(read(JSON.parse(text)), message);
    });
  }

  for (const text of [
    '[]', '{"aString":1}', '{"unknown":1}', '{"aString":"a","a_string":"b"}', '{"byName":"a","byNumber":1}', '{"anInt32":1.5}',
    '{"aUint64":-1}', '{"color":"BLUE"}', '{"strings":[null]}', '{"inner":{"id":1}}', '{"aFloat":1e39}', '{"timestamp":"2026-01-02T03:04:05Z"}',
  ]) {
    it(`leave ${text} to the general way`, () => {
      const read = compileDirectReader(everything().desc, STRICT) ?? assert.fail();
      assert.equal(read(JSON.parse(text)), undefined);
    });
  }
});
