import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { describe, it } from 'mocha';
import type { VerifyDeviceJwtResponse } from '../../../gen/keyturn/v1/device_token_service.ts';
import { makeUpdate, updated } from '../harness.ts';
import type { Device } from '../harness.ts';
import { newPair } from '../jwt.ts';
import { countStatements } from '../iotda/kit.ts';
import { withBench } from '../rows.ts';
import { NOBODY, accessKey, shown, verified } from './checks.ts';
import { NOTHING, sendIssue, storedTokens } from './issue_rows.ts';
import { authenticationJwt } from './kit.ts';

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));

/** Counts the signatures that are checked while some work is done. */
async function signatureChecks(work: () => Promise<unknown>): Promise<number> {
  const { subtle } = webcrypto;
  let checks = 0;
  const verify: typeof subtle.verify = (...args) => {
    checks += 1;
    return Object.getPrototypeOf(subtle).verify.apply(subtle, args);
  };
  Object.defineProperty(subtle, 'verify', { value: verify, configurable: true });
  try {
    await work();
  } finally {
    Reflect.deleteProperty(subtle, 'verify');
  }
  return checks;
}

function byStranger(device: Device): string {
  return authenticationJwt({ ...device, pair: newPair() });
}

describe('VerifyDeviceJwt of many at once', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1000000' });

  const stored = async (device: Device): Promise<number> => (await storedTokens(bench().sql, device.id)).jtis.length;

  it('lets one of 64 identical JWTs count, with one audit row', async () => {
    const device = await bench().device();
    const jwt = authenticationJwt(device);
    const answers = await Promise.all(times(64, () => verified(bench(), jwt)));
    assert.deepEqual(answers.filter(({ active }) => active), [shown(device, true)]);
    assert.deepEqual(answers.filter(({ active }) => !active), times(63, () => NOBODY));
    const { rows } = await bench().sql.query(`select count(*)::int as n from audit_event where device_id = $1 and action = 'device_jwt.verified'`, [device.id]);
    assert.deepEqual([await stored(device), rows], [1, [{ n: 1 }]]);
  });

  it('lets a JWT count once, here or for a token', async () => {
    const device = await bench().device();
    await Promise.all(times(16, async () => {
      const jwt = authenticationJwt(device);
      const [seen, token] = await Promise.all([verified(bench(), jwt), sendIssue(bench(), 'grpc', { authorization: jwt, clientId: device.id })]);
      assert.equal(Number(seen.active) + Number(token.status === 0), 1, `${seen.active} ${token.status}`);
    }));
    assert.equal(await stored(device), 16);
  });

  it('counts until a rotation, and not after it', async () => {
    await Promise.all(times(12, async () => {
      const device = await bench().device();
      const update = makeUpdate(device);
      const [answers, rotated] = await Promise.all([Promise.all(times(6, () => verified(bench(), authenticationJwt(device)))), bench().sendUpdate('rest', update)]);
      assert.equal(rotated.status, 200);
      for (const answer of answers) assert.deepEqual(answer, answer.active ? shown(device, true) : NOBODY);
      assert.deepEqual(await verified(bench(), authenticationJwt(device)), NOBODY);
      assert.deepEqual(await verified(bench(), authenticationJwt(updated(update))), shown(updated(update), true));
    }));
  });

  it('counts until a freezing, after which the device is shown', async () => {
    await Promise.all(times(12, async () => {
      const device = await bench().device();
      const [answers, frozen] = await Promise.all([Promise.all(times(6, () => verified(bench(), authenticationJwt(device)))), bench().operator('POST', `/v1/devices/${device.id}:freeze`)]);
      assert.equal(frozen.status, 200);
      for (const answer of answers) assert.deepEqual(answer, shown(device, answer.active));
      assert.equal(await stored(device), answers.filter(({ active }) => active).length);
    }));
  });

  for (const [name, change, expected] of [
    ['a freezing', `update device set state = 'FROZEN' where device_id = $1`, (device: Device) => shown(device, false)],
    ['a removal', 'delete from device where device_id = $1', () => NOBODY],
  ] as const) {
    it(`is overtaken by ${name} between its look-up and its row`, async () => {
      const device = await bench().device();
      const client = await bench().sql.connect();
      let answer: Promise<VerifyDeviceJwtResponse>;
      try {
        await client.query('begin');
        await client.query('select from device where device_id = $1 for update', [device.id]);
        answer = verified(bench(), authenticationJwt(device));
        for (let waiting = 0; waiting === 0; ) {
          const { rows } = await bench().sql.query<{ n: number }>(`select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
          waiting = rows[0]?.n ?? 0;
        }
        await client.query(change, [device.id]);
        await client.query('commit');
      } finally {
        client.release();
      }
      assert.deepEqual(await answer, expected(device));
      assert.deepEqual(await storedTokens(bench().sql, device.id), NOTHING);
    });
  }

  it('does the same work for devices that it knows and for others', async () => {
    const [known, frozen, foreign] = [await bench().device(), await bench().device({ frozen: true }), await bench().device()];
    await bench().operator('POST', '/v1/projects', { project_id: 'theirs', name: 'theirs' });
    await bench().operator('POST', '/v1/devices', { device_id: 'keyless' });
    const spent = authenticationJwt(known);
    await verified(bench(), spent);
    const theirs = await accessKey(bench(), [], 'theirs');
    const cases = [
      byStranger(known), byStranger(frozen), spent, authenticationJwt(frozen), byStranger({ ...known, id: 'nobody' }), byStranger({ ...known, id: 'keyless' }),
      authenticationJwt(known, { edit: ({ payload }) => void (payload['public_key'] = '') }),
    ];
    for (const [jwt, authorization] of [...cases.map((each) => [each] as const), [authenticationJwt(foreign), theirs.authorization] as const]) {
      const before = await countStatements(bench(), /^device_jwt_/);
      const checks = await signatureChecks(async () => assert.equal((await verified(bench(), jwt, authorization)).active, false));
      assert.deepEqual([checks, (await countStatements(bench(), /^device_jwt_/)) - before], [1, 1]);
    }
  });
});
