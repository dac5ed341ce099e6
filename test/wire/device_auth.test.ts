import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { WIRES, assertNoInternals } from './answer.ts';
import type { Answer, Wire } from './answer.ts';
import { Bench } from './harness.ts';
import { authOf, deviceAuth, hourText, lateDevice, secretDevice, setSecret } from './secrets.ts';
import type { AuthBody, SecretDevice } from './secrets.ts';

const HOUR = 3_600_000;

/** Section 3 of contracts/iotda.md, copied: status, bytes, code and reason over gRPC. */
const ERRORS = {
  '006': [400, '{"error_code":"IOTDA.000006","error_msg":"Invalid input data."}', 3, 'IOTDA_INPUT_INVALID'],
  '008': [400, '{"error_code":"IOTDA.000008","error_msg":"Invalid input. The request format is invalid. For details, see the error message."}', 3, 'IOTDA_FORMAT_INVALID'],
  '002': [401, '{"error_code":"IOTDA.000002","error_msg":"Authentication failed."}', 16, 'IOTDA_UNAUTHENTICATED'],
  '022': [403, '{"error_code":"IOTDA.000022","error_msg":"Operation not allowed. The user does not have the permission"}', 7, 'IOTDA_PERMISSION_DENIED'],
} as const;

function assertError(answer: Answer, name: keyof typeof ERRORS): void {
  const [status, body, code, reason] = ERRORS[name];
  assertNoInternals(answer);
  if (answer.wire === 'grpc') return assert.deepEqual([answer.status, answer.reason], [code, reason]);
  assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [status, body, ['application/json']]);
  assert.match(answer.headers.get('x-request-id')?.[0] ?? '', /^[0-9a-f]{32}$/);
}

function tokenOf(answer: Answer): string {
  assert.equal(answer.status, answer.wire === 'rest' ? 200 : 0, answer.body);
  assert.match(answer.body, /^\{"access_token":"[A-Za-z0-9_-]{43}","expires_in":86399\}$/);
  if (answer.wire === 'rest') assert.deepEqual(answer.headers.get('cache-control'), ['no-store']);
  return (JSON.parse(answer.body) as { access_token: string }).access_token;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

interface TokenRow {
  readonly hash: string;
  /** Seconds from its issue to its end. */
  readonly seconds: number;
}

describe('DeviceAuth (contracts/iotda.md 10.2)', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start();
  });
  after(() => bench[Symbol.asyncDispose]());

  const send = (wire: Wire, body: AuthBody): Promise<Answer> => deviceAuth(bench, wire, body);
  const post = (body: string, type: string | null = 'application/json'): Promise<Answer> =>
    bench.rest.send({ target: '/v5/device-auth', headers: type === null ? [] : [['Content-Type', type]], body });
  const tokensOf = async (deviceId: string): Promise<TokenRow[]> =>
    (await bench.sql.query<TokenRow>(
      `select encode(token_sha256, 'hex') as hash, extract(epoch from expires_at - issued_at)::float as seconds from device_token where device_id = $1 order by issued_at`,
      [deviceId],
    )).rows;

  for (const wire of WIRES) {
    describe(wire, () => {
      let device: SecretDevice;
      before(async () => {
        device = await secretDevice(bench, { primary: 'primary-1', secondary: 'secondary-1' });
      });
      const good = (secret = 'primary-1'): AuthBody => authOf(device.id, secret);

      it('gives a token for the primary secret, stored as its SHA-256', async () => {
        const { id } = await secretDevice(bench, { primary: 'primary-1' });
        const token = tokenOf(await send(wire, authOf(id, 'primary-1')));
        assert.deepEqual(await tokensOf(id), [{ hash: hashOf(token), seconds: 86_399 }]);
      });

      it('gives one for the secondary secret', async () => {
        tokenOf(await send(wire, good('secondary-1')));
      });

      it('leaves the token before 30 s, and never lengthens one', async () => {
        const { id } = await secretDevice(bench, { primary: 'primary-1' });
        const first = tokenOf(await send(wire, authOf(id, 'primary-1')));
        bench.service.clock.advance(20_000);
        const second = tokenOf(await send(wire, authOf(id, 'primary-1')));
        bench.service.clock.advance(20_000);
        const third = tokenOf(await send(wire, authOf(id, 'primary-1')));
        const rows = await tokensOf(id);
        assert.deepEqual(rows.map(({ hash }) => hash), [first, second, third].map(hashOf));
        const [one = 0, two = 0, three = 0] = rows.map(({ seconds }) => seconds);
        assert.ok(one >= 50 && one < 60, String(one));
        assert.ok(two >= 50 && two < 60, String(two));
        assert.equal(three, 86_399);
      });

      it('makes the device active and keeps the last use, with an audit row', async () => {
        const { id } = await secretDevice(bench, { primary: 'primary-1', secondary: 'secondary-1' });
        await bench.sql.query('update device set expires_at = $2 where device_id = $1', [id, new Date(bench.service.clock.now().getTime() + 60_000)]);
        tokenOf(await send(wire, authOf(id, 'secondary-1')));
        const { rows } = await bench.sql.query(
          `select d.active_at is not null as active, d.expires_at as expires, p.last_used_at as primary, s.last_used_at is not null as secondary, a.actor, a.details
          from device d join device_secret p on p.device_id = d.device_id and p.slot = 'PRIMARY' join device_secret s on s.device_id = d.device_id and s.slot = 'SECONDARY'
          join audit_event a on a.device_id = d.device_id and a.action = 'device_token.issued' where d.device_id = $1`,
          [id],
        );
        assert.deepEqual(rows, [{ active: true, expires: null, primary: null, secondary: true, actor: 'device', details: { slot: 'SECONDARY' } }]);
      });

      describe('form', () => {
        for (const [what, edit] of [
          ['no device_id', { device_id: undefined }], ['an empty device_id', { device_id: '' }], ['a device_id with a dot', { device_id: 'a.b' }],
          ['129 characters of device_id', { device_id: 'a'.repeat(129) }],
          ['no sign_type', { sign_type: undefined }], ['sign_type 2', { sign_type: 2 }], ['sign_type -1', { sign_type: -1 }],
          ['no timestamp', { timestamp: undefined }], ['nine digits of timestamp', { timestamp: '202504140' }], ['hour 24', { timestamp: '2025041424' }],
          ['no real day', { timestamp: '2025023001' }],
          ['no password', { password: undefined }], ['a password in upper case', { password: 'A'.repeat(64) }], ['63 characters of password', { password: 'a'.repeat(63) }],
        ] as const) {
          it(`006: ${what}`, async () => assertError(await send(wire, { ...good(), ...edit }), '006'));
        }
      });

      describe('002', () => {
        it('an unknown device', async () => assertError(await send(wire, authOf('nobody', 'primary-1')), '002'));
        it('a wrong password', async () => assertError(await send(wire, good('primary-2')), '002'));
        it('the password of another hour', async () => assertError(await send(wire, { ...good(), timestamp: '2025041402' }), '002'));
        it('a device without secrets', async () => assertError(await send(wire, authOf((await secretDevice(bench, { primary: null })).id, 'primary-1')), '002'));
        it('a replaced secret', async () => {
          const { id } = await secretDevice(bench, { primary: 'before-1' });
          await setSecret(bench, id, 'PRIMARY', 'after-1');
          assertError(await send(wire, authOf(id, 'before-1')), '002');
          tokenOf(await send(wire, authOf(id, 'after-1')));
        });
        it('a CERTIFICATES device', async () => {
          const { id } = await secretDevice(bench, { primary: 'primary-1' });
          await bench.sql.query(`update device set auth_type = 'CERTIFICATES' where device_id = $1`, [id]);
          assertError(await send(wire, authOf(id, 'primary-1')), '002');
        });
        it('a device that has missed its time to become active', async () => {
          const { id } = await lateDevice(bench, 'primary-1');
          assertError(await send(wire, authOf(id, 'primary-1')), '002');
        });
        for (const shift of [-2, -1, 0, 1, 2]) {
          it(`sign_type 1 and an hour ${shift} from the service's is ${Math.abs(shift) > 1 ? '002' : 'good'}`, async () => {
            const now = bench.service.clock.now().getTime();
            if (now % HOUR > HOUR - 1_000) bench.service.clock.advance(2_000);
            const hour = hourText(new Date(bench.service.clock.now().getTime() + shift * HOUR));
            const answer = await send(wire, authOf(device.id, 'primary-1', { signType: 1, hour }));
            if (Math.abs(shift) > 1) assertError(answer, '002');
            else tokenOf(answer);
          });
        }
      });

      it('022: a frozen device, after a good password alone, and nothing is stored', async () => {
        const { id } = await secretDevice(bench, { primary: 'primary-1' });
        await bench.operator('POST', `/v1/devices/${id}:freeze`);
        assertError(await send(wire, authOf(id, 'primary-1')), '022');
        assertError(await send(wire, authOf(id, 'primary-2')), '002');
        assert.deepEqual(await tokensOf(id), []);
      });
    });
  }

  describe('over REST', () => {
    for (const [what, name, body, type] of [
      ['no body', '008', '', undefined], ['blanks', '008', '  ', undefined], ['broken JSON', '008', '{"device_id":', undefined], ['another media type', '008', '{}', 'text/plain'],
      ['no media type', '008', '{}', null], ['duplicate members', '008', '{"device_id":"a","device_id":"b"}', undefined],
      ['an empty object', '006', '{}', undefined], ['an array', '006', '[]', undefined], ['null', '006', 'null', undefined],
    ] as const) {
      it(`${name}: ${what}`, async () => assertError(await post(body, type), name));
    }
    for (const member of ['device_id', 'sign_type', 'timestamp', 'password']) {
      for (const value of [null, true, [], {}, 1.5, member === 'sign_type' ? '1' : 1]) {
        it(`006: ${member} ${JSON.stringify(value)}`, async () => {
          assertError(await post(JSON.stringify({ ...authOf('device', 'primary-1'), [member]: value })), '006');
        });
      }
    }
    it('unknown members are ignored, and parameters of the media type', async () => {
      const { id } = await secretDevice(bench, { primary: 'primary-1' });
      tokenOf(await post(JSON.stringify({ ...authOf(id, 'primary-1'), other: [1] }), 'application/json; charset=utf-8'));
    });
    it('another method is N029', async () => {
      const answer = await bench.rest.send({ method: 'GET', target: '/v5/device-auth' });
      assert.deepEqual([answer.status, answer.body], [404, '{"error_code":"IOTDA.000029","error_msg":"The API does not exist."}']);
    });
  });

  it('tells nobody a secret, password or token but the one who asked', async () => {
    const { id } = await secretDevice(bench, { primary: 'very-secret-1' });
    const token = tokenOf(await deviceAuth(bench, 'rest', authOf(id, 'very-secret-1')));
    const log = JSON.stringify(bench.service.lines);
    for (const hidden of ['very-secret-1', token, String(authOf(id, 'very-secret-1').password)]) assert.ok(!log.includes(hidden), hidden);
  });
});
