import assert from 'node:assert/strict';
import { fromJson, toBinary } from '@bufbuild/protobuf';
import type { JsonValue } from '@bufbuild/protobuf';
import { describe, it } from 'mocha';
import { JsonNames, JsonUnset } from '../../gen/keyturn/options/v1/options.ts';
import { fullEnumName, stripEnumPrefix } from '../../src/contract/json/enum_names.ts';
import { compileJsonWriter, memberName } from '../../src/contract/json/write.ts';
import { sample, sampleImage } from './samples.ts';

const { JSON_NAMES_PROTO: PROTO, JSON_NAMES_JSON: JSON_NAMES } = JsonNames;
const { JSON_UNSET_OMIT: OMIT, JSON_UNSET_DEFAULT: DEFAULT, JSON_UNSET_NULL: NULL } = JsonUnset;

/** From canonical JSON through bytes to what a method with this style answers. */
function write(value: JsonValue, jsonUnset: JsonUnset, jsonNames: JsonNames = PROTO, message = 'Lamp'): string {
  const { registry } = sampleImage();
  const desc = sample(message);
  const writer = compileJsonWriter(desc, { jsonNames, jsonUnset }, registry);
  return JSON.stringify(writer(toBinary(desc, fromJson(desc, value, { registry }))));
}

describe('JSON out', () => {
  it('omits unset fields', () => {
    assert.equal(write({}, OMIT), '{}');
    assert.equal(write({ lampId: '', level: 0, tags: [], state: 'LAMP_STATE_UNSPECIFIED' }, OMIT), '{}');
    assert.equal(write({ note: '', left: '' }, OMIT), '{"note":"","left":""}');
  });

  it('shows defaults of fields without presence, and nothing of those with it', () => {
    assert.equal(
      write({}, DEFAULT),
      '{"lamp_id":"","state":"UNSPECIFIED","level":0,"watts":0,"uptime":"0","serial":"0","ratio":0,"small":0,"lit":false,' +
        '"blob":"","tags":[],"states":[],"labels":{},"map_states":{},"inners":[],"last_word":"","nothing":null,"renamed":"","odd":"ODD_NONE"}',
    );
    assert.equal(write({ inner: {} }, DEFAULT, PROTO).includes('"inner":{"inner_name":"","count":0}'), true);
  });

  it('shows null for unset fields with presence, and defaults for others', () => {
    assert.equal(write({}, NULL, PROTO, 'Inner'), '{"inner_name":"","again":null,"count":0}');
    const lamp = JSON.parse(write({}, NULL)) as Record<string, unknown>;
    for (const name of ['inner', 'note', 'made_at', 'extra', 'wrapped']) assert.equal(lamp[name], null, name);
    for (const name of ['tags', 'states', 'inners']) assert.deepEqual(lamp[name], [], name);
    for (const name of ['left', 'right']) assert.ok(!(name in lamp), `${name} is one of a oneof`);
  });

  it('writes members in the order of their numbers, in nested messages too', () => {
    const lamp = write({ lastWord: 'z', lampId: 'a', madeAt: '2026-01-02T03:04:05Z', level: 1 }, OMIT);
    assert.equal(lamp, '{"lamp_id":"a","level":1,"last_word":"z","made_at":"2026-01-02T03:04:05Z"}');
    assert.equal(write({ inner: { count: 1, innerName: 'x' } }, OMIT), '{"inner":{"inner_name":"x","count":1}}');
  });

  it('writes proto names or JSON names', () => {
    const value = { lampId: 'a', Other: 'o', inner: { innerName: 'x' }, lastWord: 'z' };
    assert.equal(write(value, OMIT, PROTO), '{"lamp_id":"a","inner":{"inner_name":"x"},"last_word":"z","renamed":"o"}');
    assert.equal(write(value, OMIT, JSON_NAMES), '{"lampId":"a","inner":{"innerName":"x"},"lastWord":"z","Other":"o"}');
    const field = sample('Lamp').fields.find((candidate) => candidate.name === 'renamed');
    assert.ok(field);
    assert.equal(memberName(field, { jsonNames: PROTO, jsonUnset: OMIT }), 'renamed');
    assert.equal(memberName(field, { jsonNames: JSON_NAMES, jsonUnset: OMIT }), 'Other');
  });

  it('takes the prefix off enum values, single, in lists and in maps', () => {
    const value = { state: 'LAMP_STATE_ON', states: ['LAMP_STATE_OFF', 'LAMP_STATE_ON'], mapStates: { a: 'LAMP_STATE_OFF' }, odd: 'EVEN' };
    assert.equal(write(value, OMIT), '{"state":"ON","states":["OFF","ON"],"map_states":{"a":"OFF"},"odd":"EVEN"}');
  });

  it('writes an unknown enum number as it is', () => {
    assert.equal(write({ state: 9 }, OMIT), '{"state":9}');
  });

  it('never loses a digit of 64-bit numbers', () => {
    const value = { uptime: '-9223372036854775808', serial: '18446744073709551615' };
    assert.equal(write(value, OMIT), '{"uptime":"-9223372036854775808","serial":"18446744073709551615"}');
  });

  it('writes bytes, numbers that JSON does not have, and well-known types by the proto3 mapping', () => {
    assert.equal(write({ blob: '-_8', ratio: 'NaN', wrapped: 'w', extra: { b: 1, a: [null] }, anyValue: null }, OMIT),
      '{"ratio":"NaN","blob":"+/8=","extra":{"b":1,"a":[null]},"any_value":null,"wrapped":"w"}');
  });

  it('keeps a map key __proto__', () => {
    const labels = Object.fromEntries([['__proto__', 'x'], ['a', 'b']]);
    const mapStates = Object.fromEntries([['__proto__', 'LAMP_STATE_ON']]);
    assert.equal(write({ labels, mapStates }, OMIT), '{"labels":{"__proto__":"x","a":"b"},"map_states":{"__proto__":"ON"}}');
  });
});

describe('enum names', () => {
  const state = sampleImage().registry.getEnum('sample.LampState') ?? assert.fail();
  const odd = sampleImage().registry.getEnum('sample.Odd') ?? assert.fail();

  it('go out without and come in with or without their prefix', () => {
    assert.equal(stripEnumPrefix(state, 'LAMP_STATE_ON'), 'ON');
    assert.equal(stripEnumPrefix(odd, 'EVEN'), 'EVEN');
    assert.equal(fullEnumName(state, 'ON'), 'LAMP_STATE_ON');
    assert.equal(fullEnumName(state, 'LAMP_STATE_ON'), 'LAMP_STATE_ON');
    assert.equal(fullEnumName(odd, 'EVEN'), 'EVEN');
  });

  it('keep their prefix where another value has what is left', () => {
    const twice = sampleImage().registry.getEnum('sample.Twice') ?? assert.fail();
    assert.deepEqual(twice.values.map(({ name }) => stripEnumPrefix(twice, name)), ['NONE', 'TWICE_TWICE_RED', 'RED']);
    const names = ['TWICE_RED', 'RED', 'TWICE_TWICE_RED'];
    assert.deepEqual(names.map((name) => fullEnumName(twice, name)), ['TWICE_RED', 'TWICE_RED', 'TWICE_TWICE_RED']);
  });

  it('are compared byte for byte', () => {
    for (const name of ['on', 'STATE_ON', '_ON', 'LAMP_STATE_', '', 'LAMP_STATE_LAMP_STATE_ON', '1', 'toString']) {
      assert.equal(fullEnumName(state, name), undefined, name);
    }
  });
});
