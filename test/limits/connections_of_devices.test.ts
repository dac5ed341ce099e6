import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { Bench } from '../wire/harness.ts';
import { ask, authOf, connectOf, decide, deviceAuth, secretDevice } from '../wire/secrets.ts';

const USUAL = 600;
const MINUTE = 60_000;

/** Section 3 of contracts/iotda.md, copied. */
function assertLimited(answer: Answer, name: '021101' | '021102', number = 0): void {
  const sentence = name === '021101' ? 'Request reached the maximum rate limit.' : `The request rate has reached the upper limit of the tenant, limit ${number}.`;
  const reason = name === '021101' ? 'IOTDA_DEVICE_RATE_LIMITED' : 'IOTDA_TENANT_RATE_LIMITED';
  const wanted = answer.wire === 'rest' ? [403, `{"error_code":"IOTDA.${name}","error_msg":"${sentence}"}`] : [8, sentence];
  assert.deepEqual([answer.status, answer.body], wanted);
  if (answer.wire === 'grpc') assert.equal(answer.reason, reason);
  assert.match(answer.headers.get('retry-after')?.[0] ?? '', /^[1-9][0-9]*$/);
}

describe('limits on decisions about connections', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start();
  });
  after(() => bench[Symbol.asyncDispose]());

  const use = async (id: string, count: number): Promise<void> => {
    for (let left = count; left > 0; left -= 20) await Promise.all(Array.from({ length: Math.min(20, left) }, () => decide(bench, connectOf(id, 'wrong'))));
  };

  it(`are ${USUAL} a minute for one device without a setting, whatever the outcome, and refill evenly`, async () => {
    const [busy, calm] = [await secretDevice(bench, { primary: 'primary-1' }), await secretDevice(bench, { primary: 'primary-1' })];
    await use(busy.id, USUAL);
    // The allowance refills while it is used.
    let answer = await ask(bench, connectOf(busy.id, 'primary-1'));
    for (let tried = 0; answer.status === 0 && tried < 200; tried += 1) answer = await ask(bench, connectOf(busy.id, 'primary-1'));
    assertLimited(answer, '021101');
    assert.equal((await decide(bench, connectOf(calm.id, 'primary-1')))[0], 0);
    bench.service.clock.advance(MINUTE);
    assert.equal((await decide(bench, connectOf(busy.id, 'primary-1')))[0], 0);
  });

  it('hold for unknown devices too, and not for what names no device', async () => {
    await use('no-such-device', USUAL);
    let answer = await ask(bench, connectOf('no-such-device', 'x'));
    for (let tried = 0; answer.status === 0 && tried < 200; tried += 1) answer = await ask(bench, connectOf('no-such-device', 'x'));
    assertLimited(answer, '021101');
    assert.equal((await decide(bench, { clientId: 'no-such-device', userName: '', password: '' }))[0], 2);
  });
});

describe('limits on decisions about connections, by setting', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start({ KEYTURN_IOTDA_DEVICE_RATE_LIMIT: '2', KEYTURN_IOTDA_TENANT_RATE_LIMIT: '5' });
  });
  after(() => bench[Symbol.asyncDispose]());

  it('are as many', async () => {
    const { id } = await secretDevice(bench, { primary: 'primary-1' });
    for (let count = 0; count < 2; count += 1) assert.equal((await decide(bench, connectOf(id, 'primary-1')))[0], 0);
    assertLimited(await ask(bench, connectOf(id, 'primary-1')), '021101');
  });

  for (const wire of WIRES) {
    it(`${wire}: 021101 for a device after its form and before its password, known or not`, async () => {
      const { id } = await secretDevice(bench, { primary: 'primary-1' });
      for (const device of [id, `unknown-${wire}`]) {
        await deviceAuth(bench, wire, { ...authOf(device, 'x'), sign_type: 7 });
        for (let count = 0; count < 2; count += 1) assert.match(String((await deviceAuth(bench, wire, authOf(device, 'wrong'))).status), /^(?:401|16)$/);
        assertLimited(await deviceAuth(bench, wire, authOf(device, 'primary-1')), '021101');
        assert.match(String((await deviceAuth(bench, wire, { ...authOf(device, 'x'), sign_type: 7 })).status), /^(?:400|3)$/);
      }
      bench.service.clock.advance(MINUTE);
      assert.match(String((await deviceAuth(bench, wire, authOf(id, 'primary-1'))).status), /^(?:200|0)$/);
      bench.service.clock.advance(MINUTE);
    });

    it(`${wire}: 021102 with the number for all devices of a project, before their passwords, and not for others`, async () => {
      const project = `tenant-${wire}`;
      await bench.operator('POST', '/v1/projects', { project_id: project, name: project });
      const devices = [];
      for (let count = 0; count < 6; count += 1) devices.push((await secretDevice(bench, { projectId: project, primary: 'primary-1' })).id);
      const last = devices.pop() ?? '';
      for (const [index, id] of devices.entries()) {
        const answer = await deviceAuth(bench, wire, authOf(id, index % 2 === 0 ? 'primary-1' : 'wrong'));
        assert.match(String(answer.status), index % 2 === 0 ? /^(?:200|0)$/ : /^(?:401|16)$/);
      }
      assertLimited(await deviceAuth(bench, wire, authOf(last, 'primary-1')), '021102', 5);
      bench.service.clock.advance(MINUTE / 2);
      await deviceAuth(bench, wire, authOf(last, 'wrong'));
      const other = await secretDevice(bench, { primary: 'primary-1' });
      assert.match(String((await deviceAuth(bench, wire, authOf(other.id, 'primary-1'))).status), /^(?:200|0)$/);
      bench.service.clock.advance(MINUTE);
    });
  }
});

describe('device-auth without a setting', () => {
  it('has no limit but that on the failures of a peer', async () => {
    await using bench = await Bench.start();
    const { id } = await secretDevice(bench, { primary: 'primary-1' });
    for (let count = 0; count < 50; count += 1) assert.equal((await deviceAuth(bench, 'rest', authOf(id, 'primary-1'))).status, 200);
  });
});
