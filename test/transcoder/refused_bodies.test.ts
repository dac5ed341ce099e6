import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../../src/contract/fault.ts';
import { exchange } from './body_client.ts';
import type { RawAnswer } from './body_client.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const ALLOW = 'GET, HEAD, PATCH, POST, PUT';
const JWT = 'eyJh.eyJz.c2ln';

interface Row {
  readonly name: string;
  readonly body: string | Buffer;
  readonly type?: string | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly want: number;
}

/** Bodies of a method with refuses_jwt that takes JSON, gzip and nothing at all. */
const ROWS: readonly Row[] = [
  { name: 'JSON', body: '{"id":"a"}', type: 'application/json', want: 200 },
  { name: 'nothing', body: '', type: undefined, want: 200 },
  { name: 'a JWT under its label', body: JWT, type: 'application/jwt', want: 405 },
  { name: 'a JWT under another label', body: JWT, type: 'application/json', want: 405 },
  { name: 'a JWT without a label', body: JWT, type: undefined, want: 405 },
  { name: 'a JWT under a label that is none', body: JWT, type: 'jwt', want: 405 },
  { name: 'a JWT under two labels', body: JWT, headers: { 'Content-Type': ['application/json', 'application/json'] }, want: 405 },
  { name: 'a JWT without a signature', body: 'eyJh.eyJz.', type: 'text/plain', want: 405 },
  { name: 'a JWT with white space around it', body: ` \r\n\t${JWT}\n`, type: 'application/json', want: 405 },
  { name: 'JSON under the label of a JWT', body: '{"id":"a"}', type: 'application/jwt', want: 405 },
  { name: 'JSON under the label in capitals, with a parameter', body: '{"id":"a"}', type: 'Application/JWT; charset=utf-8', want: 405 },
  { name: 'nothing under the label of a JWT', body: '', type: 'application/jwt', want: 405 },
  { name: 'a coded body under the label of a JWT', body: gzipSync(JWT), type: 'application/jwt', headers: { 'Content-Encoding': 'gzip' }, want: 405 },
  { name: 'a coded JWT under another label', body: gzipSync(JWT), type: 'application/json', headers: { 'Content-Encoding': 'gzip' }, want: 405 },
  { name: 'two parts', body: 'eyJh.eyJz', type: 'application/json', want: 400 },
  { name: 'four parts', body: `${JWT}.x`, type: 'application/json', want: 400 },
  { name: 'a part without text', body: 'eyJh..c2ln', type: 'application/json', want: 400 },
  { name: 'padding', body: 'eyJh.eyJz.c2ln=', type: 'application/json', want: 400 },
  { name: 'a JWT as a JSON string', body: `"${JWT}"`, type: 'application/json', want: 400 },
  { name: 'another type', body: '{"id":"a"}', type: 'text/plain', want: 415 },
  { name: 'no type', body: '{"id":"a"}', type: undefined, want: 415 },
  { name: 'more than it takes, even of a JWT', body: `${JWT}${'x'.repeat(1_024)}`, type: 'application/jwt', want: 413 },
];

/** A method that no route has, at a path that has some. */
const METHODS = ['OPTIONS', 'DELETE', 'PURGE', 'TRACE', 'PROPFIND'] as const;

describe('405 with Allow', () => {
  let transcoder: TestTranscoder;
  before(async () => {
    transcoder = await startTranscoder({
      '/transcoder.v1.FormsService/Bare': async () => {
        throw new FaultError(Fault.FAULT_METHOD_NOT_ALLOWED, 'asked for');
      },
    });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  const ask = (method: string, path: string, body: string | Buffer = '', type?: string, headers = {}): Promise<RawAnswer> =>
    exchange(`${transcoder.url}${path}`, body, type, { method, headers });

  for (const { name, body, type, headers, want } of ROWS) {
    it(`refuses_jwt: ${want} to ${name}`, async () => {
      const answer = await ask('POST', '/forms/a', body, type, headers);
      assert.deepEqual([answer.status, answer.headers['allow']], [want, want === 405 ? ALLOW : undefined], answer.body.toString());
    });
  }

  it('refuses_jwt: where the body is one field, too', async () => {
    for (const [body, want] of [[JWT, 405], [`"${JWT}"`, 200]] as const) assert.equal((await ask('PATCH', '/forms/a', body, 'application/json')).status, want, body);
  });

  for (const method of METHODS) {
    it(`OTHER_METHODS_REFUSED: to ${method}`, async () => {
      const answer = await ask(method, '/forms/a');
      assert.deepEqual([answer.status, answer.headers['allow']], [405, ALLOW]);
      assert.equal((JSON.parse(answer.body.toString()) as { message: string }).message, 'other method.');
    });
  }

  it('OTHER_METHODS_REFUSED: HEAD is answered where GET is, else 405 without a body', async () => {
    assert.equal((await ask('HEAD', '/forms/a')).status, 200);
    const head = await ask('HEAD', '/forms/a/whole');
    assert.deepEqual([head.status, head.headers['allow'], head.body.length], [405, 'POST', 0]);
  });

  it('OTHER_METHODS_REFUSED: an unknown path is 404 to every method, without Allow', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT']) {
      const answer = await ask(method, '/forms/a/b/c');
      assert.deepEqual([answer.status, answer.headers['allow']], [404, undefined], method);
    }
  });

  it('has Allow also where a handler has refused', async () => {
    const answer = await ask('PUT', '/forms/a', 'x', 'application/jwt');
    assert.deepEqual([answer.status, answer.headers['allow']], [405, ALLOW]);
  });

  it('has it with OPTIONS among the methods where that is answered', async () => {
    const answer = await ask('DELETE', '/bodies/whole');
    assert.deepEqual([answer.status, answer.headers['allow']], [405, 'GET, HEAD, OPTIONS, POST']);
  });
});
