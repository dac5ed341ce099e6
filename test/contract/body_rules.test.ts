import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import type { Method } from '../../src/contract/model.ts';
import { compileRule } from '../../src/transport/rest/binding/rule.ts';
import { RouteError } from '../../src/transport/rest/index.ts';
import { buildImage } from './images.ts';

const JSON_ONLY = 'media_types: "application/json"';
const FORM = 'media_types: "application/x-www-form-urlencoded"';
const JWT = 'media_types: "application/jwt"';
const EVERY = 'media_types: "*/*"';
const AS_TEXT = 'response_media_type: "text/plain; charset=utf-8"';

/** A rule, the options of its method, and what the start says to them. */
const RULES: readonly (readonly [name: string, rule: string, options: string, says?: RegExp])[] = [
  ['JsonWhole', 'body: "*"', JSON_ONLY],
  ['TextOfTypes', 'body: "text"', `${JSON_ONLY} ${JWT}`],
  ['TextOfEvery', 'body: "text"', EVERY],
  ['OptionalText', 'body: "maybe"', JWT],
  ['ChosenText', 'body: "chosen"', JWT],
  ['BytesOfEvery', 'body: "data"', EVERY],
  ['RawOfEvery', 'body: "raw"', EVERY],
  ['RawOfJson', 'body: "raw"', `${JSON_ONLY} ${FORM}`],
  ['NoBody', '', `${EVERY} ${FORM}`],
  ['WholeOfType', 'body: "*"', JWT, /takes application\/jwt, but its body is neither a string, nor bytes, nor google\.api\.HttpBody/],
  ['WholeOfEvery', 'body: "*"', EVERY, /takes \*\/\*, but its body is neither/],
  ...['number', 'kind', 'texts', 'labels', 'inner', 'wrapped', 'raws'].map(
    (field): [string, string, string, RegExp] => [`Every_${field}`, `body: "${field}"`, EVERY, /takes \*\/\*, but its body is neither/],
  ),
  ['FormWhole', 'body: "*"', `${JSON_ONLY} ${FORM}`],
  ['FormInner', 'body: "inner"', FORM],
  ...['number', 'text', 'texts', 'labels', 'wrapped', 'inners'].map(
    (field): [string, string, string, RegExp] => [`Form_${field}`, `body: "${field}"`, FORM, new RegExp(`but its body ${field} is no message`)],
  ),
  ['AnswerText', 'response_body: "text"', AS_TEXT],
  ['AnswerBytes', 'response_body: "data"', AS_TEXT],
  ['AnswerRaw', 'response_body: "raw"', ''],
  ['AnswerWhole', '', AS_TEXT, /answers with text\/plain; charset=utf-8, but its response_body is neither a string nor bytes/],
  ...['number', 'texts', 'inner', 'wrapped', 'raw', 'kind'].map(
    (field): [string, string, string, RegExp] => [`Answer_${field}`, `response_body: "${field}"`, AS_TEXT, /but its response_body is neither/],
  ),
  ['UnknownAnswer', 'response_body: "nobody"', '', /response_body nobody is not a top-level field/],
];

const PROTO = `syntax = "proto3";
package test;
import "google/api/annotations.proto";
import "google/api/httpbody.proto";
import "google/protobuf/wrappers.proto";
import "keyturn/options/v1/options.proto";
enum Kind { KIND_UNSPECIFIED = 0; }
message Inner { string id = 1; }
message M {
  string text = 1; bytes data = 2; optional string maybe = 3; oneof choice { string chosen = 4; int32 other = 5; }
  google.api.HttpBody raw = 6; int32 number = 7; Kind kind = 8; repeated string texts = 9; map<string, string> labels = 10;
  Inner inner = 11; google.protobuf.StringValue wrapped = 12; repeated google.api.HttpBody raws = 13; repeated Inner inners = 14;
}
enum ErrorReason {
  ERROR_REASON_UNSPECIFIED = 0;
  ERROR_REASON_ANY = 1 [(keyturn.options.v1.reason) = {
    envelope: ENVELOPE_RPC_STATUS code: INTERNAL http_status: 500 sentence: "no" faults: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
  }];
}
service S {
  option (keyturn.options.v1.service) = {
    envelope: ENVELOPE_RPC_STATUS path_prefixes: "/" other_methods: OTHER_METHODS_NOT_ALLOWED
    defaults: {
      caller: CALLER_OPERATOR max_body_bytes: 9 json_input: JSON_INPUT_STRICT json_names: JSON_NAMES_PROTO json_unset: JSON_UNSET_OMIT
      query: QUERY_BOUND statuses: 200
    }
  };
  ${RULES.map(([name, rule, options]) => rpc(name, 'M', `post: "/${name}" ${rule}`, options)).join('\n  ')}
  ${rpc('BoundRaw', 'google.api.HttpBody', 'put: "/bound/{content_type}" body: "*"', EVERY)}
  ${rpc('FreeRaw', 'google.api.HttpBody', 'get: "/free/{content_type}"', '')}
}`;

function rpc(name: string, input: string, rule: string, options: string): string {
  return `rpc ${name}(${input}) returns (M) { option (google.api.http) = {${rule}}; option (keyturn.options.v1.method) = {${options}}; }`;
}

describe('rules of bodies at the start', () => {
  const image = buildImage({ 'test/test.proto': PROTO });
  const methods = new Map(compileContract(image, 'test').services.flatMap((service) => service.methods).map((method) => [method.desc.name, method]));
  const compile = (name: string): unknown => {
    const method: Method = methods.get(name) ?? assert.fail(`no method ${name}`);
    return method.http.map((rule) => compileRule(image, method, rule));
  };
  const refuses = (name: string, says: RegExp): void =>
    assert.throws(() => compile(name), (error) => error instanceof RouteError && says.test(error.message) && error.message.includes(name));

  for (const [name, rule, options, says] of RULES) {
    it(`${says === undefined ? 'take' : 'refuse'} ${rule} with ${options}`, () => {
      if (says === undefined) assert.doesNotThrow(() => compile(name));
      else refuses(name, says);
    });
  }

  it('refuse a path variable of the google.api.HttpBody that the body is', () => {
    refuses('BoundRaw', /the body is the whole message/);
    assert.doesNotThrow(() => compile('FreeRaw'));
  });
});
