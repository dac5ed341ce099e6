import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { inspectConfig, readConfig } from '../../src/config/index.ts';
import { verifyPassword } from '../../src/crypto/password.ts';
import type { IothentixSettings } from '../../src/settings.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { clientsSetting } from '../wire/tokens/clients.ts';

const read = (settings: Readonly<Record<string, string>>): IothentixSettings => readConfig(settings).iothentix;
const clients = (...list: readonly object[]): string => JSON.stringify(list);

const [{ password_hash: HASH = '' } = {}] = JSON.parse(clientsSetting({ x: 'hush-hush' })) as { password_hash?: string }[];
const LIST = /^expects a JSON list of \{"name","password_hash"\}, each as keyturn introspect-client makes it$/;

/** Values that are refused, and what each should have been. */
const BAD: readonly (readonly [variable: string, values: readonly string[], says: RegExp])[] = [
  ['KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY', ['off', 'ON', 'true', ' on'], /^expects one of on, strict$/],
  ['KEYTURN_IOTHENTIX_FORBIDDEN_STATUS', ['forbidden', 'Forbiden', 'FORBIDDEN'], /^expects one of Forbbiden, Forbidden$/],
  ['KEYTURN_IOTHENTIX_ALGORITHMS', ['none', 'HS256', 'es256', 'ES256;ES384', 'ES256,', ','], /^expects a list by comma of ES256, ES384, EdDSA, Ed25519, RS256, PS256$/],
  ['KEYTURN_IOTHENTIX_POP_HEX_TEXT', ['yes', 'true', 'On'], /^expects one of on, off$/],
  ['KEYTURN_IOTHENTIX_ROTATIONS_PER_HOUR', ['0', '-1', '10000000', 'off'], /^expects a whole number from 1 to 9999999$/],
  ['KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS', ['0', '-1', '31536001', '1h', '3599.5', '1e3', '0x10', ' 60', '+60', '9'.repeat(400)], /^expects a whole number of seconds from 1 to 31536000$/],
  ['KEYTURN_IOTHENTIX_MAX_RENEWALS', ['-1', '100000001', 'unlimited', '2.0', '1_000'], /^expects a whole number from 0 to 100000000$/],
  ['KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE', ['0', '-5', '100000001', 'off', '60/min'], /^expects a whole number from 1 to 100000000$/],
  ['KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH', ['on', 'yes', '1', 'True', 'FALSE', 'true '], /^expects one of true, false$/],
  ['KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS', [
    'x', '{}', '"x"', 'null', '7', '[null]', '[[]]', '["x"]', '[{}]', clients({ name: 'a' }), clients({ password_hash: HASH }), clients({ name: 'a', password: 'hush-hush' }),
    clients({ name: '', password_hash: HASH }), clients({ name: 7, password_hash: HASH }), clients({ name: 'a:b', password_hash: HASH }), clients({ name: 'a b', password_hash: HASH }),
    clients({ name: 'ä', password_hash: HASH }), clients({ name: 'a\n', password_hash: HASH }), clients({ name: 'x'.repeat(129), password_hash: HASH }), clients({ name: 'a', password_hash: HASH, role: 'x' }),
    clients({ name: 'a', password_hash: 'hush-hush' }), clients({ name: 'a', password_hash: `${HASH}=` }), clients({ name: 'a', password_hash: HASH.replace('ln=10', 'ln=20') }), clients({ name: 'a', password_hash: null }),
    clients({ name: 'a', password_hash: [HASH] }), clients({ name: 'a', password_hash: HASH }, { name: 'b' }), `[{"name":"a","name":"b","password_hash":"${HASH}"}]`, `${clients({ name: 'a', password_hash: HASH })}x`,
    `{"name":"a","password_hash":"${HASH}"}`,
  ], LIST],
  ['KEYTURN_IOTHENTIX_ISSUER', [
    'keyturn', 'https://', 'https:///', 'https://id.example', 'id.example/', 'ftp://id.example/', 'https://id example/', 'https://id.example/?a=/', 'https://id.example/#/', 'https://user@id.example/',
    'https://ä.example/', ' https://id.example/', 'https://id.example/\n', `https://id.example/${'x'.repeat(512)}/`, 'https://id.example:99999/', '/',
  ], /^expects a URL that ends in \/, with nothing but a path behind the host, such as https:\/\/keyturn\.example\/$/],
];

describe('the settings of the Iothentix API', () => {
  it('have the defaults of the contract, unset and empty', () => {
    const defaults: IothentixSettings = {
      idempotentRetry: 'on', forbiddenStatus: 'Forbbiden', algorithms: new Set(['ES256']), popHexText: false, rotationsPerHour: undefined, accessTokenSeconds: 3599,
      maxRenewals: 24, tokenRequestsPerMinute: 60, introspectRequiresAuth: false, introspectClients: [], issuer: undefined,
    };
    assert.deepEqual(read({}), defaults);
    assert.deepEqual(read(Object.fromEntries(BAD.map(([variable]) => [variable, '']))), defaults);
    assert.deepEqual(read({ KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: '[]', KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'false' }), defaults);
  });

  it('take each other value', () => {
    const settings = read({
      KEYTURN_IOTHENTIX_IDEMPOTENT_RETRY: 'strict', KEYTURN_IOTHENTIX_FORBIDDEN_STATUS: 'Forbidden', KEYTURN_IOTHENTIX_ALGORITHMS: 'ES384, Ed25519', KEYTURN_IOTHENTIX_POP_HEX_TEXT: 'on',
      KEYTURN_IOTHENTIX_ROTATIONS_PER_HOUR: '9999999', KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: '31536000', KEYTURN_IOTHENTIX_MAX_RENEWALS: '0', KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '100000000',
      KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true', KEYTURN_IOTHENTIX_ISSUER: 'https://iot-idp.demo.apps.iothentix.com/',
    });
    assert.deepEqual(settings, {
      idempotentRetry: 'strict', forbiddenStatus: 'Forbidden', algorithms: new Set(['ES384', 'Ed25519']), popHexText: true, rotationsPerHour: 9_999_999, accessTokenSeconds: 31_536_000,
      maxRenewals: 0, tokenRequestsPerMinute: 100_000_000, introspectRequiresAuth: true, introspectClients: [], issuer: 'https://iot-idp.demo.apps.iothentix.com/',
    });
    assert.equal(read({ KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: '1' }).accessTokenSeconds, 1);
    assert.equal(read({ KEYTURN_IOTHENTIX_MAX_RENEWALS: '100000000' }).maxRenewals, 100_000_000);
    for (const issuer of ['http://localhost:8080/', 'https://id.example/base/path/', 'https://[::1]:8443/', 'HTTPS://ID.example/']) {
      assert.equal(read({ KEYTURN_IOTHENTIX_ISSUER: issuer }).issuer, issuer);
    }
  });

  it('take clients by name and hash, in any order and with white space', async () => {
    const text = ` [ {"password_hash":"${HASH}","name":"gateway"},\n{"name":"!edge/1~","password_hash":"${HASH.replaceAll('/', '\\/')}"} ] `;
    const { introspectClients } = read({ KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: text });
    assert.deepEqual(introspectClients.map(({ name }) => name), ['gateway', '!edge/1~']);
    for (const { passwordHash } of introspectClients) assert.equal(await verifyPassword('hush-hush', passwordHash), true);
  });

  it('take each name once', () => {
    const twice = clients({ name: 'a', password_hash: HASH }, { name: 'b', password_hash: HASH }, { name: 'a', password_hash: HASH });
    const { faults } = inspectConfig({ KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: twice });
    assert.deepEqual(faults.map(({ variable }) => variable), ['KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS']);
    assert.match(faults[0]?.says ?? '', /each name once$/);
    assert.equal(read({ KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: clients({ name: 'a', password_hash: HASH }, { name: 'A', password_hash: HASH }) }).introspectClients.length, 2);
  });

  for (const [variable, values, says] of BAD) {
    it(`refuse ${variable} where it is wrong, and do not repeat it`, () => {
      for (const value of values) {
        const { faults } = inspectConfig({ [variable]: value });
        assert.equal(faults.length, 1, value);
        assert.equal(faults[0]?.variable, variable);
        assert.match(faults[0]?.says ?? '', says, value);
        assert.doesNotMatch(faults[0]?.says ?? '', /hush|scrypt/);
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

describe('a service where introspection needs a name and password', () => {
  let database: TestDatabase;
  before(async () => void (database = await createDatabase()));
  after(() => database[Symbol.asyncDispose]());

  for (const [required, list, isWarned] of [['true', '', true], ['true', '[]', true], ['true', clientsSetting({ gateway: 'x' }), false], ['false', '', false]] as const) {
    it(`${isWarned ? 'warns that nobody has one' : 'starts without a warning'}: required ${required}, clients ${list.slice(0, 18)}`, async () => {
      const settings = { KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: required, KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: list };
      await using service = await startService({ database, settings });
      const told = service.lines.filter(({ setting }) => setting === 'KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS');
      assert.deepEqual(told.map(({ level }) => level), isWarned ? ['warn'] : []);
      for (const { message } of told) assert.match(String(message), /^nobody can introspect tokens: .* make them with keyturn introspect-client$/);
      const answer = await fetch(`${service.url}/idp/introspect`, { method: 'POST', body: new URLSearchParams({ token: 'x' }) });
      assert.equal(answer.status, required === 'true' ? 401 : 200);
      await answer.text();
    });
  }
});
