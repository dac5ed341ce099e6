import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { devicePassword, isAboutNow, isPasswordOf, isRealHour, parseClientId } from '../../src/crypto/device_password.ts';

/** V4 of contracts/iotda.md. */
const VECTOR = { secret: '12345678', hour: '2025041401', password: 'c75150e6cb841417396819e4d2ee4358a416344a03a083e3a8567074ddec820a' };

describe('device password', () => {
  it('is that of the documented vector', () => {
    assert.equal(devicePassword(VECTOR.secret, VECTOR.hour), VECTOR.password);
    assert.equal(devicePassword(Buffer.from(VECTOR.secret), VECTOR.hour), VECTOR.password);
  });

  it('fits its secret and hour and no others', () => {
    const { secret, hour, password } = VECTOR;
    assert.ok(isPasswordOf(secret, hour, password));
    assert.ok(!isPasswordOf('12345679', hour, password));
    assert.ok(!isPasswordOf(secret, '2025041402', password));
  });

  it('has one form: 64 lower-case hex characters', () => {
    const { secret, hour, password } = VECTOR;
    for (const other of ['', password.toUpperCase(), `${password}00`, password.slice(2), ` ${password}`, `${password}\n`, '0'.repeat(64), 'z'.repeat(64), 'ä'.repeat(32)]) {
      assert.ok(!isPasswordOf(secret, hour, other), other);
    }
  });
});

describe('ClientId of a device', () => {
  it('is read from the right', () => {
    assert.deepEqual(parseClientId('pump-7_0_0_2025041401'), { deviceId: 'pump-7', checksHour: false, hour: '2025041401' });
    assert.deepEqual(parseClientId('pump_0_1_2025041401_0_1_2025041402'), { deviceId: 'pump_0_1_2025041401', checksHour: true, hour: '2025041402' });
    assert.deepEqual(parseClientId('__0_0_2025041401')?.deviceId, '_');
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['no device', '_0_0_2025041401'],
    ['a device alone', 'pump-7'],
    ['another identity type', 'pump-7_1_0_2025041401'],
    ['two digits of identity type', 'pump-7_00_0_2025041401'],
    ['another signType', 'pump-7_0_2_2025041401'],
    ['no signType', 'pump-7_0_2025041401'],
    ['nine digits', 'pump-7_0_0_202504140'],
    ['eleven digits', 'pump-7_0_0_20250414010'],
    ['something behind', 'pump-7_0_0_2025041401\n'],
    ['digits that are not ASCII', 'pump-7_0_0_٢٠٢٥٠٤١٤٠١'],
    ['hour 24', 'pump-7_0_0_2025041424'],
    ['month 13', 'pump-7_0_0_2025130101'],
    ['month 0', 'pump-7_0_0_2025000101'],
    ['day 0', 'pump-7_0_0_2025010001'],
    ['30 February', 'pump-7_0_0_2024023001'],
    ['29 February of a year without', 'pump-7_0_0_2025022901'],
    ['257 characters', `${'a'.repeat(242)}_0_0_2025041401`],
  ] as const) {
    it(`is not ${what}`, () => assert.equal(parseClientId(text), undefined));
  }

  it('may have 256 characters', () => assert.equal(parseClientId(`${'a'.repeat(241)}_0_0_2025041401`)?.deviceId.length, 241));

  it('has a real hour, leap days included', () => {
    for (const hour of ['2024022923', '2000022900', '0001010100', '9999123123']) assert.ok(isRealHour(hour), hour);
    for (const hour of ['1900022900', '2025063100', '2025-01-01', '']) assert.ok(!isRealHour(hour), hour);
  });
});

describe('hour of a device', () => {
  const now = new Date('2025-01-01T00:59:59.999Z');

  it('may be that of the service or one more or less, over the turn of a year too', () => {
    for (const hour of ['2024123123', '2025010100', '2025010101']) assert.ok(isAboutNow(hour, now), hour);
    for (const hour of ['2024123122', '2025010102', '2024010100', '2025013200']) assert.ok(!isAboutNow(hour, now), hour);
  });

  it('changes with the hour', () => {
    assert.ok(isAboutNow('2025010102', new Date(now.getTime() + 1)));
    assert.ok(!isAboutNow('2024123123', new Date(now.getTime() + 1)));
  });
});
