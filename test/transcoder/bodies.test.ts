import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { after, before, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { exchange, fieldsOf } from './body_client.ts';
import { generateContract } from './contract.ts';
import { WRONG_TOKEN, startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const choosing = (status: number): string => `POST /bodies/statuses/${status} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n`;

describe('bodies', () => {
  let transcoder: TestTranscoder;
  const url = (path: string): string => `${transcoder.url}/bodies/${path}`;
  const put = (path: string, body: string | Uint8Array, type: string | undefined) => exchange(url(path), body, type);
  const post = (path: string, body: string | Uint8Array, type: string | undefined) => exchange(url(path), body, type, { method: 'POST' });

  before(async () => {
    transcoder = await startTranscoder({
      '/transcoder.v1.BodiesService/Statuses': async (request: { anInt32: number }, call: Call) => {
        if (request.anInt32 !== 0) call.setStatus(request.anInt32);
        return request;
      },
    });
  });
  after(() => transcoder[Symbol.asyncDispose]());

  describe('bare values', () => {
    it('of a string: under its type the text, as JSON a string; in the answer the text', async () => {
      for (const [type, body, text] of [
        ['application/jwt', 'a.b.c', 'a.b.c'], ['Application/JWT; charset=utf-8', '"é" ', '"é" '], ['application/jwt;charset=UTF8', 'é', 'é'], ['application/json', '"a.\\u0062.c"', 'a.b.c'],
        ['application/jwt', '', ''], ['application/jwt', '\uFEFFx', '\uFEFFx'],
      ] as const) {
        const answer = await put('text/5', body, type);
        assert.deepEqual([answer.status, answer.headers['content-type'], answer.body.toString()], [200, 'application/jwt', text], body);
      }
    });

    it('of a string: refused if it is not UTF-8, in another charset, of another type, or of none', async () => {
      const latin = await put('text/5', Buffer.from([0x61, 0xff]), 'application/jwt');
      assert.deepEqual([latin.status, fieldsOf(latin)], [400, ['']]);
      const nul = await put('text/5', 'a\0b', 'application/jwt');
      assert.deepEqual([nul.status, fieldsOf(nul)], [400, ['a_string']]);
      for (const type of ['application/jwt; charset=latin1', 'application/json; charset=utf-16', 'text/plain', 'application/x-www-form-urlencoded', undefined]) {
        assert.equal((await put('text/5', '"x"', type)).status, 415, type);
      }
      assert.equal((await put('text/5', 'a.b.c', 'application/json')).status, 400);
      assert.equal((await put('text/x', 'a.b.c', 'application/jwt')).status, 400);
    });

    it('of bytes: of every type, and of none', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      for (const type of ['application/octet-stream', 'application/json', 'text/plain; charset=utf-16', 'application/x-www-form-urlencoded', undefined]) {
        const { status, headers, body } = await put('bytes', bytes, type);
        assert.deepEqual([status, headers['content-type'], [...body]], [200, 'image/png', [...bytes]], type);
      }
    });
  });

  describe('sizes', () => {
    it('413 for a body beyond the limit, declared or in chunks, whatever its type', async () => {
      const body = 'x'.repeat(65_537);
      for (const type of ['application/json', 'text/plain', undefined]) assert.equal((await post('strict', body, type)).status, 413, type);
      const headers = [['Content-Type', 'application/json']] as const;
      assert.equal((await transcoder.rest.send({ target: '/bodies/strict', headers, body, chunk: 1_000 })).status, 413);
      const whole = await transcoder.rest.send({ target: '/bodies/strict', headers, body: '{}'.padEnd(65_536), chunk: 1_000 });
      assert.deepEqual([whole.status, whole.body], [200, '{}']);
      assert.equal((await put('bytes', 'x'.repeat(65_536), undefined)).status, 200);
    });

    it('413 for a declared size before the body is there', async () => {
      const text = await transcoder.rest.raw('POST /bodies/strict HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 65537\r\n\r\n'.padEnd(70_000));
      assert.match(text, /^HTTP\/1\.1 413 /);
    });

    it('no answer to a body that is shorter than declared', async () => {
      const socket = connect(Number(new URL(transcoder.url).port), '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.end('POST /bodies/strict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}');
      await new Promise((resolve) => socket.once('close', resolve));
      assert.doesNotMatch(answer, /^HTTP\/1\.1 [25]/);
    });
  });

  describe('none', () => {
    it('an empty body is refused as no JSON, with or without a type', async () => {
      for (const type of ['application/json', undefined]) {
        const answer = await post('strict', '', type);
        assert.deepEqual([answer.status, fieldsOf(answer)], [400, ['']], type);
      }
      assert.equal((await post('strict', '', 'text/plain')).status, 415);
      assert.equal((await post('strict', '{}', undefined)).status, 415);
    });

    it('an empty body is an empty message where the method says so, whatever its type', async () => {
      for (const type of ['application/json', 'text/plain', 'nonsense', undefined]) {
        const answers = await Promise.all([post('empty', '', type), put('empty/inner', '', type), put('empty/strings', '', type)]);
        assert.deepEqual(answers.map(({ status, body }) => [status, body.toString()]), [[200, '{}'], [200, '{"inner":{}}'], [200, '{}']], type);
      }
      assert.equal((await post('empty', ' ', 'application/json')).status, 400);
      assert.equal((await post('empty', '{}', 'text/plain')).status, 415);
    });

    it('a body that the rule does not take is read and dropped, whatever it is', async () => {
      for (const type of ['application/json', 'text/plain', undefined]) {
        const { status, body } = await exchange(url('none/x'), '{"aString":"evil"', type, { method: 'POST', headers: { 'Content-Encoding': 'gzip' } });
        assert.deepEqual([status, body.toString()], [200, '{"aString":"x"}']);
      }
      assert.equal((await post('none/x', 'x'.repeat(65_537), undefined)).status, 413);
    });
  });

  describe('statuses of success', () => {
    it('are the first of the list, or what the handler chooses', async () => {
      for (const [chosen, status] of [[0, 202], [200, 200], [202, 202]] as const) {
        const answer = await post(`statuses/${chosen}`, '', undefined);
        assert.deepEqual([answer.status, answer.headers['content-type'], JSON.parse(answer.body.toString())], [status, 'application/json', chosen === 0 ? {} : { anInt32: chosen }]);
      }
    });

    it('204 and 205 have no body and no Content-Type, and the connection goes on', async () => {
      const text = await transcoder.rest.raw(`${choosing(204)}\r\n${choosing(205)}\r\n${choosing(200)}Connection: close\r\n\r\n`);
      const [first = '', second = '', third = ''] = text.split(/(?=HTTP\/1\.1 )/);
      assert.match(first, /^HTTP\/1\.1 204 [^]*\r\n\r\n$/);
      assert.doesNotMatch(first, /^(content-(type|length)|transfer-encoding)/im);
      assert.match(second, /^HTTP\/1\.1 205 [^]*\r\nContent-Length: 0\r\n[^]*\r\n\r\n$/i);
      assert.doesNotMatch(second, /^(content-type|transfer-encoding)/im);
      assert.match(third, /^HTTP\/1\.1 200 [^]*\{"anInt32":200\}$/);
    });

    it('are all OK over gRPC', async () => {
      const { definitions } = await generateContract();
      const { path, requestSerialize, responseDeserialize } = definitions.get('transcoder.v1.BodiesService')?.['statuses'] ?? assert.fail();
      const client = new Client(transcoder.grpc, credentials.createInsecure());
      const bytes = requestSerialize(responseDeserialize(Buffer.from([0x20, 0xcc, 0x01])));
      const answer = await new Promise<object | undefined>((resolve, reject) => {
        client.makeUnaryRequest(path, (message: Buffer) => message, responseDeserialize, bytes, (error, message) => (error === null ? resolve(message) : reject(error)));
      });
      client.close();
      assert.equal((answer as { anInt32: number }).anInt32, 204);
    });

    it('others are a fault of the handler', async () => {
      for (const status of [201, 400, 404]) {
        assert.equal((await post(`statuses/${status}`, '', undefined)).status, 500);
        assert.match(JSON.stringify(transcoder.lines.at(-1)), new RegExp(`does not list the status ${status}`));
      }
    });
  });

  it('who may not call learns nothing of the body', async () => {
    const headers = { Authorization: `Bearer ${WRONG_TOKEN}`, 'Content-Encoding': 'gzip' };
    for (const type of ['application/json', 'text/plain', undefined]) {
      assert.equal((await exchange(url('strict'), 'no gzip', type, { method: 'POST', headers })).status, 401);
    }
  });
});
