import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DeviceSecretServiceService } from '../../gen/keyturn/v1/device_secret_service.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import { assertIotdaRefusal } from './iotda_errors.ts';
import type { IotdaRefusal } from './iotda_errors.ts';
import { assertReset, withResets } from './resets.ts';
import type { ResetRequest } from './resets.ts';

interface Fault {
  readonly step: number;
  readonly want: IotdaRefusal;
  readonly name: string;
  /** What the request is with this fault; of two faults the earlier one has its way. */
  readonly request: Partial<ResetRequest>;
  readonly wires?: readonly Wire[];
}

const REST: readonly Wire[] = ['rest'];
const KEY = 'used-before';

/** Section 4, step by step, for a device of an NB-IoT product whose key KEY has its answer. */
const FAULTS: readonly Fault[] = [
  { step: 1, want: 'N029', name: 'an unknown path', request: { target: '/v5/iot/default/devices/x/actions?action_id=resetSecret' }, wires: REST },
  { step: 1, want: 'N029_METHOD', name: 'another method', request: { method: 'PUT' }, wires: REST },
  { step: 2, want: '413', name: 'a body that is too large', request: { raw: ' '.repeat((1 << 20) + 1) }, wires: REST },
  { step: 3, want: '002', name: 'no token', request: { token: null } },
  { step: 3, want: '002', name: 'a wrong token', request: { token: 'wrong' } },
  { step: 4.1, want: '022', name: 'a project that is not the caller\'s', request: { project: 'nowhere' } },
  { step: 4.2, want: '021', name: 'an unknown Instance-Id', request: { headers: [['Instance-Id', 'unknown']] } },
  { step: 5, want: '006', name: 'a device id in no form', request: { device: 'a.b' } },
  { step: 5, want: '006', name: 'another action', request: { action: 'freeze' } },
  { step: 5, want: '006', name: 'a malformed query', request: { action: 'resetSecret&x=%' }, wires: REST },
  { step: 5, want: '006', name: 'a malformed key', request: { key: '"' } },
  { step: 5, want: '008', name: 'a body that is not JSON', request: { raw: '{' }, wires: REST },
  { step: 5, want: '008', name: 'a body of another type', request: { type: 'text/plain', raw: '{}' }, wires: REST },
  { step: 5, want: '006', name: 'a body that is no object', request: { raw: '[]' }, wires: REST },
  { step: 5, want: '006', name: 'a short secret', request: { body: { secret: 'short' } } },
  { step: 5, want: '006', name: 'an unknown slot', request: { body: { secret_type: 'x' } } },
  { step: 6, want: '014000', name: 'an unknown device', request: { device: 'nobody' } },
  { step: 6, want: '014000', name: 'a device of another project', request: { project: 'other' } },
  { step: 7, want: '006', name: 'a secret that is not hexadecimal', request: { body: { secret: 'not-hexadecimal' } } },
  { step: 8, want: '422', name: 'a key of another body', request: { key: KEY, body: { secret: 'abcdef02' } } },
];

describe('ResetDeviceSecret: the order of checks (section 4)', () => {
  const bench = withResets({ KEYTURN_IOTDA_INSTANCE_IDS: 'known,other' });
  const device = 'ordered';
  before(() => bench().device({ id: device, product: 'nb-iot' }));

  for (const wire of WIRES) {
    describe(wire, () => {
      const faults = FAULTS.filter(({ wires = WIRES }) => wires.includes(wire));
      let first = '';
      before(async () => {
        await bench().sql.query('delete from idempotency_record');
        first = assertReset(await bench().reset(wire, { device, key: KEY, body: {} }), device);
      });
      afterEach(async () => {
        assert.deepEqual(await bench().secrets(device), { PRIMARY: first });
      });

      for (const { name, want, request } of faults) {
        it(`${want} for ${name}`, async () => assertIotdaRefusal(await bench().reset(wire, { device, ...request }), want));
      }

      for (const [index, earlier] of faults.entries()) {
        const later = faults.slice(index + 1).filter(({ step }) => step > earlier.step);
        if (later.length === 0) continue;
        it(`${earlier.want} for ${earlier.name} and anything later`, async () => {
          for (const { request } of later) {
            assertIotdaRefusal(await bench().reset(wire, { device, ...request, ...earlier.request }), earlier.want);
          }
        });
      }

      it('the stored answer comes after all of them, with a known Instance-Id and with none', async () => {
        for (const headers of [[], [['Instance-Id', 'known']], [['Instance-Id', 'other']]] as const) {
          assertReset(await bench().reset(wire, { device, key: KEY, body: {}, headers }), device, { secret: first, replayed: true });
        }
      });
    });
  }

  it('grpc: RESOURCE_EXHAUSTED for a message of more than 1 MiB, which is not read to its end', async () => {
    const message = Buffer.concat([Buffer.from([0xfa, 0x7f, 0x80, 0x80, 0x40]), Buffer.alloc(1 << 20)]);
    for (const token of [OPERATOR_TOKEN, 'wrong']) {
      const { status } = await bench().grpc.call(DeviceSecretServiceService.resetDeviceSecret, message, [['x-auth-token', token]]);
      assert.equal(status, 8);
    }
  });

  it('grpc: 002 for a message that is no protobuf and a wrong token, 008 with a right one', async () => {
    for (const [token, want] of [['wrong', '002'], [OPERATOR_TOKEN, '008']] as const) {
      const answer = await bench().grpc.call(DeviceSecretServiceService.resetDeviceSecret, Buffer.from([0x0a, 0xff]), [['x-auth-token', token]]);
      assertIotdaRefusal(answer, want);
    }
  });
});
