import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from './answer.ts';
import { assertIotdaRefusal } from './iotda_errors.ts';
import type { IotdaRefusal } from './iotda_errors.ts';
import { NOTHING, assertReset, withResets } from './resets.ts';
import type { NewDevice, ResetBody, ResetRequest } from './resets.ts';

const EVERY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef';
const REST_OF = 'ghijklmnopqrstuvwxyz0123456789_-';
const LONGEST = 'a-Z_9'.repeat(26).slice(0, 128);

/** Section 5.1: bodies that are taken, and the device they are for. */
const TAKEN: readonly (readonly [name: string, body: ResetBody | undefined, device?: NewDevice])[] = [
  ['no body', undefined],
  ['an empty body', {}],
  ['8 characters', { secret: 'abcd1234' }],
  ['32 characters', { secret: 'a'.repeat(32) }],
  ['the first half of all characters', { secret: EVERY }],
  ['the other half of all characters', { secret: REST_OF }],
  ['a secret that looks like a number', { secret: '12345678' }],
  ['PRIMARY', { secret_type: 'PRIMARY' }],
  ['SECONDARY', { secret_type: 'SECONDARY', secret: 'abcd1234' }],
  ['force_disconnect false', { force_disconnect: false }],
  ['force_disconnect true', { force_disconnect: true }],
  ['all members', { secret: 'abcd_1234', force_disconnect: true, secret_type: 'SECONDARY' }],
  ['the longest device id', {}, { id: LONGEST }],
  ['a hexadecimal secret for an NB-IoT product', { secret: '0123456789abcdefABCDEF00' }, { product: 'nb-iot' }],
  ['a generated secret for an NB-IoT product', {}, { product: 'nb-iot' }],
  ['SECONDARY for an NB-IoT product', { secret_type: 'SECONDARY' }, { product: 'nb-iot' }],
  ['PRIMARY for a CoAP product', { secret: 'not-hexadecimal' }, { product: 'coap' }],
  ['SECONDARY for an MQTT product', { secret_type: 'SECONDARY', secret: 'not-hexadecimal' }, { product: 'mqtt' }],
  ['SECONDARY for a product that is not listed', { secret_type: 'SECONDARY', secret: 'not-hexadecimal' }, { product: 'unlisted' }],
  ['SECONDARY for a product that is CoAP in another project', { secret_type: 'SECONDARY' }, { project: 'other', product: 'coap' }],
];

/** Section 5.1: what is refused; over REST as JSON, over gRPC as a message. */
const REFUSED: readonly (readonly [name: string, want: IotdaRefusal, request: Partial<ResetRequest>, device?: NewDevice])[] = [
  ['an empty secret', '006', { body: { secret: '' } }],
  ['7 characters', '006', { body: { secret: 'abcd123' } }],
  ['33 characters', '006', { body: { secret: 'a'.repeat(33) } }],
  ...['abcd 1234', 'abcd.1234', 'abcd+1234', 'abcd/1234', 'abcd=1234', 'abcd1234\n', 'abcd1234\0', '\u00e4bcd12345', '\ud83d\udd11abcd1234', 'abcd\u200b1234', '１２３４５６７８'].map(
    (secret) => [`the secret ${JSON.stringify(secret)}`, '006', { body: { secret } }] as const,
  ),
  ...['', 'primary', 'Primary', 'PRIMARY ', ' SECONDARY', 'secondary', 'TERTIARY', 'SECRET_SLOT_PRIMARY', '0', 'PRIMARY\0'].map(
    (type) => [`the secret_type ${JSON.stringify(type)}`, '006', { body: { secret_type: type } }] as const,
  ),
  ...['', 'resetsecret', 'RESETSECRET', 'resetSecret1', 'freeze'].map((action) => [`the action_id ${JSON.stringify(action)}`, '006', { action }] as const),
  ['a device id with a dot', '006', { device: 'a.b' }],
  ['a device id with a blank', '006', { device: 'a b' }],
  ['a device id beyond ASCII', '006', { device: 'd\u00e4' }],
  ['a device id of 129 characters', '006', { device: 'a'.repeat(129) }],
  ['an unknown device', '014000', { device: 'nobody' }],
  ['a device of another project', '014000', {}, { project: 'other' }],
  ['an unknown project', '022', { project: 'nowhere' }],
  ['a project in another case', '022', { project: 'Default' }],
  ['a secret that is not hexadecimal for an NB-IoT product', '006', { body: { secret: 'abcdefgh' } }, { product: 'nb-iot' }],
  ['SECONDARY for a CoAP product', '006', { body: { secret_type: 'SECONDARY' } }, { product: 'coap' }],
  ['SECONDARY with a secret for a CoAP product', '006', { body: { secret_type: 'SECONDARY', secret: '12345678' } }, { product: 'coap' }],
];

describe('ResetDeviceSecret: inputs (5.1) and output (5.2)', () => {
  const bench = withResets();

  for (const wire of WIRES) {
    for (const [name, body, device] of TAKEN) {
      it(`${wire}: takes ${name}`, async () => {
        const id = await bench().device({ ...device, ...(device?.id === undefined ? {} : { id: `${device.id.slice(4)}${wire}`.slice(-128) }) });
        const slot = body?.secret_type === 'SECONDARY' ? 'SECONDARY' : 'PRIMARY';
        const answer = await bench().reset(wire, { device: id, body, project: device?.project ?? 'default' });
        const secret = assertReset(answer, id, { slot, secret: body?.secret });
        assert.deepEqual(await bench().secrets(id), { [slot]: secret });
      });
    }

    for (const [name, want, request, device] of REFUSED) {
      it(`${wire}: ${want} for ${name}, and changes nothing`, async () => {
        const id = await bench().device(device);
        const answer = await bench().reset(wire, { device: id, key: 'refused', ...request });
        assertIotdaRefusal(answer, want);
        assert.deepEqual(await bench().stored(id), NOTHING);
        assert.deepEqual(await bench().stored(request.device ?? id), NOTHING);
      });
    }

    it(`${wire}: makes another secret each time`, async () => {
      const id = await bench().device();
      const answers = await Promise.all(Array.from({ length: 50 }, () => bench().reset(wire, { device: id })));
      assert.equal(new Set(answers.map((answer) => assertReset(answer, id))).size, 50);
    });
  }

  it('grpc: 006 for an action that is not set, and names what is at fault', async () => {
    const id = await bench().device();
    const answer = await bench().reset('grpc', { device: id, action: '', body: { secret: 'short' } });
    assertIotdaRefusal(answer, '006');
    assert.deepEqual(answer.fields, ['action_id', 'reset.secret']);
    for (const [body, field] of [[{ secret: '' }, 'reset.secret'], [{ secret_type: 'x' }, 'reset.secret_type']] as const) {
      assert.deepEqual((await bench().reset('grpc', { device: id, body })).fields, [field]);
    }
    assert.deepEqual((await bench().reset('grpc', { device: id, key: '"' })).fields, ['idempotency-key']);
  });

  it('grpc: 006 for a project that no text of the database can be', async () => {
    assertIotdaRefusal(await bench().reset('grpc', { device: 'x', project: 'a\0b' }), '006');
  });
});
