import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { joinEndpoints } from '../../src/call/endpoints.ts';
import { compileContract } from '../../src/contract/contract.ts';
import { RouteError, Transcoder } from '../../src/transport/rest/index.ts';
import { buildImage } from '../contract/images.ts';

const DEFAULTS = `caller: CALLER_OPERATOR max_body_bytes: 9 media_types: "application/json" json_input: JSON_INPUT_STRICT
  json_names: JSON_NAMES_PROTO json_unset: JSON_UNSET_OMIT query: QUERY_BOUND statuses: 200`;

const HEAD = `syntax = "proto3";
package test;
import "google/api/annotations.proto";
import "google/rpc/code.proto";
import "keyturn/options/v1/options.proto";`;

const FIRST = `${HEAD}
message M { string name = 1; string other = 2; }
enum ErrorReason {
  ERROR_REASON_UNSPECIFIED = 0;
  ERROR_REASON_ANY = 1 [(keyturn.options.v1.reason) = {
    envelope: ENVELOPE_RPC_STATUS code: INTERNAL sentence: "no" faults: [${Array.from({ length: 13 }, (_, index) => index + 1).join(', ')}]
  }];
}`;

const STYLE = 'other_methods: OTHER_METHODS_NOT_ALLOWED';

/** A service; each rule is a method called R0, R1, ... by its place. */
function service(name: string, prefix: string, rules: readonly string[], more = STYLE): string {
  const methods = rules.map((rule, index) => `rpc R${index}(M) returns (M) { option (google.api.http) = {${rule}}; }`);
  return `service ${name} {
  option (keyturn.options.v1.service) = {
    envelope: ENVELOPE_RPC_STATUS ${prefix === '' ? '' : `path_prefixes: "${prefix}"`} ${more} defaults: {${DEFAULTS}}
  };
  ${methods.join('\n  ')}
}`;
}

/** Service B with one rule, whose method has a project_field. */
function projectService(rule: string): string {
  return service('B', '/b', []).replace(/\}$/, `rpc R0(M) returns (M) {
    option (google.api.http) = {${rule}};
    option (keyturn.options.v1.method) = {caller: CALLER_APPLICATION project_field: "name"};
  }\n}`);
}

/** Starts with service A (of `/`) in one file and B (of `/b`) in another, or another service in its place. */
function start(ofA: readonly string[], ofB: readonly string[] | string): Transcoder {
  const image = buildImage({
    'test/a.proto': `${FIRST}\n${service('A', '/', ofA)}`,
    'test/b.proto': `${HEAD}\nimport "test/a.proto";\n${typeof ofB === 'string' ? ofB : service('B', '/b', ofB)}`,
  });
  const contract = compileContract(image, 'test');
  const paths = contract.services.flatMap(({ methods }) => methods.map(({ path }) => path));
  const bindings = paths.map((path) => ({ path, decode: () => ({}), encode: () => new Uint8Array(), handle: async () => ({}) }));
  return new Transcoder(joinEndpoints(contract, bindings), contract);
}

/** The lines of the error without which the transcoder starts. */
function faultsOf(ofA: readonly string[], ofB: readonly string[] | string): string[] {
  try {
    start(ofA, ofB);
    return [];
  } catch (error) {
    assert.ok(error instanceof RouteError, String(error));
    const [first, ...lines] = error.message.split('\n  ');
    assert.equal(first, `rules of google.api.http that cannot be served: ${lines.length}`);
    return lines;
  }
}

describe('the start of the transcoder', () => {
  it('takes routes that no request can confuse', () => {
    assert.deepEqual(faultsOf(['get: "/{name}"', 'post: "/{name}"', 'get: "/{name}:v"', 'custom: {kind: "*" path: "/*"}'], ['get: "/b/{name}"']), []);
  });

  it('names both methods of an ambiguous route', () => {
    assert.deepEqual(faultsOf(['get: "/a/{name}"', 'get: "/a/{other}"', 'get: "/a/*"'], []), [
      'test/a.proto: rpc test.A.R1: GET "/a/{other}": it takes the same requests as test/a.proto: rpc test.A.R0: GET "/a/{name}"',
      'test/a.proto: rpc test.A.R2: GET "/a/*": it takes the same requests as test/a.proto: rpc test.A.R0: GET "/a/{name}"',
    ]);
  });

  it('finds ambiguous routes of two files, and among additional bindings', () => {
    assert.deepEqual(faultsOf(['get: "/b/%61"'], ['get: "/b" additional_bindings: {custom: {kind: "GET" path: "/b/{name=a}"}}']), [
      'test/b.proto: rpc test.B.R0: GET "/b/{name=a}": it takes the same requests as test/a.proto: rpc test.A.R0: GET "/b/%61"',
      'test/a.proto: rpc test.A.R0: GET "/b/%61": it is under a prefix of test.B, and test.A has prefixes of its own',
    ]);
  });

  it('lists every faulty rule at once', () => {
    const ofA = ['get: "/a"', 'get: "/{nobody}" body: "*"', 'get: "a"', 'custom: {kind: "NOPE" path: "/n"}', 'get: "/a" body: "nobody"'];
    const lines = faultsOf(ofA, ['get: "/b/{name}/{name}"', 'get: "/elsewhere"']);
    assert.deepEqual(lines.map((line) => / rpc test\.(\S+):/.exec(line)?.[1]), ['A.R4', 'A.R1', 'A.R2', 'A.R3', 'A.R4', 'B.R0', 'B.R1']);
    for (const line of lines) assert.match(line, /^test\/[ab]\.proto: rpc test\.[AB]\.R\d: [A-Z]+ "[^"]*": .+/);
    assert.match(lines[0] ?? '', /takes the same requests as .*A\.R0: GET "\/a"$/);
    assert.match(lines[1] ?? '', /GET with a body needs get_or_delete_body; path variable nobody is not a field of test\.M$/);
    assert.match(lines.at(-1) ?? '', /it is under a prefix of test\.A, and test\.B has prefixes of its own$/);
  });

  describe('with services that share a prefix', () => {
    const RULES = ['get: "/elsewhere/{name}"'];

    it('takes one that has no prefixes and answers alike', () => {
      assert.deepEqual(faultsOf(['get: "/a"'], service('B', '', RULES)), []);
    });

    for (const more of [
      'other_methods: OTHER_METHODS_NOT_FOUND',
      `${STYLE} own_request_ids: true`,
      `${STYLE} challenge: "Other"`,
      `${STYLE} fallback_envelope: ENVELOPE_IOTDA`,
    ]) {
      it(`names both where they answer otherwise: ${more}`, () => {
        assert.deepEqual(faultsOf(['get: "/a"'], service('B', '', RULES, more)), [
          'test/b.proto: rpc test.B.R0: GET "/elsewhere/{name}": it is under a prefix of test.A, which answers otherwise than test.B',
        ]);
      });
    }

    it('takes two owners of one prefix for a fault', () => {
      assert.throws(() => start([], service('B', '/', RULES)), { message: 'path prefix / has two owners' });
    });

    it('finds requests that both would take', () => {
      assert.match(faultsOf(['get: "/elsewhere/{other}"'], service('B', '', RULES)).join(), /B\.R0: GET .* takes the same requests as .*A\.R0: GET/);
    });
  });

  describe('with a project_field', () => {
    it('takes paths that all have it', () => {
      assert.deepEqual(faultsOf([], projectService('get: "/b/{name}/x" additional_bindings: {get: "/b/y/{name=p/*}/{other}"}')), []);
    });

    it('names each path that has it not', () => {
      const rule = 'get: "/b/{name}" additional_bindings: {get: "/b/y/{other}"} additional_bindings: {post: "/b/z" body: "*"}';
      assert.deepEqual(faultsOf([], projectService(rule)), [
        'test/b.proto: rpc test.B.R0: GET "/b/y/{other}": the path does not have the project_field name',
        'test/b.proto: rpc test.B.R0: POST "/b/z": the path does not have the project_field name',
      ]);
    });
  });
});
