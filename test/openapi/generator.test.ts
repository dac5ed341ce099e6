import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import { before, describe, it } from 'mocha';
import { Caller } from '../../gen/keyturn/options/v1/options.ts';
import { PROOFS, SCHEMES } from '../../src/generate/openapi/security.ts';
import { generateContract } from '../transcoder/contract.ts';
import { operationsOf, resolve } from './document.ts';
import type { Document, MediaType, Operation, Parameter, Response } from './document.ts';
import { Schemas } from './schemas.ts';

/** What test/transcoder serves, which has every kind of rule and field; its own tests compare its answers with the document. */
describe('the OpenAPI document of another contract', () => {
  let document: Document;
  before(async function () {
    this.timeout(60_000);
    document = JSON.parse((await generateContract()).openApi) as Document;
  });

  const operation = (id: string): Operation => operationsOf(document).find((placed) => placed.operation.operationId === id)?.operation ?? assert.fail(`no ${id}`);
  const placeOf = (id: string): string => operationsOf(document).filter((placed) => placed.operation.operationId === id).map(({ verb, path }) => `${verb} ${path}`).join();
  const parametersOf = (id: string): Parameter[] => (operation(id).parameters ?? []).map((each) => resolve<Parameter>(document, each));
  const queryOf = (id: string): string[] => parametersOf(id).filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const bodyOf = (id: string): NonNullable<Operation['requestBody']> => operation(id).requestBody ?? assert.fail(`${id} has no body`);
  const answerOf = (id: string, status = '200'): Response => resolve<Response>(document, operation(id).responses[status] ?? assert.fail(`${id} has no ${status}`));
  const schemaOf = (media: MediaType | undefined): object => resolve(document, media?.schema ?? assert.fail('no schema'));

  it('is one to the validator, with ids that are unique', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>);
    assert.ok(valid, JSON.stringify(errors));
    const ids = operationsOf(document).map((placed) => placed.operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual([document.info.title, document.info.version], ['Transcoder', 'v1']);
  });

  it('has a path for each template, with a parameter for each wildcard', () => {
    assert.equal(placeOf('RightsService_Use_2'), 'GET /rights/of/projects/{project}/{thing}');
    assert.equal((operation('RightsService_Use_2') as { 'x-google-http-template'?: string })['x-google-http-template'], '/rights/of/{project=projects/*}/{thing}');
    assert.match(parametersOf('RightsService_Use_2')[0]?.description ?? '', /A segment of `project=projects\/\*`/);
    assert.match(parametersOf('BindingService_BindText_8')[0]?.description ?? '', /with slashes/);
    assert.equal(placeOf('MatchingService_Verb'), 'POST /match/tree/{id}:act');
    assert.equal(placeOf('BindingService_BindPath_5'), 'GET /bind/deep/{inner.inner.by_name}');
  });

  it('has the methods that OpenAPI 3.1 has no place for where 3.2 has one, and all of them for *', () => {
    const others = document.paths['/match/allow/{id}']?.['x-additionalOperations'];
    assert.deepEqual(Object.keys(others ?? {}), ['PURGE', 'PROPFIND']);
    assert.equal(operationsOf(document).filter(({ path }) => path === '/match/any').length, 8);
  });

  it('has the query keys that path and body leave, in the spelling of the answers', () => {
    assert.ok(queryOf('BindingService_BindQuery').includes('inner.by_name'));
    assert.ok(!queryOf('BindingService_BindQuery').includes('inner.inner.by_name'));
    assert.ok(queryOf('EchoService_Echo_2').includes('another-name'));
    assert.ok(!queryOf('EchoService_Echo_2').includes('renamed'));
    assert.deepEqual(queryOf('BindingService_BindKnown_3'), []);
    assert.deepEqual(queryOf('BindingService_IgnoreQuery'), []);
    assert.ok(!queryOf('BindingService_BindPath_3').some((name) => name === 'by_name' || name === 'by_number'));
    assert.match(operation('BindingService_BindSome').description ?? '', /`utm\.source`/);
  });

  it('has bodies by media type, required unless they may be empty', () => {
    assert.deepEqual(Object.keys(bodyOf('BodiesService_Text').content), ['application/json', 'application/jwt']);
    assert.deepEqual(Object.keys(bodyOf('BodiesService_Bytes').content), ['*/*']);
    assert.deepEqual(['BodiesService_Strict', 'BodiesService_Empty'].map((id) => bodyOf(id).required), [true, false]);
    const schemas = new Schemas(document);
    const [strict, vendor] = ['BodiesService_Strict', 'BodiesService_Vendor'].map((id) => bodyOf(id).content['application/json']?.schema ?? assert.fail());
    assert.ok(strict !== undefined && vendor !== undefined);
    const odd = { unknown: 1 };
    assert.deepEqual([schemas.faults(strict, odd) === '', schemas.faults(vendor, odd) === ''], [false, true]);
    assert.deepEqual([schemas.faults(strict, { anInt64: '5' }), schemas.faults(vendor, { an_int64: 5, a_string: null })], ['', '']);
    assert.notEqual(schemas.faults(vendor, { an_int64: '5' }), '');
    assert.ok(parametersOf('BodiesService_Strict').some(({ name }) => name === 'Content-Encoding'));
  });

  it('has the forms, statuses and headers of answers', () => {
    assert.deepEqual(Object.keys(answerOf('FormsService_Show').content ?? {}), ['application/json', 'application/jwt', 'application/octet-stream']);
    assert.deepEqual(Object.keys(answerOf('StreamService_Watch').content ?? {}), ['application/x-ndjson']);
    assert.equal(answerOf('BodiesService_Statuses', '204').content, undefined);
    assert.equal(answerOf('KeepService_Keep', '304').content, undefined);
    for (const status of ['200', '400']) assert.equal(answerOf('MatchingService_HeadOfBoth', status).content, undefined);
    assert.deepEqual(Object.keys(answerOf('KeepService_Keep').headers ?? {}).toSorted(), ['Cache-Control', 'ETag', 'Vary', 'X-Answer', 'X-Request-ID']);
    assert.deepEqual(schemaOf(answerOf('BindingService_AnswerPart_4').content?.['application/json']), { type: 'string', format: 'int64', pattern: '^-?[0-9]{1,19}$' });
  });

  it('has a proof for every kind of caller, by schemes that are there', () => {
    assert.deepEqual([...PROOFS.keys()].toSorted((a, b) => a - b), Object.values(Caller).filter((caller) => caller > 0));
    const used = new Set<string>(Array.from(PROOFS.values(), ({ schemes }) => schemes).flat());
    assert.deepEqual([...used].toSorted(), Object.keys(SCHEMES).toSorted());
  });
});
