import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { before, describe, it } from 'mocha';
import { JsonInput, JsonNames, JsonUnset } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { checkJson, jsonToBytes } from '../../src/contract/json/read.ts';
import { compileJsonWriter } from '../../src/contract/json/write.ts';
import { generateContract } from './contract.ts';

const ECHO = '/transcoder.v1.EchoService/Echo';
const RUNS = 4_000;

/** Values that some field takes, and others that nearly fit; not the negative zero, whose sign JSON.stringify drops. */
const LEAVES = [
  null, true, false, 0, 1, -1, 1.5, 2 ** 31, 2 ** 53, 1e39, 1e308, '', 'x', '1', '01', 'true', 'NaN', 'RED', 'COLOR_DEEP_BLUE', 'AAA=', '-_8',
  '9223372036854775807', '18446744073709551615', '2024-02-29T00:00:00Z', '2023-02-29T00:00:00Z', '1.5s', '-0.000000001s', '1sx', 'a.b,cD', '__proto__', '😀', 'a\0b',
] as const;
const TYPES = ['transcoder.v1.Everything', 'transcoder.v1.Inner', 'google.protobuf.Duration', 'google.protobuf.Any', 'google.protobuf.Value', 'google.protobuf.Empty', 'no.Body'];

describe('JSON in and out, at random', () => {
  let contract: Awaited<ReturnType<typeof generateContract>>;

  before(async () => {
    contract = await generateContract();
  });

  /** Members that are fields of messages, and some that are none. */
  function anyJson(): fc.Arbitrary<unknown> {
    const desc = contract.contract.image.registry.getMessage('transcoder.v1.Everything') ?? assert.fail();
    const names = [...desc.fields, ...(desc.fields.find((field) => field.name === 'inner')?.message?.fields ?? [])].flatMap((field) => [field.name, field.jsonName]);
    const name = fc.constantFrom(...names, ...names, 'value', '1', '-1', 'true', '__proto__', 'unknown', 'constructor');
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        { arbitrary: fc.constantFrom(...LEAVES), weight: 4 },
        { arbitrary: fc.array(tie('value'), { maxLength: 3 }), weight: 1 },
        { arbitrary: fc.dictionary(name, tie('value'), { maxKeys: 3 }), weight: 4 },
        {
          arbitrary: fc
            .tuple(fc.constantFrom(...TYPES), fc.dictionary(name, tie('value'), { maxKeys: 2 }))
            .map(([type, members]) => Object.assign({ '@type': `t/${type}` }, members)),
          weight: 1,
        },
      ),
    }));
    // Each member by itself, so that the whole is taken often enough.
    return fc.oneof(fc.tuple(name, value).map(([key, member]) => ({ [key]: member })), fc.dictionary(name, value, { maxKeys: 3 }));
  }

  for (const mode of [JsonInput.JSON_INPUT_STRICT, JsonInput.JSON_INPUT_VENDOR]) {
    it(`mode ${mode}: a value is refused as content or read, and what is written of it is read as the same message`, () => {
      const { image, services } = contract.contract;
      const method = services.flatMap((service) => service.methods).find(({ path }) => path === ECHO) ?? assert.fail();
      const codec = Object.values(contract.definitions.get('transcoder.v1.EchoService') ?? {}).find(({ path }) => path === ECHO) ?? assert.fail();
      const { input } = method.desc;
      const write = compileJsonWriter(input, { jsonNames: JsonNames.JSON_NAMES_PROTO, jsonUnset: JsonUnset.JSON_UNSET_OMIT }, image.registry);
      const read = (value: unknown, as: JsonInput): Uint8Array => {
        const bytes = jsonToBytes(input, checkJson(input, value, as, image.registry), image.registry);
        return codec.requestSerialize(codec.requestDeserialize(Buffer.from(bytes)));
      };
      let taken = 0;
      fc.assert(
        fc.property(anyJson(), (value) => {
          let bytes: Uint8Array;
          try {
            bytes = read(value, mode);
          } catch (error) {
            assert.ok(error instanceof FaultError, String(error));
            assert.ok(error.violations.length > 0 && error.violations.every(({ description }) => description !== ''));
            return;
          }
          taken += 1;
          const json = JSON.parse(JSON.stringify(write(bytes))) as unknown;
          assert.deepEqual(Buffer.from(read(json, JsonInput.JSON_INPUT_STRICT)).toString('hex'), Buffer.from(bytes).toString('hex'));
        }),
        { numRuns: RUNS },
      );
      assert.ok(taken > RUNS / 20, `${taken} were taken`);
    });
  }
});
