import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const SERVICE = '/transcoder.v1.MatchingService/';
const NAMES = [
  'Rest', 'One', 'Literal', 'Deep', 'Verb', 'GetOnly', 'PutOnly', 'PurgeOnly', 'GetOfBoth', 'HeadOfBoth', 'OptionsOfBoth', 'AnyBesideGet',
  'GetBesideAny',
];

/** Answers which method was called, in a header too, for HEAD. */
const handlers = Object.fromEntries(
  [...NAMES.map((name) => `${SERVICE}${name}`), '/transcoder.v1.ClosedService/Closed'].map((path) => {
    const method = path.replace(/.*\//, '');
    return [path, async (request: object) => ({ method, request })];
  }),
);

/** Request, the method that it reaches with what it is given, or a status with the Allow header. */
const CASES: readonly (readonly [request: string, answer: string])[] = [
  // A literal wins over one segment, that over many.
  ['POST /match/tree/literal', 'Literal {}'],
  ['GET /match/tree/other', 'One {"id":"other"}'],
  ['GET /match/tree/a/b', 'Rest {"name":"a/b"}'],
  ['GET /match/tree/literal/deep', 'Deep {}'],
  // Where a branch has the path but not the method, or only its beginning, the next one is tried.
  ['GET /match/tree/literal', 'One {"id":"literal"}'],
  ['PUT /match/tree/literal', 'Rest {"name":"literal"}'],
  ['DELETE /match/tree/other', 'Rest {"name":"other"}'],
  ['GET /match/tree/literal/other', 'Rest {"name":"literal/other"}'],
  ['POST /match/tree/literal/deep', 'Rest {"name":"literal/deep"}'],
  // An empty segment is no value of one segment.
  ['GET /match/tree/', 'Rest {}'],
  ['GET /match/tree', 'Rest {}'],
  ['GET /match/allow/', '405 OPTIONS,PROPFIND,PURGE'],
  // A verb is one only where a route has it.
  ['POST /match/tree/a:act', 'Verb {"id":"a"}'],
  ['GET /match/tree/a:act', 'One {"id":"a:act"}'],
  ['GET /match/tree/a:other', 'One {"id":"a:other"}'],
  ['POST /match/tree/a%3Aact', 'Rest {"name":"a:act"}'],
  // Decoded once; a variable of several segments keeps an encoded slash.
  ['GET /match/tree/a%2Fb%252F', 'One {"id":"a/b%2F"}'],
  ['GET /match/tree/a%2Fb/%C3%A9', 'Rest {"name":"a%2Fb/é"}'],
  ['GET /match/tree/..', 'One {"id":".."}'],
  ['GET /match/tree/%', '400'],
  // 405 lists the methods of every branch.
  ['POST /match/allow/literal', '405 GET,HEAD,OPTIONS,PROPFIND,PURGE,PUT'],
  ['POST /match/allow/other', '405 GET,HEAD,OPTIONS,PROPFIND,PURGE'],
  ['POST /match/allow/a/b', '405 OPTIONS,PROPFIND,PURGE'],
  ['HEAD /match/allow/a/b', '405 OPTIONS,PROPFIND,PURGE'],
  ['OPTIONS /match/allow/literal', '204 GET,HEAD,OPTIONS,PROPFIND,PURGE,PUT'],
  ['GET /match/unknown', '404'],
  ['OPTIONS /match/unknown', '404'],
  ['PURGE /match/allow/a', 'PurgeOnly {"name":"a"}'],
  ['PROPFIND /match/allow/a', 'PurgeOnly {"id":"i","name":"a"}'],
  ['OPTIONS /match/both', 'OptionsOfBoth {}'],
  ['OPTIONS /match/any', 'AnyBesideGet {}'],
  ['GET /match/any', 'GetBesideAny {}'],
  ['QUERY /match/any', 'AnyBesideGet {}'],
  ['OPTIONS /match/tree/literal', 'Rest {"name":"literal"}'],
  ['GET /closed/a', 'Closed {"id":"a"}'],
  ['POST /closed/a', '405'],
  ['OPTIONS /closed/a', '405'],
  ['HEAD /closed/a', '405'],
];

/** A HEAD request and the method that answers it. */
const HEADS: readonly (readonly [target: string, method: string])[] = [
  ['/match/both', 'HeadOfBoth'],
  ['/match/any', 'GetBesideAny'],
  ['/match/every', 'AnyBesideGet'],
  ['/match/tree/a', 'One'],
  ['/match/tree/literal', 'One'],
  ['/match/tree/literal/deep', 'Deep'],
  ['/match/tree/a/b', 'Rest'],
  ['/match/allow/literal', 'GetOnly'],
];

describe('matching, end to end', () => {
  let transcoder: TestTranscoder;

  before(async () => {
    transcoder = await startTranscoder(handlers);
  });
  after(() => transcoder[Symbol.asyncDispose]());

  async function answerTo(request: string): Promise<string> {
    const [method = '', target = ''] = request.split(' ');
    const body = method === 'PROPFIND' ? '{"id":"i"}' : method === 'POST' ? '{}' : undefined;
    const answer = await transcoder.rest.send({ method, target, headers: [['Content-Type', 'application/json']], body });
    if (answer.status !== 200) return [answer.status, ...(answer.headers.get('allow') ?? [])].join(' ').replaceAll(', ', ',');
    const { method: called, request: given = {} } = JSON.parse(answer.body || '{}') as { method?: string; request?: object };
    return `${called} ${JSON.stringify(given)}`;
  }

  for (const [request, answer] of CASES) {
    it(`${request}: ${answer}`, async () => assert.equal(await answerTo(request), answer));
  }

  for (const [target, method] of HEADS) {
    it(`HEAD ${target}: as ${method}`, async () => {
      const head = await transcoder.rest.send({ method: 'HEAD', target });
      assert.deepEqual([head.status, head.body], [200, '']);
      assert.equal(transcoder.lines.at(-1)?.['method'], `${SERVICE}${method}`);
      assert.ok(Number(head.headers.get('content-length')?.[0]) > 0);
    });
  }

  for (const method of METHODS.filter((each) => each !== 'CONNECT')) {
    it(`${method} is a method of the kind "*"`, async () => {
      const answer = await transcoder.rest.send({ method, target: '/match/every' });
      assert.equal(answer.status, 200);
      assert.equal(transcoder.lines.at(-1)?.['method'], `${SERVICE}AnyBesideGet`);
    });
  }
});
