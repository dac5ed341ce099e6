import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import { buildImage } from './images.ts';

const MEMBER = /could have a member error/;

/** What the start says to a method that streams these answers. */
const STREAMS: readonly (readonly [name: string, rpc: string, rule: string, says: RegExp | undefined, options?: string])[] = [
  ['Plain', '(M) returns (stream M)', 'get: "/plain"', undefined],
  ['FieldOfMessage', '(M) returns (stream M)', 'get: "/field" response_body: "inner"', undefined],
  ['FieldOfText', '(M) returns (stream WithError)', 'get: "/text" response_body: "error"', undefined],
  ['FieldOfList', '(M) returns (stream M)', 'get: "/list" response_body: "errors"', undefined],
  ['DeepError', '(M) returns (stream Deep)', 'get: "/deep"', undefined],
  ['OtherJsonName', '(M) returns (stream Renamed)', 'get: "/renamed"', undefined],
  ['UnaryError', '(M) returns (WithError)', 'get: "/unary"', undefined],
  ['Error', '(M) returns (stream WithError)', 'get: "/error"', MEMBER],
  ['ErrorByJsonName', '(M) returns (stream Renamed)', 'get: "/json"', MEMBER, 'json_names: JSON_NAMES_JSON'],
  ['ErrorInField', '(M) returns (stream Deep)', 'get: "/in/field" response_body: "inner"', MEMBER],
  ['ErrorInAdditional', '(M) returns (stream Deep)', 'get: "/a" additional_bindings: {get: "/b" response_body: "inner"}', MEMBER],
  ['ErrorInMap', '(M) returns (stream M)', 'get: "/map" response_body: "labels"', MEMBER],
  ['ErrorInStruct', '(M) returns (stream google.protobuf.Struct)', 'get: "/struct"', MEMBER],
  ['ErrorInAny', '(M) returns (stream M)', 'get: "/any" response_body: "any"', MEMBER],
  ['Raw', '(M) returns (stream M)', 'get: "/raw" response_body: "text"', /unset response_media_type/, 'response_media_type: "text/plain"'],
  ['HttpBody', '(M) returns (stream google.api.HttpBody)', 'get: "/http/body"', /no google\.api\.HttpBody/],
  ['NoContent', '(M) returns (stream M)', 'get: "/no/content"', /answers of status 204 have no content/, 'statuses: [200, 204]'],
  ['Client', '(stream M) returns (M)', 'post: "/client" body: "*"', /streams its request, which is not served/],
  ['Both', '(stream M) returns (stream M)', 'post: "/both" body: "*"', /streams its request, which is not served/],
];

const FAULTS = Array.from({ length: 13 }, (_, index) => String(index + 1)).join(', ');

const PROTO = `syntax = "proto3";
package test;
import "google/api/annotations.proto";
import "google/api/httpbody.proto";
import "google/protobuf/any.proto";
import "google/protobuf/struct.proto";
import "keyturn/options/v1/options.proto";
message Inner { string id = 1; }
message M { Inner inner = 1; repeated string errors = 2; map<string, string> labels = 3; string text = 4; google.protobuf.Any any = 5; }
message WithError { string error = 1; }
message Deep { WithError inner = 1; }
message Renamed { string fault = 1 [json_name = "error"]; }
enum ErrorReason {
  ERROR_REASON_UNSPECIFIED = 0;
  ERROR_REASON_ANY = 1 [(keyturn.options.v1.reason) = {
    envelope: ENVELOPE_RPC_STATUS code: INTERNAL http_status: 500 sentence: "no" faults: [${FAULTS}]
  }];
}
service S {
  option (keyturn.options.v1.service) = {
    envelope: ENVELOPE_RPC_STATUS path_prefixes: "/" other_methods: OTHER_METHODS_NOT_ALLOWED challenge: "Bearer" defaults: {
      caller: CALLER_OPERATOR max_body_bytes: 9 media_types: "application/json" json_input: JSON_INPUT_STRICT
      json_names: JSON_NAMES_PROTO json_unset: JSON_UNSET_OMIT query: QUERY_BOUND statuses: 200
    }
  };
  ${STREAMS.map(([name, rpc, rule, , options = '']) => `rpc ${name}${rpc} {
    option (google.api.http) = {${rule}};
    option (keyturn.options.v1.method) = {${options}};
  }`).join('\n  ')}
}`;

describe('rules of streams at the start', () => {
  let said = '';
  try {
    compileContract(buildImage({ 'test/test.proto': PROTO }), 'test');
  } catch (error) {
    said = error instanceof Error ? error.message : '';
  }
  const holesOf = (name: string): string[] => said.split('\n').filter((line) => line.includes(`test.S.${name}:`));

  for (const [name, rpc, rule, says] of STREAMS) {
    it(`${says === undefined ? 'takes' : 'refuses'} ${name}: ${rpc}, ${rule}`, () => {
      const holes = holesOf(name);
      if (says === undefined) return assert.deepEqual(holes, []);
      assert.equal(holes.length, 1, holes.join('\n'));
      assert.match(holes[0] ?? '', says);
      assert.match(holes[0] ?? '', /^ *test\/test\.proto: rpc test\.S\./, 'names file and method');
    });
  }
});
