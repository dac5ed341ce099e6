import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { inspectConfig, readConfig } from '../../src/config/index.ts';
import type { IotdaSettings } from '../../src/settings.ts';

const read = (settings: Readonly<Record<string, string>>): IotdaSettings => readConfig(settings).iotda;

/** Values that are refused, and what each should have been. */
const BAD: readonly (readonly [variable: string, values: readonly string[], says: RegExp])[] = [
  ['KEYTURN_IOTDA_ERROR_STYLE', ['Gateway', 'iotda,gateway', ' '], /^expects one of iotda, gateway$/],
  ['KEYTURN_IOTDA_INSTANCE_IDS', ['a,,b', ',', 'a b', 'ä', 'x'.repeat(129)], /^expects 1 to 128 visible ASCII characters without a comma$/],
  ['KEYTURN_IOTDA_REGIONS', ['eu-1,', '\u0007'], /^expects 1 to 128 visible ASCII characters/],
  ['KEYTURN_IOTDA_SERVICE_NAME', ['iotdm,iam', 'iot dm'], /^expects 1 to 128 visible ASCII characters without a comma$/],
  ['KEYTURN_IOTDA_SIGNATURE_ALGORITHMS', ['SDK-HMAC-SHA1', 'SDK-HMAC-SHA256,', 'sdk-hmac-sha256', 'none'], /^expects one of SDK-HMAC-SHA256, V11-HMAC-SHA256$/],
  ['KEYTURN_IOTDA_SIGNATURE_REPLAY', ['on', 'Refuse'], /^expects one of allow, refuse$/],
  ['KEYTURN_IOTDA_OPERATOR_TOKEN', ['no', 'operator-token-of-the-tests'], /^expects one of on, off$/],
  ['KEYTURN_IOTDA_IDEMPOTENCY_HOURS', ['0', '8761', '-1', '1.5', '24h'], /^expects a whole number of hours from 1 to 8760$/],
  ['KEYTURN_IOTDA_APPLICATION_RATE_LIMIT', ['0', '100000001', 'off'], /^expects a whole number from 1 to 100000000$/],
  ['KEYTURN_IOTDA_DEVICE_RATE_LIMIT', ['0', '1e3'], /^expects a whole number from 1 to 100000000$/],
  ['KEYTURN_IOTDA_TENANT_RATE_LIMIT', ['0', '+1'], /^expects a whole number from 1 to 100000000$/],
];

describe('the settings of the IoTDA API', () => {
  it('have the defaults of the contract, unset and empty', () => {
    const defaults: IotdaSettings = {
      errorStyle: 'iotda', instanceIds: new Set(), regions: new Set(), serviceName: 'iotdm',
      signatureAlgorithms: new Set(['SDK-HMAC-SHA256', 'V11-HMAC-SHA256'] as const), signatureReplay: 'allow', operatorToken: true,
      idempotencyHours: 24, applicationRateLimit: undefined, deviceRateLimit: undefined, tenantRateLimit: undefined,
    };
    assert.deepEqual(read({}), defaults);
    assert.deepEqual(read(Object.fromEntries(BAD.map(([variable]) => [variable, '']))), defaults);
  });

  it('take each other value', () => {
    assert.deepEqual(
      read({
        KEYTURN_IOTDA_ERROR_STYLE: 'gateway', KEYTURN_IOTDA_INSTANCE_IDS: 'one, two', KEYTURN_IOTDA_REGIONS: 'eu-1',
        KEYTURN_IOTDA_SERVICE_NAME: 'iot', KEYTURN_IOTDA_SIGNATURE_ALGORITHMS: 'V11-HMAC-SHA256', KEYTURN_IOTDA_SIGNATURE_REPLAY: 'refuse',
        KEYTURN_IOTDA_OPERATOR_TOKEN: 'off', KEYTURN_IOTDA_IDEMPOTENCY_HOURS: '8760', KEYTURN_IOTDA_APPLICATION_RATE_LIMIT: '1',
        KEYTURN_IOTDA_DEVICE_RATE_LIMIT: '2', KEYTURN_IOTDA_TENANT_RATE_LIMIT: '100000000',
      }),
      {
        errorStyle: 'gateway', instanceIds: new Set(['one', 'two']), regions: new Set(['eu-1']), serviceName: 'iot',
        signatureAlgorithms: new Set(['V11-HMAC-SHA256']), signatureReplay: 'refuse', operatorToken: false, idempotencyHours: 8760,
        applicationRateLimit: 1, deviceRateLimit: 2, tenantRateLimit: 100_000_000,
      },
    );
  });

  for (const [variable, values, says] of BAD) {
    it(`refuse ${variable} where it is wrong`, () => {
      for (const value of values) {
        const { faults } = inspectConfig({ [variable]: value });
        assert.equal(faults.length, 1, value);
        assert.equal(faults[0]?.variable, variable);
        assert.match(faults[0]?.says ?? '', says, value);
      }
    });
  }

  it('tell of all faults at once', () => {
    const wrong = Object.fromEntries(BAD.map(([variable, [value = '']]) => [variable, value]));
    assert.throws(() => readConfig(wrong), (error: Error) => {
      assert.deepEqual(error.message.split('\n').map((line) => line.split(' ', 1)[0]), BAD.map(([variable]) => variable));
      return true;
    });
  });
});

describe('the key ring of the settings', () => {
  const KEY = Buffer.alloc(32, 7).toString('base64');

  it('is a list of ids with their keys, the one that encrypts first', () => {
    const { masterKeys } = readConfig({ KEYTURN_MASTER_KEYS: `new.1:${KEY}, old_2:${KEY}` });
    assert.deepEqual(masterKeys?.map(({ id, key }) => [id, key.toString('base64')]), [['new.1', KEY], ['old_2', KEY]]);
  });

  for (const [name, text, says] of [
    ['no id', KEY, /^expects ID:BASE64 by comma, each key 32 bytes$/],
    ['an empty id', `:${KEY}`, /each key 32 bytes$/],
    ['an id that is too long', `${'x'.repeat(65)}:${KEY}`, /each key 32 bytes$/],
    ['a key of 31 bytes', `a:${Buffer.alloc(31).toString('base64')}`, /each key 32 bytes$/],
    ['a key of 33 bytes', `a:${Buffer.alloc(33).toString('base64')}`, /each key 32 bytes$/],
    ['base64url', `a:${Buffer.alloc(32, 0xff).toString('base64url')}=`, /each key 32 bytes$/],
    ['a comma too many', `a:${KEY},`, /each key 32 bytes$/],
    ['two keys of one id', `a:${KEY},b:${KEY},a:${KEY}`, /^expects ID:BASE64 by comma, each key with an id of its own$/],
  ] as const) {
    it(`refuses ${name}, without telling the key`, () => {
      const { faults } = inspectConfig({ KEYTURN_MASTER_KEYS: text });
      assert.equal(faults.length, 1);
      assert.match(faults[0]?.says ?? '', says);
      assert.ok(!JSON.stringify(faults).includes(KEY));
    });
  }
});
