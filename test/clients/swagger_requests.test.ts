import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'mocha';
import { Swagger, asJson } from './swagger.ts';
import type { SwaggerCall } from './swagger.ts';

const JOB = 'A'.repeat(20);

describe('what swagger-client sends to the Authentiq API', () => {
  let server: Server;
  let client: Swagger;
  const seen: string[][] = [];

  before(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const { method = '', url = '', headers } = request;
        seen.push([`${method} ${url}`, headers['content-type'] ?? '', headers.accept ?? '', body]);
        response.setHeader('Content-Type', 'application/json').end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    client = await Swagger.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  after(() => void server.close());

  const ROWS: readonly (readonly [name: string, operationId: string, call: SwaggerCall, sent: readonly string[]])[] = [
    ['a JWT, raw', 'key_bind', { parameters: { PK: 'pk' }, requestBody: 'a.b.c' }, ['PUT /key/pk', 'application/jwt', 'application/json', 'a.b.c']],
    ['an AuthentiqID, as JSON text under application/jwt', 'key_bind', { parameters: { PK: 'pk' }, requestBody: { sub: 'pk' } }, ['PUT /key/pk', 'application/jwt', 'application/json', '{"sub":"pk"}']],
    ['an empty body without a type, to sign', 'sign_update', { parameters: { job: JOB } }, [`PUT /scope/${JOB}`, '', 'application/jwt', '']],
    ['both types in Accept, to fetch', 'sign_retrieve', { parameters: { job: JOB } }, [`GET /scope/${JOB}`, '', 'application/json, application/jwt', '']],
    ['the one that was asked for in Accept, to fetch', 'sign_retrieve', { parameters: { job: JOB }, responseContentType: 'application/jwt' }, [`GET /scope/${JOB}`, '', 'application/jwt', '']],
    ['a code as an object, as text', 'sign_confirm', { parameters: { job: JOB }, requestBody: { code: '123456' } }, [`POST /scope/${JOB}`, 'text/plain;charset=UTF-8', 'application/json', '{"code":"123456"}']],
    ['a code that brings its type, as JSON', 'sign_confirm', { parameters: { job: JOB }, requestBody: asJson({ code: '123456' }) }, [`POST /scope/${JOB}`, 'application/json', 'application/json', '{"code":"123456"}']],
    ['an encoded query', 'key_revoke_nosecret', { parameters: { email: 'a+b@example.com', phone: '+31201234567' } }, ['DELETE /key?email=a%2Bb%40example.com&phone=%2B31201234567', '', 'application/json', '']],
  ];

  for (const [name, operationId, call, sent] of ROWS) {
    it(name, async () => {
      await client.call(operationId, call);
      assert.deepEqual(seen.at(-1), sent);
    });
  }
});
