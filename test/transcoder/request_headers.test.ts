import assert from 'node:assert/strict';
import { Metadata, credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js';
import type { Client, ServiceDefinition, ServiceError } from '@grpc/grpc-js';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Call, MetadataValue } from '../../src/call/call.ts';
import type { Answer } from '../wire/answer.ts';
import { generateContract } from './contract.ts';
import { WRONG_TOKEN, startTranscoder } from './service.ts';
import type { TestTranscoder } from './service.ts';

const METHOD = '/transcoder.v1.EdgeService/Show';
type Sent = readonly (readonly [name: string, value: string | Buffer])[];
type Seen = readonly (readonly [name: string, values: readonly MetadataValue[]])[];

/** What the handler saw of each call. */
const seen: Seen[] = [];

async function show(request: object, call: Call): Promise<object> {
  seen.push(Array.from(call.metadata, ([name, values]) => [name, values.map((value) => (typeof value === 'string' ? value : Buffer.from(value).toString('hex')))]));
  return request;
}

/** What is sent over each wire, and what the handler sees: bytes as hex. */
const ROWS: readonly (readonly [name: string, rest: Sent, grpc: Sent, seen: Seen])[] = [
  ['nothing', [], [], []],
  ['text', [['X-Trace', 'a, b']], [['x-trace', 'a, b']], [['x-trace', ['a, b']]]],
  ['text twice', [['X-Trace', 'a'], ['x-trace', 'b']], [['x-trace', 'a'], ['x-trace', 'b']], [['x-trace', ['a, b']]]],
  ['bytes', [['X-Trace-Bin', 'AAH/']], [['x-trace-bin', Buffer.from('0001ff', 'hex')]], [['x-trace-bin', ['0001ff']]]],
  ['bytes without padding', [['x-trace-bin', '/w']], [['x-trace-bin', Buffer.from('ff', 'hex')]], [['x-trace-bin', ['ff']]]],
  ['bytes twice', [['x-trace-bin', 'AA=='], ['x-trace-bin', 'AQ']], [['x-trace-bin', Buffer.of(0)], ['x-trace-bin', Buffer.of(1)]], [['x-trace-bin', ['00', '01']]]],
  ['bytes in one line', [['x-trace-bin', 'AA== ,\tAQ']], [['x-trace-bin', Buffer.of(0)], ['x-trace-bin', Buffer.of(1)]], [['x-trace-bin', ['00', '01']]]],
  ['what is not listed', [['X-Other', 'a'], ['Authorization', 'Bearer x'], ['X-Trace-Other-Bin', 'AA']], [['x-other', 'a'], ['authorization', 'Bearer x']], []],
];

/** Values that are refused over REST, of one header. */
const MALFORMED: readonly (readonly [name: string, values: readonly string[]])[] = [
  ...['A', 'AA=', 'AAA==', '====', 'A A=', '__8=', '-w==', 'AB', '/x==', 'AA==,*', 'AA;', 'é'].map((value): readonly [string, readonly string[]] => ['x-trace-bin', [value]]),
  ['x-trace-bin', ['AA==', 'A']],
  ...['caf\xe9', '\xff', 'a\tb'].map((value): readonly [string, readonly string[]] => ['x-trace', [value]]),
];

describe('request headers as metadata', () => {
  let transcoder: TestTranscoder;
  let client: Client;

  before(async () => {
    transcoder = await startTranscoder({ [METHOD]: show });
    const definition = (await generateContract()).definitions.get('transcoder.v1.EdgeService') as unknown as ServiceDefinition;
    client = new (makeGenericClientConstructor(definition, 'EdgeService'))(transcoder.grpc, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await transcoder[Symbol.asyncDispose]();
  });
  beforeEach(() => void seen.splice(0));

  function get(headers: Sent): Promise<Answer> {
    return transcoder.rest.send({ method: 'GET', target: '/edge/metadata', headers: headers.map(([name, value]) => [name, value.toString()]) });
  }

  function call(sent: Sent): Promise<ServiceError | null> {
    const metadata = new Metadata();
    for (const [name, value] of sent) metadata.add(name, value);
    return new Promise((resolve) => void client.makeUnaryRequest(METHOD, (bytes: Buffer) => bytes, (bytes) => bytes, Buffer.alloc(0), metadata, (error) => resolve(error)));
  }

  for (const [name, rest, grpc, want] of ROWS) {
    it(`are the same over both wires: ${name}`, async () => {
      assert.equal((await get(rest)).status, 200);
      assert.equal(await call(grpc), null);
      assert.deepEqual(seen, [want, want]);
    });
  }

  for (const [name, values] of MALFORMED) {
    it(`400 that names it: ${name}: ${JSON.stringify(values)}`, async () => {
      const answer = await get(values.map((value) => [name, value]));
      assert.deepEqual([answer.status, answer.reason, answer.fields], [400, 'INVALID', [name]]);
      assert.deepEqual(seen, []);
    });
  }

  it('names every one that is malformed, and never its value', async () => {
    const answer = await get([['x-trace', 'caf\xe9'], ['x-trace-bin', 'secret']]);
    assert.deepEqual(answer.fields, ['x-trace', 'x-trace-bin']);
    assert.doesNotMatch(answer.body, /secret|caf/);
  });

  it('are looked at once the caller is known', async () => {
    assert.equal((await get([['x-trace-bin', '*'], ['Authorization', `Bearer ${WRONG_TOKEN}`]])).status, 401);
  });

  it('are not passed on if Connection names them, whatever they hold', async () => {
    for (const options of ['x-trace', 'keep-alive, X-Trace-Bin ,x-trace']) {
      assert.equal((await get([['x-trace', 'a'], ['Connection', options]])).status, 200);
    }
    assert.equal((await get([['x-trace-bin', '*'], ['Connection', 'x-trace-bin']])).status, 200);
    assert.deepEqual(seen, [[], [], []]);
  });

  it('go on being read by authenticators, even if Connection names them', async () => {
    const answer = await get([['Authorization', `Bearer ${WRONG_TOKEN}`], ['Connection', 'authorization']]);
    assert.equal(answer.status, 401);
    assert.equal((await call([['authorization', `Bearer ${WRONG_TOKEN}`]]))?.code, status.UNAUTHENTICATED);
  });
});
