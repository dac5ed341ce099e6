import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { checkMessages } from '../../src/contract/check_messages.ts';
import { buildImage, messageOf } from './images.ts';

const PROTO = `syntax = "proto3";
package test;
message Clash { string b_c = 1; string x = 2 [json_name = "b_c"]; }
message Outer { map<string, Middle> middles = 1; Clash clash = 2; Outer outer = 3; }
message Middle { repeated Clash clashes = 1; }
message Inherited { string __proto__ = 1; }
message Renamed { string x = 1 [json_name = "__proto__"]; }
message OneProperty { oneof some_choice { string a = 1; } oneof someChoice { string b = 2; } string some_Choice = 3; }
message Clear { string value_of = 4; oneof choice { string a = 5; } string b_c = 1; string bc = 2 [json_name = "b-c"]; Clear clear = 3; }`;

const OLD = `syntax = "proto2";
package test;
message Old { optional string a = 1 [default = "x"]; }`;
const NEW = `edition = "2023";
package test;
import "test/old.proto";
message New { Old old = 1 [features.message_encoding = DELIMITED]; }`;

describe('messages at the start', () => {
  const image = buildImage({ 'test/test.proto': PROTO, 'test/old.proto': OLD, 'test/new.proto': NEW });
  const holesOf = (message: string): string[] => {
    const holes: string[] = [];
    checkMessages(messageOf(image, `test.${message}`), new Set(), holes);
    return holes;
  };

  for (const message of ['Clash', 'Middle', 'Outer']) {
    it(`are refused once if one field's JSON name is another's proto name, at any depth: ${message}`, () => {
      assert.deepEqual(holesOf(message), ['test/test.proto: message test.Clash: b_c is a field, and the JSON name of x']);
    });
  }

  for (const message of ['Inherited', 'Renamed']) {
    it(`are refused if no object keeps a field of theirs: ${message}`, () => {
      assert.deepEqual(holesOf(message), [`test/test.proto: message test.${message}: no field can be called __proto__`]);
    });
  }

  it('are refused if they are of another syntax, at any depth', () => {
    assert.deepEqual(holesOf('New'), ['test/new.proto: message test.New: is not proto3', 'test/old.proto: message test.Old: is not proto3']);
  });

  it('are refused if members of theirs are one property in memory', () => {
    const holes = holesOf('OneProperty').map((hole) => hole.replace('test/test.proto: message test.OneProperty: ', ''));
    assert.deepEqual(holes, ['some_choice and someChoice are both someChoice in memory', 'someChoice and some_Choice are both someChoice in memory']);
  });

  it('are taken if each name is that of one field', () => {
    assert.deepEqual(holesOf('Clear'), []);
  });
});
