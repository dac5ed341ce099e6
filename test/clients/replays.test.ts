import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import type { Answer } from '../wire/answer.ts';
import { RestClient } from '../wire/rest.ts';
import { codeTo } from './codes.ts';
import { IdentityKey } from './identity_key.ts';

type Headers = readonly (readonly [string, string])[];
const JWT_TYPE = ['Content-Type', 'application/jwt'] as const;

/** What generated clients send to PUT /key/{PK}, contracts/authentiq.md section 9: the header and what becomes of an object. */
const BINDERS: readonly (readonly [client: string, accept: string, object: ((id: object) => string) | undefined])[] = [
  ['the OpenAPI generator 4.3.1 for javascript', 'application/json', undefined],
  ['the OpenAPI generator 4.3.1 for python', 'application/json', undefined],
  ['the OpenAPI generator 4.3.1 for typescript-axios', 'application/json, text/plain, */*', JSON.stringify],
  ['the OpenAPI generator 4.3.1 for typescript-fetch', '*/*', JSON.stringify],
  ["the vendor's client document", 'application/json, */*', undefined],
];

/** What they send to PUT /scope/{job}. */
const SIGNERS: readonly (readonly [client: string, headers: Headers])[] = [
  ['swagger-client 3.39', [['Accept', 'application/jwt']]],
  ['the OpenAPI generator 4.3.1 for javascript', [['Accept', 'application/jwt']]],
  ['the OpenAPI generator 4.3.1 for python', [['Accept', 'application/jwt, */*'], ['Content-Type', 'application/json']]],
  ['the OpenAPI generator 4.3.1 for typescript-fetch', [['Accept', '*/*']]],
  ['the OpenAPI generator 4.3.1 for typescript-axios', [['Accept', 'application/json, text/plain, */*'], ['Content-Type', 'application/x-www-form-urlencoded']]],
  ['the OpenAPI generator 7.x for python', [['Accept', 'application/jwt']]],
];

/** How an empty body is framed: `Content-Length: 0`, not at all, or as chunks of nothing. */
const EMPTY = [{ body: '' }, {}, { body: '', chunk: 1 }] as const;

const BAD_REQUEST = '{"error":400,"type":"bad-request","title":"Bad request","detail":"The request is not in the expected form."}';
const UNKNOWN_JOB = '{"error":404,"type":"unknown-job","title":"Job not found","detail":"No such job exists."}';
const NOT_CONFIRMED = '{"error":409,"type":"confirm-first","title":"Job not confirmed yet","detail":"Confirm the job with its code first."}';

const told = ({ status, body, headers }: Answer) => [status, headers.get('content-type'), body];

describe('what generated clients send', () => {
  let service: TestService;
  let client: RestClient;
  const key = new IdentityKey();

  before(async () => {
    service = await startService();
    client = new RestClient(service.url);
    assert.equal((await client.send({ target: '/key', headers: [JWT_TYPE], body: key.jwt() })).status, 201);
  });
  after(async () => {
    client[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
  });

  const bind = (accept: string, body: string) =>
    client.send({ method: 'PUT', target: `/key/${key.pk}`, headers: [['Accept', accept], JWT_TYPE], body });

  for (const [name, accept, object] of BINDERS) {
    it(`${name}: a JWT binds`, async () => {
      assert.deepEqual(told(await bind(accept, key.jwt({ email: 'one@example.com' }))), [200, ['application/json'], '{"status":"confirmed"}']);
    });
    if (object === undefined) continue;
    it(`${name}: an AuthentiqID goes out as JSON and is refused`, async () => {
      assert.deepEqual(told(await bind(accept, object({ sub: key.pk }))), [400, ['application/json'], BAD_REQUEST]);
    });
  }

  it('the OpenAPI generator 4.3.1 for typescript-fetch: a JWT goes out as {} and is refused', async () => {
    assert.deepEqual(told(await bind('*/*', '{}')), [400, ['application/json'], BAD_REQUEST]);
  });

  for (const [name, headers] of SIGNERS) {
    it(`${name}: signs with an empty body, however that is framed`, async () => {
      const email = `${name.replaceAll(/[^a-z0-9]/gi, '')}@example.com`;
      const open = await client.send({ target: '/scope', headers: [JWT_TYPE], body: key.jwt({ scope: 'email', email }) });
      const { job } = JSON.parse(open.body) as { job: string };
      const put = (at: string, framing: object) => client.send({ method: 'PUT', target: `/scope/${at}`, headers, ...framing });
      for (const framing of EMPTY) {
        assert.deepEqual(told(await put('A'.repeat(20), framing)), [404, ['application/json'], UNKNOWN_JOB]);
        assert.deepEqual(told(await put(job, framing)), [409, ['application/json'], NOT_CONFIRMED]);
      }
      const body = JSON.stringify({ code: await codeTo(service, email) });
      assert.equal((await client.send({ target: `/scope/${job}`, headers: [['Content-Type', 'application/json']], body })).status, 202);
      const answers = await Promise.all(EMPTY.map((framing) => put(job, framing)));
      for (const answer of answers) assert.deepEqual(told(answer), [200, ['application/json'], answers[0]?.body]);
      assert.match(answers[0]?.body ?? '', /^\{"status":"ready","jwt":"[\w-]+\.[\w-]+\.[\w-]+"\}$/);
    });
  }
});
