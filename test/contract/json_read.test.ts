import assert from 'node:assert/strict';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { before, describe, it } from 'mocha';
import { Fault, JsonInput } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { checkJson, jsonToBytes } from '../../src/contract/json/read.ts';
import { parseStrictJson } from '../../src/strict_json.ts';
import { sample, sampleImage } from './samples.ts';

const { JSON_INPUT_STRICT: STRICT, JSON_INPUT_VENDOR: VENDOR } = JsonInput;
const MODES = [['STRICT', STRICT], ['VENDOR', VENDOR]] as const;

/** From JSON text as a body holds it to the message, as canonical JSON with proto names. */
function read(text: string, mode: JsonInput): unknown {
  const { registry } = sampleImage();
  const bytes = jsonToBytes(sample('Lamp'), checkJson(sample('Lamp'), parseStrictJson(Buffer.from(text)), mode, registry), registry);
  return toJson(sample('Lamp'), fromBinary(sample('Lamp'), bytes), { registry, useProtoFieldName: true });
}

/** The fields that the refusal names. */
function refusedFields(text: string, mode: JsonInput): string[] {
  try {
    read(text, mode);
  } catch (error) {
    assert.ok(error instanceof FaultError, String(error));
    assert.equal(error.fault, Fault.FAULT_CONTENT_INVALID);
    for (const { description } of error.violations) assert.match(description, /\S/);
    return error.violations.map((violation) => violation.field);
  }
  return assert.fail(`${text} was taken`);
}

/** Read alike in both modes: the text and what comes of it. */
const TAKEN: readonly (readonly [text: string, message: unknown])[] = [
  ['{}', {}],
  ['{"lamp_id":"a","level":-2147483648,"watts":4294967295}', { lamp_id: 'a', level: -2147483648, watts: 4294967295 }],
  ['{"level":1.0,"watts":1e2}', { level: 1, watts: 100 }],
  ['{"uptime":9007199254740991,"serial":9007199254740991}', { uptime: '9007199254740991', serial: '9007199254740991' }],
  ['{"state":"ON","states":["OFF","LAMP_STATE_ON"]}', { state: 'LAMP_STATE_ON', states: ['LAMP_STATE_OFF', 'LAMP_STATE_ON'] }],
  ['{"odd":"EVEN"}', { odd: 'EVEN' }],
  ['{"lit":true,"ratio":1.5,"blob":"AQI="}', { lit: true, ratio: 1.5, blob: 'AQI=' }],
  ['{"blob":"-_8"}', { blob: '+/8=' }],
  ['{"inner":{"inner_name":"x","again":{"count":3}}}', { inner: { inner_name: 'x', again: { count: 3 } } }],
  ['{"inners":[{},{"count":1}],"tags":[]}', { inners: [{}, { count: 1 }] }],
  ['{"labels":{"a":"b"},"map_states":{"x":"ON"}}', { labels: { a: 'b' }, map_states: { x: 'LAMP_STATE_ON' } }],
  ['{"lamp_id":null,"tags":null,"inner":null}', {}],
  ['{"note":""}', { note: '' }],
  ['{"made_at":"2026-01-02T03:04:05Z"}', { made_at: '2026-01-02T03:04:05Z' }],
  ['{"extra":{"a":[1,null,"x"]},"wrapped":"w"}', { extra: { a: [1, null, 'x'] }, wrapped: 'w' }],
];

/** Refused in both modes, with the fields that are named. */
const REFUSED: readonly (readonly [text: string, fields: readonly string[]])[] = [
  ['[]', ['']],
  ['"text"', ['']],
  ['null', ['']],
  ['{"lamp_id":1}', ['lamp_id']],
  ['{"lamp_id":{}}', ['lamp_id']],
  ['{"lamp_id":["a"]}', ['lamp_id']],
  ['{"level":2147483648,"watts":-1}', ['level', 'watts']],
  ['{"level":1.5}', ['level']],
  ['{"level":true,"lit":1,"ratio":false}', ['level', 'lit', 'ratio']],
  ['{"lit":"true"}', ['lit']],
  ['{"uptime":9007199254740993}', ['uptime']],
  ['{"serial":-1}', ['serial']],
  ['{"tags":"a"}', ['tags']],
  ['{"tags":["a",1,null]}', ['tags[1]', 'tags[2]']],
  ['{"inner":[]}', ['inner']],
  ['{"inner":{"again":{"count":"x"}}}', ['inner.again.count']],
  ['{"inners":[{},{"count":"x"},3]}', ['inners[1].count', 'inners[2]']],
  ['{"labels":{"a":1}}', ['labels.a']],
  ['{"labels":[]}', ['labels']],
  ['{"state":"on"}', ['state']],
  ['{"state":"BROKEN","states":["ON","BROKEN"]}', ['state', 'states[1]']],
  ['{"state":true}', ['state']],
  ['{"blob":"not base64!"}', ['blob']],
  ['{"blob":"A"}', ['blob']],
  ['{"made_at":"yesterday"}', ['made_at']],
  ['{"made_at":5}', ['made_at']],
  ['{"wrapped":5}', ['wrapped']],
];

/** Where the modes differ: a message, or the fields that are refused. */
const DIFFERENT: readonly (readonly [text: string, strict: unknown, vendor: unknown])[] = [
  ['{"unknown":1}', ['unknown'], {}],
  ['{"unknown":null}', ['unknown'], {}],
  ['{"inner":{"unknown":[1]}}', ['inner.unknown'], { inner: {} }],
  ['{"lampId":"a"}', { lamp_id: 'a' }, {}],
  ['{"Other":"a"}', { renamed: 'a' }, {}],
  ['{"lamp_id":"a","lampId":"b"}', ['lamp_id'], { lamp_id: 'a' }],
  ['{"level":"5"}', { level: 5 }, ['level']],
  ['{"ratio":"1.5"}', { ratio: 1.5 }, ['ratio']],
  ['{"ratio":"NaN"}', { ratio: 'NaN' }, ['ratio']],
  ['{"uptime":"9223372036854775807"}', { uptime: '9223372036854775807' }, ['uptime']],
  ['{"uptime":"-9223372036854775808"}', { uptime: '-9223372036854775808' }, ['uptime']],
  ['{"serial":"18446744073709551615"}', { serial: '18446744073709551615' }, ['serial']],
  ['{"uptime":"9223372036854775808"}', ['uptime'], ['uptime']],
  ['{"level":"1.5"}', ['level'], ['level']],
  ['{"level":" 1"}', ['level'], ['level']],
  ['{"level":""}', ['level'], ['level']],
  ['{"state":1}', { state: 'LAMP_STATE_ON' }, ['state']],
  ['{"state":7}', ['state'], ['state']],
  ['{"state":"1"}', ['state'], ['state']],
  ['{"__proto__":{"lamp_id":"evil"}}', ['__proto__'], {}],
  ['{"inner":{"__proto__":{"inner_name":"evil"}}}', ['inner.__proto__'], { inner: {} }],
  ['{"constructor":1,"toString":2}', ['constructor', 'toString'], {}],
];

describe('JSON in', () => {
  before(() => sampleImage());

  for (const [name, mode] of MODES) {
    for (const [text, message] of TAKEN) it(`${name} takes ${text}`, () => assert.deepEqual(read(text, mode), message));
    for (const [text, fields] of REFUSED) it(`${name} refuses ${text}`, () => assert.deepEqual(refusedFields(text, mode), fields));
  }

  for (const [index, [name, mode]] of MODES.entries()) {
    for (const [text, ...wanted] of DIFFERENT) {
      const expected = wanted[index];
      it(`${name} ${Array.isArray(expected) ? 'refuses' : 'takes'} ${text}`, () => {
        if (Array.isArray(expected)) assert.deepEqual(refusedFields(text, mode), expected);
        else assert.deepEqual(read(text, mode), expected);
      });
    }
  }

  it('refuses the key __proto__, which messages in memory cannot hold', () => {
    for (const [, mode] of MODES) {
      assert.deepEqual(refusedFields('{"labels":{"__proto__":"x","a":"b"}}', mode), ['labels.__proto__']);
      assert.deepEqual(refusedFields('{"extra":{"a":[{"__proto__":{"polluted":1}}]}}', mode), ['extra']);
      assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    }
  });

  it('names the field of canonical JSON that does not fit, as far as it is known', () => {
    const { registry } = sampleImage();
    for (const [json, field] of [[{ level: 'x' }, 'level'], [{ lamp_id: 'a', inner: { count: 'x' } }, 'inner'], [{ left: 'a', right: {} }, ''], [{ nobody: 1 }, '']] as const) {
      assert.throws(
        () => jsonToBytes(sample('Lamp'), json, registry),
        (error: FaultError) => error.fault === Fault.FAULT_CONTENT_INVALID && error.violations[0]?.field === field,
      );
    }
  });

  it('takes null for google.protobuf.Value and NullValue, which have it as a value', () => {
    assert.deepEqual(read('{"any_value":null}', STRICT), { any_value: null });
    assert.doesNotThrow(() => read('{"nothing":null}', STRICT));
  });

  it('never quotes a value', () => {
    for (const text of ['{"lamp_id":["hush"]}', '{"state":"hush"}', '{"made_at":"hush"}', '{"blob":"hush!"}']) {
      assert.throws(
        () => read(text, STRICT),
        (error: FaultError) => !JSON.stringify([error.message, error.violations]).includes('hush'),
      );
    }
  });
});
