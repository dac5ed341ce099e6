import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import type { Method } from '../../src/contract/model.ts';
import { compileRule } from '../../src/transport/rest/binding/rule.ts';
import { RouteError } from '../../src/transport/rest/index.ts';
import { buildImage } from './images.ts';

/** What `google.api.http` says, and what the start says to it. */
const RULES: readonly (readonly [name: string, rule: string, says: RegExp | undefined, options?: string])[] = [
  ['Plain', 'get: "/v1/{name}"', undefined],
  ['Nested', 'get: "/v1/{inner.id}"', undefined],
  ['Kind', 'get: "/v1/{kind}"', undefined],
  ['BodyField', 'post: "/v1/{name}" body: "inner"', undefined],
  ['Put', 'put: "/v1/{name}" body: "*"', undefined],
  ['Patch', 'patch: "/v1/{name}" body: "*"', undefined],
  ['NoPattern', 'body: "*"', /no pattern/],
  ['Additional', 'get: "/v1" additional_bindings: {get: "/v2"} additional_bindings: {post: "/v3" body: "*"}', undefined],
  ['BesideBody', 'post: "/v1/{by_name}" body: "inner"', undefined],
  ['NestedOneof', 'get: "/v1/{inner.left}/{other.right}"', undefined],
  ['Optional', 'get: "/v1/{maybe}/{maybe_number}"', undefined],
  ['Twins', 'get: "/v1/{inner.id}/{other.id}"', undefined],
  ['ResponseList', 'get: "/v1" response_body: "tags"', undefined],
  ...['HEAD', 'OPTIONS', 'PURGE', 'PROPFIND', 'M-SEARCH', 'QUERY', 'GET', '*'].map(
    (kind, index) => [`Kind${index}`, `custom: {kind: "${kind}" path: "/v1"}`, undefined] as const,
  ),
  ['AnyBody', 'custom: {kind: "*" path: "/v1"} body: "*"', undefined],
  ['GetBodyAsked', 'get: "/v1" body: "*"', undefined, 'get_or_delete_body: true'],
  ['DeleteBodyAsked', 'delete: "/v1" body: "inner"', undefined, 'get_or_delete_body: true'],
  ['EmptyKind', 'custom: {kind: "" path: "/v1"}', /the custom kind is empty/],
  ['NoKind', 'custom: {path: "/v1"}', /the custom kind is empty/],
  ['ConnectKind', 'custom: {kind: "CONNECT" path: "/v1"}', /CONNECT asks for a tunnel/],
  ...['purge', 'FETCH', 'G T', 'GET ', '**', 'BREW', 'PRI', 'é'].map(
    (kind, index) => [`BadKind${index}`, `custom: {kind: "${kind}" path: "/v1"}`, /is not a method that node:http can parse/] as const,
  ),
  ['Inside', 'get: "/v1" additional_bindings: {get: "/v2" additional_bindings: {get: "/v3"}}', /inside of additional_bindings/],
  ['UnknownVariable', 'get: "/v1/{nobody}"', /path variable nobody is not a field/],
  ['JsonSpelling', 'get: "/v1/{displayName}"', /path variable displayName is not a field/],
  ['UnknownNested', 'get: "/v1/{inner.nobody}"', /path variable inner\.nobody is not a field/],
  ['ThroughScalar', 'get: "/v1/{name.id}"', /path variable name\.id is not a field/],
  ['ThroughList', 'get: "/v1/{inners.id}"', /path variable inners\.id is not a field/],
  ['MessageVariable', 'get: "/v1/{inner}"', /path variable inner is a message/],
  ['ListVariable', 'get: "/v1/{tags}"', /path variable tags is repeated/],
  ['MapVariable', 'get: "/v1/{labels}"', /path variable labels is a map/],
  ['WrapperVariable', 'get: "/v1/{wrapped}"', /path variable wrapped is a message/],
  ['IntoWellKnown', 'get: "/v1/{wrapped.value}"', /path variable wrapped\.value is not a field/],
  ['DeepVariable', `get: "/v1/{${'inner.inner.'.repeat(16)}id}"`, /leads too deep/],
  ['OneofVariables', 'get: "/v1/{by_name}/{by_number}"', /path variables by_name and by_number are of one oneof/],
  ['NestedOneofVariables', 'get: "/v1/{inner.left}/{inner.right}"', /path variables inner\.left and inner\.right are of one oneof/],
  ['ThroughOneof', 'get: "/v1/{by_inner.id}/{by_name}"', /path variables by_inner\.id and by_name are of one oneof/],
  ['OneofBody', 'post: "/v1/{by_name}" body: "by_inner"', /body by_inner and path variable by_name are of one oneof/],
  ['IgnoredField', 'get: "/v1"', /ignored_query_keys names the field inner\.id/, 'ignored_query_keys: ["v", "inner.id"]'],
  ['IgnoredJsonName', 'get: "/v1"', /ignored_query_keys names the field displayName/, 'ignored_query_keys: "displayName"'],
  ['InAdditional', 'get: "/v1" additional_bindings: {get: "/v2/{nobody}"}', /GET "\/v2\/\{nobody\}": path variable nobody is not a field/],
  ['Several', 'get: "v1" body: "nobody" response_body: "nobody"', /GET with a body .*; body nobody .*; it must start .*; response_body nobody/],
  ['HeadBody', 'custom: {kind: "HEAD" path: "/v1"} body: "*"', /HEAD with a body needs get_or_delete_body/],
  ['GetBody', 'get: "/v1" body: "*"', /GET with a body/],
  ['DeleteBody', 'delete: "/v1" body: "*"', /DELETE with a body/],
  ['UnknownBody', 'post: "/v1" body: "nobody"', /body nobody is not a top-level field/],
  ['NestedBody', 'post: "/v1" body: "inner.id"', /body inner\.id is not a top-level field/],
  ['BoundBody', 'post: "/v1/{inner.id}" body: "inner"', /body inner is bound by the path/],
  ['HttpBody', 'post: "/v1" body: "raw"', undefined],
  ['UnknownResponse', 'get: "/v1" response_body: "nobody"', /response_body nobody is not a top-level field/],
  ['NestedResponse', 'get: "/v1" response_body: "inner.id"', /response_body inner\.id is not a top-level field/],
  ['HttpBodyResponse', 'get: "/v1" response_body: "raw"', undefined],
  ['BadTemplate', 'get: "v1"', /it must start with/],
  ['TwiceBound', 'get: "/v1/{name}/{name}"', /\{name\} is bound twice/],
  ['EmptySegment', 'get: "/v1//x"', /a segment is empty/],
  ['RestInside', 'get: "/v1/**/x"', /"\*\*" must be the last segment/],
  ['EmptyPath', 'get: ""', /must start with|no pattern/],
];

/** Of the methods below that have a message of google.protobuf. */
const WELL_KNOWN: readonly (readonly [name: string, says: string | undefined])[] = [
  ['Wrapped', undefined], ['Nothing', undefined], ['WrappedPath', 'StringValue can only be the whole body'], ['WrappedQuery', 'StringValue can only be the whole body'],
  ['WrappedBoth', 'StringValue can only be the whole body'], ['WrappedField', 'Struct can only be the whole body'], ['WrappedAnswer', 'Struct can only be the whole answer'],
];

const rpc = (name: string, rule: string, options: string): string =>
  `rpc ${name}(M) returns (M) { option (google.api.http) = {${rule}}; option (keyturn.options.v1.method) = {${options}}; }`;

const OPTIONS = `caller: CALLER_OPERATOR max_body_bytes: 9 media_types: "application/json" json_input: JSON_INPUT_STRICT
  json_names: JSON_NAMES_PROTO json_unset: JSON_UNSET_OMIT query: QUERY_BOUND statuses: 200`;

const FAULTS = Array.from({ length: 13 }, (_, index) => String(index + 1)).join(', ');

const PROTO = `syntax = "proto3";
package test;
import "google/api/annotations.proto";
import "google/api/httpbody.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto";
import "google/rpc/code.proto";
import "keyturn/options/v1/options.proto";
enum Kind { KIND_UNSPECIFIED = 0; KIND_A = 1; }
message Inner { string id = 1; Inner inner = 2; oneof choice { string left = 3; string right = 4; } }
message M {
  string name = 1; Inner inner = 2; repeated string tags = 3; map<string, string> labels = 4; Kind kind = 5;
  google.api.HttpBody raw = 6; repeated Inner inners = 7; string display_name = 8;
  optional string maybe = 9; optional int64 maybe_number = 10; google.protobuf.StringValue wrapped = 11; Inner other = 12;
  oneof choice { string by_name = 13; int64 by_number = 14; Inner by_inner = 15; }
}
enum ErrorReason {
  ERROR_REASON_UNSPECIFIED = 0;
  ERROR_REASON_ANY = 1 [(keyturn.options.v1.reason) = {
    envelope: ENVELOPE_RPC_STATUS code: INTERNAL http_status: 500 sentence: "no" faults: [${FAULTS}]
  }];
}
service S {
  option (keyturn.options.v1.service) = {
    envelope: ENVELOPE_RPC_STATUS path_prefixes: "/" other_methods: OTHER_METHODS_NOT_ALLOWED defaults: {${OPTIONS}}
  };
  ${RULES.map(([name, rule, , options = '']) => rpc(name, rule, options)).join('\n  ')}
  rpc RawRequest(google.api.HttpBody) returns (M) { option (google.api.http) = {post: "/raw" body: "*"}; }
  rpc RawResponse(M) returns (google.api.HttpBody) { option (google.api.http) = {get: "/raw"}; }
  rpc Wrapped(google.protobuf.StringValue) returns (google.protobuf.Struct) { option (google.api.http) = {post: "/w" body: "*"}; }
  rpc Nothing(google.protobuf.Empty) returns (google.protobuf.Empty) { option (google.api.http) = {get: "/w"}; }
  rpc WrappedPath(google.protobuf.StringValue) returns (M) { option (google.api.http) = {get: "/w/{value}"}; }
  rpc WrappedQuery(google.protobuf.StringValue) returns (M) { option (google.api.http) = {get: "/w"}; }
  rpc WrappedBoth(google.protobuf.StringValue) returns (M) { option (google.api.http) = {post: "/w/{value}" body: "*"}; }
  rpc WrappedField(google.protobuf.Struct) returns (M) { option (google.api.http) = {post: "/w" body: "fields"}; }
  rpc WrappedAnswer(M) returns (google.protobuf.Struct) { option (google.api.http) = {get: "/w" response_body: "fields"}; }
}`;

describe('rules of google.api.http at the start', () => {
  const image = buildImage({ 'test/test.proto': PROTO });
  // The holes of the contract itself are tested elsewhere; here the rules are good apart from the one under test.
  const methods = new Map(compileContract(image, 'test').services.flatMap((service) => service.methods).map((method) => [method.desc.name, method]));
  const compile = (method: Method): unknown => method.http.map((rule) => compileRule(image, method, rule));
  const methodNamed = (name: string): Method => methods.get(name) ?? assert.fail(`no method ${name}`);

  for (const [name, rule, says, options = ''] of RULES) {
    it(`${says === undefined ? 'takes' : 'refuses'} ${rule} ${options}`.trimEnd(), () => {
      const method = methodNamed(name);
      if (says === undefined) assert.doesNotThrow(() => compile(method));
      else assert.throws(() => compile(method), (error) => error instanceof RouteError && says.test(error.message));
    });
  }

  it('names the file, the method and the route in every refusal', () => {
    const silent = RULES.filter(([, , says]) => says !== undefined).filter(([name]) => {
      try {
        compile(methodNamed(name));
        return true;
      } catch (error) {
        return !(error instanceof Error && error.message.startsWith(`test/test.proto: rpc test.S.${name}: `));
      }
    });
    assert.deepEqual(silent.map(([name]) => name), []);
  });

  for (const [name, says] of WELL_KNOWN) {
    it(`takes a message with a JSON form of its own as the whole body and answer only: ${name}`, () => {
      if (says === undefined) assert.doesNotThrow(() => compile(methodNamed(name)));
      else assert.throws(() => compile(methodNamed(name)), (error) => error instanceof RouteError && error.message.endsWith(`: google.protobuf.${says}`));
    });
  }

  for (const name of ['RawRequest', 'RawResponse']) {
    it(`takes google.api.HttpBody as the whole message of ${name}`, () => {
      assert.doesNotThrow(() => compile(methodNamed(name)));
    });
  }
});
