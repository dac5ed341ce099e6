import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, it } from 'mocha';
import { KEYTURN, operationsOf, partsOf, resolve } from './document.ts';
import type { Example, MediaType, Parameter, Response } from './document.ts';
import { Schemas } from './schemas.ts';

const MAIN = [
  'DeviceKeyService_UpdatePublicKey', 'DeviceTokenService_IssueToken', 'DeviceTokenService_RenewToken', 'DeviceTokenService_IntrospectToken', 'DeviceSecretService_ResetDeviceSecret',
  'IdentityBindingService_KeyRegister', 'IdentityBindingService_KeyBind', 'IdentityBindingService_SignConfirm', 'IotDeviceService_AddDevice', 'IotDeviceService_ShowDevice', 'IotDeviceService_DeviceAuth',
  'OperatorService_CreateDevice', 'OperatorService_WatchEvents', 'IamService_CreateToken',
];

describe('gen/openapi.json', () => {
  it('is an OpenAPI 3.1 document to its validator', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(KEYTURN) as unknown as Record<string, unknown>);
    assert.ok(valid, JSON.stringify(errors));
    assert.match(KEYTURN.openapi, /^3\.1\./);
  });

  it('has references that lead somewhere, and no component that none leads to', () => {
    const refs = new Set(Array.from(partsOf(KEYTURN), ({ part }) => part).flatMap((part) => ('$ref' in part ? [String(part.$ref)] : [])));
    for (const ref of refs) resolve(KEYTURN, { $ref: ref });
    const unused = Object.entries(KEYTURN.components).flatMap(([section, parts]) => Object.keys(parts).map((name) => `#/components/${section}/${name}`));
    assert.deepEqual(unused.filter((name) => !name.startsWith('#/components/securitySchemes/') && !refs.has(name)), []);
    const schemes = new Set(operationsOf(KEYTURN).flatMap(({ operation }) => operation.security.flatMap(Object.keys)));
    assert.deepEqual([...schemes].toSorted(), Object.keys(KEYTURN.components['securitySchemes'] ?? {}).toSorted());
  });

  it('has an operation id, a summary, a tag and a success for every operation', () => {
    const all = operationsOf(KEYTURN).map(({ operation }) => operation);
    assert.equal(new Set(all.map(({ operationId }) => operationId)).size, all.length);
    const tags = new Set(KEYTURN.tags.map(({ name }) => name));
    for (const { operationId, summary = '', tags: own, responses } of all) {
      assert.match(summary, /^[A-Z][^`\n]*[^.\s]$/, operationId);
      assert.ok(own.length === 1 && tags.has(own[0] ?? ''), operationId);
      assert.ok(Object.keys(responses).some((status) => status.startsWith('2')), operationId);
    }
  });

  it('names the parameters of each path, and no other', () => {
    for (const { path, verb, operation } of operationsOf(KEYTURN)) {
      const parameters = (operation.parameters ?? []).map((parameter) => resolve(KEYTURN, parameter));
      const named = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      assert.deepEqual(named, Array.from(path.matchAll(/\{([^}]*)\}/g), ([, name]) => name), `${verb} ${path}`);
      const all = parameters.map((parameter) => `${parameter.in} ${parameter.name.toLowerCase()}`);
      assert.equal(new Set(all).size, all.length, `${verb} ${path}`);
    }
  });

  it('has examples that fit their schemas', () => {
    const schemas = new Schemas(KEYTURN, true);
    let count = 0;
    for (const { where, schema, value } of examples()) {
      assert.equal(schemas.faults(schema, value), '', where);
      count += 1;
    }
    assert.ok(count > 600, `${count} examples`);
  });

  it('has examples of parameters that fit their schemas', () => {
    const schemas = new Schemas(KEYTURN);
    for (const { operation } of operationsOf(KEYTURN)) {
      for (const each of operation.parameters ?? []) {
        const { name, schema, example } = resolve<Parameter>(KEYTURN, each);
        if (example !== undefined) assert.equal(schemas.faults(schema, example), '', `${operation.operationId} ${name}`);
      }
    }
  });

  it('has an example of a request and of a success for the main calls', () => {
    for (const id of MAIN) {
      const { requestBody, responses } = operationsOf(KEYTURN).find(({ operation }) => operation.operationId === id)?.operation ?? assert.fail(id);
      const [, success] = Object.entries(responses).find(([status]) => status.startsWith('2')) ?? assert.fail(id);
      const media = [...Object.values(requestBody?.content ?? {}), ...Object.values(resolve<Response>(KEYTURN, success).content ?? {})];
      assert.deepEqual(media.filter(({ example }) => example === undefined), [], id);
    }
  });

  it('has an empty text for none, but not as a member of a list', () => {
    const schemas = new Schemas(KEYTURN);
    const fits = (name: string, value: object): boolean => schemas.faults(KEYTURN.components['schemas']?.[name] ?? {}, value) === '';
    assert.ok(fits('CreateDeviceRequest', { device_id: 'a', product_id: '', secret: '', scopes: ['read'] }));
    assert.ok(!fits('CreateDeviceRequest', { device_id: 'a', scopes: [''] }));
    assert.ok(!fits('CreateAccessKeyRequest', { project_id: 'default', actions: [''] }));
  });

  it('explains the documents of the repository that it names', () => {
    const names = new Set(JSON.stringify(KEYTURN).match(/\b(?:contracts|docs|src|test|proto|gen)\/[\w./-]+\w/gi)?.map((name) => name.toLowerCase()));
    assert.deepEqual([...names].filter((name) => !KEYTURN.info.description.includes(`\`${name}\``)), []);
  });
});

/** Every example that a body of the document has. */
function* examples(): Iterable<{ where: string; schema: object; value: unknown }> {
  for (const { path, verb, operation } of operationsOf(KEYTURN)) {
    const answers = Object.values(operation.responses).map((response) => resolve<Response>(KEYTURN, response).content);
    for (const content of [operation.requestBody?.content, ...answers]) {
      for (const [type, media] of Object.entries(content ?? {})) yield* examplesOf(`${verb} ${path} ${type}`, type, media);
    }
  }
}

function* examplesOf(place: string, type: string, { schema, example, examples: named = {} }: MediaType): Iterable<{ where: string; schema: object; value: unknown }> {
  assert.ok(schema !== undefined, place);
  if (example !== undefined) yield { where: place, schema, value: type === 'application/x-ndjson' ? linesOf(example as string) : example };
  for (const [name, each] of Object.entries(named)) {
    const { value, 'x-gateway-value': gateway } = resolve<Example>(KEYTURN, each);
    yield { where: `${place} ${name}`, schema, value };
    if (gateway !== undefined) yield { where: `${place} ${name} of the gateway`, schema, value: gateway };
  }
}

function linesOf(text: string): unknown[] {
  return text.trim().split('\n').map((line) => JSON.parse(line) as unknown);
}
