import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { inspectConfig, readConfig } from '../../src/config/index.ts';
import type { AuthentiqSettings } from '../../src/settings.ts';
import { createDatabase } from '../support/postgres.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { RestClient, parseAnswer } from '../wire/rest.ts';

/** The key of contracts/authentiq.md section 11, in each form that is taken. */
const KEY = 'dR1cZzYf-uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U';
const PEM = `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAdR1cZzYf+uC6r5L1VOmnKj22AvDCTQR2FYJ6qpGip6U=\n-----END PUBLIC KEY-----\n`;
const JWK = JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: KEY });
const P256 = JSON.stringify({ kty: 'EC', crv: 'P-256', x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU', y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0' });
const SMALL_ORDER = 'AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

const read = (settings: Readonly<Record<string, string>>): AuthentiqSettings => readConfig(settings).authentiq;
const issuers = (...list: readonly object[]): string => JSON.stringify(list);
const LIST = /^expects a JSON list of \{"issuer","public_key"\}, each public_key an Ed25519 key as PEM, JWK or 43 characters of base64url$/;

/** Values that are refused, and what each should have been. */
const BAD: readonly (readonly [variable: string, values: readonly string[], says: RegExp])[] = [
  ['KEYTURN_AUTHENTIQ_SCOPE_PUT_RESPONSE', ['JSON', 'json,jwt', 'Strict', ' '], /^expects one of json, jwt, strict$/],
  ['KEYTURN_AUTHENTIQ_ERROR_TYPE_PREFIX', ['x', '/errors/', 'https://a.example/ ', 'https://ä.example/', `https://a.example/${'x'.repeat(512)}`], /^expects an absolute URI of at most 512 visible ASCII characters$/],
  ['KEYTURN_AUTHENTIQ_IAT_GUARD', ['on', 'if_present', 'Required'], /^expects one of off, if-present, required$/],
  ['KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS', [
    'x', '{}', '"x"', 'null', '[null]', '[[]]', '["https://a.example"]', '[{}]', issuers({ issuer: 'https://a.example' }), issuers({ public_key: KEY }), issuers({ issuer: '', public_key: KEY }),
    issuers({ issuer: 7, public_key: KEY }), issuers({ issuer: 'x'.repeat(513), public_key: KEY }), issuers({ issuer: 'a', public_key: KEY, kid: 'x' }), issuers({ issuer: 'a', public_key: `${KEY}=` }),
    issuers({ issuer: 'a', public_key: KEY.replace(/U$/, 'V') }), issuers({ issuer: 'a', public_key: P256 }), issuers({ issuer: 'a', public_key: SMALL_ORDER }), issuers({ issuer: 'a', public_key: 'hush' }),
    issuers({ issuer: 'a', public_key: { kty: 'OKP', crv: 'Ed25519', x: KEY } }), issuers({ issuer: 'a', public_key: KEY }, { issuer: 'b' }), `[{"issuer":"a","issuer":"b","public_key":"${KEY}"}]`, `${issuers({ issuer: 'a', public_key: KEY })}x`,
  ], LIST],
  ['KEYTURN_AUTHENTIQ_JOBS_PER_MINUTE', ['0', '100000001', 'off', '1.5'], /^expects a whole number from 1 to 100000000$/],
  ['KEYTURN_AUTHENTIQ_JOBS_PER_PREFIX_PER_MINUTE', ['0', '-1', '1e3'], /^expects a whole number from 1 to 100000000$/],
  ['KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE', ['0', '+1'], /^expects a whole number from 1 to 100000000$/],
  ['KEYTURN_AUTHENTIQ_TEST_ISSUER', ['yes', 'true', 'ON', '1'], /^expects one of on, off$/],
  ['KEYTURN_AUTHENTIQ_ISSUER', ['keyturn', 'https://', 'https://a example/', `https://a.example/${'x'.repeat(512)}`], /^expects an absolute URI/],
  ['KEYTURN_AUTHENTIQ_ISSUER_JWT_SECONDS', ['0', '59', '315360001', '1h'], /^expects a whole number of seconds from 60 to 315360000$/],
];

describe('the settings of the Authentiq API', () => {
  it('have the defaults of the contract, unset and empty', () => {
    const defaults: AuthentiqSettings = {
      scopePutResponse: 'json', errorTypePrefix: '', iatGuard: 'if-present', trustedIssuers: [], jobsPerMinute: 600, jobsPerPrefixPerMinute: 60,
      jobsPerPeerPerMinute: 60, testIssuer: false, issuer: undefined, issuerJwtSeconds: 31_536_000,
    };
    assert.deepEqual(read({}), defaults);
    assert.deepEqual(read(Object.fromEntries(BAD.map(([variable]) => [variable, '']))), defaults);
  });

  it('take each other value', () => {
    assert.deepEqual(
      read({
        KEYTURN_AUTHENTIQ_SCOPE_PUT_RESPONSE: 'strict', KEYTURN_AUTHENTIQ_ERROR_TYPE_PREFIX: 'https://errors.example/#', KEYTURN_AUTHENTIQ_IAT_GUARD: 'required',
        KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: issuers({ issuer: 'https://a.example', public_key: KEY }), KEYTURN_AUTHENTIQ_JOBS_PER_MINUTE: '1',
        KEYTURN_AUTHENTIQ_JOBS_PER_PREFIX_PER_MINUTE: '2', KEYTURN_AUTHENTIQ_JOBS_PER_PEER_PER_MINUTE: '100000000', KEYTURN_AUTHENTIQ_TEST_ISSUER: 'on',
        KEYTURN_AUTHENTIQ_ISSUER: 'https://id.example/base', KEYTURN_AUTHENTIQ_ISSUER_JWT_SECONDS: '315360000',
      }),
      {
        scopePutResponse: 'strict', errorTypePrefix: 'https://errors.example/#', iatGuard: 'required', trustedIssuers: [{ issuer: 'https://a.example', publicKey: KEY }], jobsPerMinute: 1,
        jobsPerPrefixPerMinute: 2, jobsPerPeerPerMinute: 100_000_000, testIssuer: true, issuer: 'https://id.example/base', issuerJwtSeconds: 315_360_000,
      },
    );
    assert.equal(read({ KEYTURN_AUTHENTIQ_SCOPE_PUT_RESPONSE: 'jwt' }).scopePutResponse, 'jwt');
    assert.equal(read({ KEYTURN_AUTHENTIQ_IAT_GUARD: 'off' }).iatGuard, 'off');
    assert.equal(read({ KEYTURN_AUTHENTIQ_ERROR_TYPE_PREFIX: 'urn:example:' }).errorTypePrefix, 'urn:example:');
  });

  it('take the key of an issuer in each form, and several keys of one issuer', () => {
    const list = [PEM, PEM.replaceAll('\n', ''), JWK, KEY].map((public_key) => ({ issuer: 'https://a.example', public_key }));
    const { trustedIssuers } = read({ KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS: issuers(...list) });
    assert.deepEqual(trustedIssuers, list.map(({ issuer }) => ({ issuer, publicKey: KEY })));
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

  it('trust nobody of the own name, from wherever that comes', () => {
    const own = 'https://id.example';
    const KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS = issuers({ issuer: 'https://a.example', public_key: KEY }, { issuer: own, public_key: KEY });
    for (const settings of [{ KEYTURN_AUTHENTIQ_ISSUER: own }, { KEYTURN_PUBLIC_URL: `${own}/` }, { KEYTURN_PUBLIC_URL: 'https://b.example', KEYTURN_AUTHENTIQ_ISSUER: own }]) {
      const { faults } = inspectConfig({ KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS, ...settings });
      assert.deepEqual(faults, [{ variable: 'KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS', says: 'names the issuer that Keyturn is itself, for which nobody else signs' }]);
    }
    assert.equal(read({ KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS, KEYTURN_PUBLIC_URL: own, KEYTURN_AUTHENTIQ_ISSUER: 'https://b.example' }).trustedIssuers.length, 2);
    assert.equal(read({ KEYTURN_AUTHENTIQ_TRUSTED_ISSUERS }).trustedIssuers.length, 2);
  });

  it('tell of all faults at once', () => {
    const wrong = Object.fromEntries(BAD.map(([variable, [value = '']]) => [variable, value]));
    assert.throws(() => readConfig(wrong), (error: Error) => {
      assert.deepEqual(error.message.split('\n').map((line) => line.split(' ', 1)[0]), BAD.map(([variable]) => variable));
      return true;
    });
  });
});

describe('a service with settings of the Authentiq API', () => {
  let database: TestDatabase;
  before(async () => void (database = await createDatabase()));
  after(() => database[Symbol.asyncDispose]());

  for (const form of ['json', 'jwt', 'strict'] as const) {
    it(`logs the form of PUT /scope at its start: ${form}`, async () => {
      await using service = await startService({ database, settings: form === 'json' ? {} : { KEYTURN_AUTHENTIQ_SCOPE_PUT_RESPONSE: form } });
      const told = service.lines.filter((line) => 'scope_put_response' in line);
      assert.deepEqual(told.map(({ level, message, scope_put_response: value }) => [level, message, value]), [['info', 'the form in which PUT /scope answers', form]]);
    });

    it(`gives the errors of PUT /scope their type, and no others: ${form}`, async () => {
      await using service = await startService({ database, settings: { KEYTURN_AUTHENTIQ_SCOPE_PUT_RESPONSE: form } });
      const typeOf = async (method: string, path: string, headers: Readonly<Record<string, string>>, body?: string): Promise<(number | string | null)[]> => {
        const answer = await fetch(`${service.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
        await answer.text();
        return [answer.status, answer.headers.get('content-type')];
      };
      const own = form === 'strict' ? 'application/jwt' : 'application/json';
      assert.deepEqual(await typeOf('PUT', '/scope/x', { 'content-type': 'application/json' }, '{}'), [415, own]);
      assert.deepEqual(await typeOf('PUT', '/scope/x', { 'content-type': 'application/jwt', accept: 'application/json' }, 'x'.repeat(16_385)), [400, own]);
      // Of a body that does not come in time, too.
      using client = new RestClient(service.url);
      const late = parseAnswer(await client.raw('PUT /scope/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\ngrpc-timeout: 30m\r\n\r\n'));
      assert.deepEqual([late.status, late.headers.get('content-type')], [500, [own]]);
      assert.deepEqual(await typeOf('PUT', `/key/${KEY}`, { 'content-type': 'application/jwt' }, 'x'), [400, 'application/json']);
      assert.deepEqual(await typeOf('PATCH', '/scope/x', {}), [405, 'application/json']);
      assert.deepEqual(await typeOf('PUT', '/scope/x/y', {}), [404, 'application/json']);
    });
  }

  it('puts error_type_prefix before the word, whoever refuses', async () => {
    await using service = await startService({ database, settings: { KEYTURN_AUTHENTIQ_ERROR_TYPE_PREFIX: 'https://errors.example/' } });
    for (const [method, path, status, word] of [['GET', `/key/${KEY}`, 404, 'unknown-key'], ['GET', '/key/x/y', 404, 'not-found'], ['PATCH', '/key', 405, 'not-supported'], ['POST', '/key', 415, 'unsupported-media-type']] as const) {
      const answer = await fetch(service.url + path, { method });
      const { type } = (await answer.json()) as { type: string };
      assert.deepEqual([answer.status, type], [status, `https://errors.example/${word}`]);
    }
  });
});
