import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import type { IdentityBench } from '../wire/identity/bench.ts';
import type { IdentityMaterial } from './identity/material.ts';
import { setStage } from './identity/stage.ts';
import { stateOf } from './identity/state.ts';
import { BothWires } from './identity/wires.ts';
import { seedOf } from './random.ts';

const CALLS = 300;

describe('hostile calls of identity binding, one after the other', function () {
  this.timeout(120_000);
  let bench: IdentityBench;
  let material: IdentityMaterial;
  before(async () => void ({ bench, material } = await setStage()));
  after(() => bench[Symbol.asyncDispose]());

  for (const seed of [7, randomInt(2 ** 32)]) {
    it(`have one answer over both wires, and change nothing if they are refused: seed ${seed}`, async () => {
      const { service, sql } = bench;
      using wires = new BothWires({ rest: Number(service.url.split(':').at(-1)), grpc: Number(service.grpc.split(':').at(-1)) }, material);
      let refused = 0;
      for (let index = 0; index < CALLS; index += 1) {
        const state = await stateOf(sql);
        if (!(await wires.try(seedOf(seed, index)))) continue;
        refused += 1;
        assert.equal(await stateOf(sql), state, `seed ${seed}, call ${index}`);
      }
      assert.ok(refused > CALLS / 3 && refused < CALLS, `${refused} were refused`);
      assert.deepEqual(service.lines.filter(({ level }) => level === 'error'), []);
    });
  }
});
