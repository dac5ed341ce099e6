import assert from 'node:assert/strict';
import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { exchange } from './body_client.ts';
import type { RawAnswer } from './body_client.ts';
import { generateContract } from './contract.ts';
import { startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const BOX = Buffer.from([0, 0xff, 0x0a]);
const SLIP = { id: 'a', jwt: 'x.y.z', box: BOX, slip: { id: 'inner', jwt: 'é', box: Buffer.alloc(0), slip: undefined } };
const INNER = '{"id":"inner","jwt":"é"}';

/** What the handler chooses. */
let form: string | undefined;
let code: number | undefined;

async function choose(_request: object, call: Call): Promise<object> {
  if (form !== undefined) call.setForm(form);
  if (code !== undefined) call.setStatus(code);
  return SLIP;
}

const shown = ({ status: http, headers, body }: RawAnswer): unknown[] => [http, headers['content-type'], headers['content-length'], body.toString('latin1')];

async function definitionOf() {
  const definition = (await generateContract()).definitions.get('transcoder.v1.FormsService');
  assert.ok(definition !== undefined);
  return definition;
}

describe('response_forms', () => {
  let transcoder: TestTranscoder;
  before(async () => {
    transcoder = await startTranscoder({ '/transcoder.v1.FormsService/Show': choose, '/transcoder.v1.FormsService/Bare': choose });
  });
  after(() => transcoder[Symbol.asyncDispose]());
  beforeEach(() => {
    form = undefined;
    code = undefined;
  });

  const ask = (method: string, path = '/forms/a', body = ''): Promise<RawAnswer> => exchange(`${transcoder.url}${path}`, body, body === '' ? undefined : 'application/jwt', { method });

  /** The form, and the media type and the bytes of the answer. */
  const FORMS: readonly (readonly [form: string | undefined, type: string, body: Buffer])[] = [
    [undefined, 'application/json', Buffer.from(INNER)],
    ['jwt', 'application/jwt', Buffer.from('x.y.z')],
    ['box', 'application/octet-stream', BOX],
    ['labelled', 'application/jwt', Buffer.from(INNER)],
  ];

  for (const [name, type, bytes] of FORMS) {
    it(`answers in the form ${name}, to HEAD without its body`, async () => {
      form = name;
      assert.deepEqual(shown(await ask('GET')), [200, type, String(bytes.length), bytes.toString('latin1')]);
      assert.deepEqual(shown(await ask('HEAD')), [200, type, String(bytes.length), '']);
    });

    it(`has no content with 204, whatever the form: ${name}`, async () => {
      [form, code] = [name, 204];
      for (const method of ['GET', 'HEAD']) assert.deepEqual(shown(await ask(method)), [204, undefined, undefined, ''], method);
    });
  }

  it('goes by what each binding has as its usual form', async () => {
    const whole = `{"id":"a","jwt":"x.y.z","box":"${BOX.toString('base64')}","slip":${INNER}}`;
    form = 'labelled';
    const answer = await ask('POST', '/forms/a/whole');
    assert.deepEqual([answer.headers['content-type'], answer.body.toString()], ['application/jwt', whole]);
    const bare = await ask('PUT', '/forms/a', 'x');
    assert.deepEqual([bare.headers['content-type'], bare.body.toString()], ['text/plain', 'x.y.z']);
    form = undefined;
    assert.deepEqual([(await ask('PUT', '/forms/a', 'x')).headers['content-type']], ['application/jwt']);
  });

  it('is a fault of the service if the method does not list it, over both wires', async () => {
    for (form of ['JWT', '', 'toString', '__proto__']) {
      const answer = await ask('GET');
      assert.deepEqual([answer.status, answer.headers['content-type']], [500, 'application/json'], form);
      assert.match(String((transcoder.lines.at(-1)?.['err'] as { message?: string } | undefined)?.message), /has no response form/);
      assert.equal((await call()).error?.code, status.INTERNAL);
    }
  });

  it('is for REST alone: over gRPC the whole message goes out', async () => {
    for ([form] of FORMS) {
      const { error, bytes } = await call();
      assert.deepEqual([error, bytes], [null, (await definitionOf())['show']?.responseSerialize(SLIP)], form);
    }
  });

  async function call(): Promise<{ error: ServiceError | null; bytes: Buffer | undefined }> {
    const client = new (makeGenericClientConstructor(await definitionOf(), 'FormsService'))(transcoder.grpc, credentials.createInsecure());
    try {
      return await new Promise((resolve) => {
        client.makeUnaryRequest('/transcoder.v1.FormsService/Show', (bytes: Buffer) => bytes, (bytes) => bytes, Buffer.alloc(0), (error, bytes) => resolve({ error, bytes }));
      });
    } finally {
      client.close();
    }
  }
});
