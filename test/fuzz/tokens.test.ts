import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import type { Bench } from '../wire/harness.ts';
import { seedOf } from './random.ts';
import type { TokenMaterial } from './tokens/material.ts';
import { setStage } from './tokens/stage.ts';
import { Books } from './tokens/state.ts';
import { TokenWires } from './tokens/wires.ts';

const CALLS = 300;

describe('hostile calls about tokens, one after the other', function () {
  this.timeout(120_000);
  let bench: Bench;
  let material: TokenMaterial;
  let books: Books;
  before(async () => {
    ({ bench, material } = await setStage());
    books = await Books.open(bench.sql, material);
  });
  after(() => bench[Symbol.asyncDispose]());

  for (const seed of [7, randomInt(2 ** 32)]) {
    it(`have the answers that they must have over both wires, and the books are right afterwards: seed ${seed}`, async () => {
      const { service } = bench;
      using wires = new TokenWires({ rest: Number(service.url.split(':').at(-1)), grpc: Number(service.grpc.split(':').at(-1)) }, material);
      let refused = 0;
      for (let index = 0; index < CALLS; index += 1) if (await wires.try(seedOf(seed, index))) refused += 1;
      assert.ok(refused > CALLS / 3 && refused < CALLS, `${refused} were refused`);
      assert.deepEqual(await books.faults(), []);
      assert.deepEqual(service.lines.filter(({ level }) => level === 'error'), []);
    });
  }

  it('refuse a password with a character of control, which its hash may not see', async () => {
    const [right = ''] = material.clients.right;
    const text = Buffer.from(right.slice('Basic '.length), 'base64').toString();
    for (const [end, status] of [['', 200], ['\0', 401], ['\0\0', 401], ['\n', 401], ['\x7f', 401]] as const) {
      const authorization = `Basic ${Buffer.from(text + end).toString('base64')}`;
      const answer = await bench.rest.send({ target: '/idp/introspect', headers: [['Authorization', authorization], ['Content-Type', 'application/json']], body: '{"token":"x"}' });
      assert.equal(answer.status, status, JSON.stringify(end));
    }
  });

  it('leaves nothing of what it was sent in the log', () => {
    const logged = bench.service.lines.map((line) => JSON.stringify(line)).join('\n');
    assert.ok(logged.length > 10_000);
    for (const { text } of material.tokens) assert.ok(!logged.includes(text));
    for (const { jwt } of material.spent) assert.ok(!logged.includes(jwt));
    for (const value of material.clients.right) assert.ok(!logged.includes(value.slice(6)));
  });
});
