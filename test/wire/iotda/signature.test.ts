import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'mocha';
import { createAccessKey, operate } from '../../support/iotda.ts';
import type { ApplicationRequest } from '../../support/iotda.ts';
import type { Credentials } from '../../support/signer.ts';
import { withBench } from '../rows.ts';
import { PATIENT, assertLetIn, assertRefused, countStatements, plusHeaders, sendSigned, withHeader } from './kit.ts';
import type { Sent } from './kit.ts';

const BODY = '{"secret_type":"PRIMARY"}';
const RESET: ApplicationRequest = {
  path: '/v5/iot/default/devices/nobody/action',
  query: [['action_id', 'resetSecret']],
  headers: [['Content-Type', 'application/json']],
  body: BODY,
};
const SCOPES = { SDK: undefined, V11: { region: 'eu-1', service: 'iotdm' } };
const MINUTE = 60_000;

interface Row {
  readonly name: string;
  /** What is signed. */
  readonly request?: Partial<ApplicationRequest>;
  /** What is changed after it was signed. */
  readonly edit?: (sent: Sent) => Sent;
  readonly credentials?: (good: Credentials) => Credentials;
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const authorization = (change: (value: string) => string | undefined) => (sent: Sent) => withHeader(sent, 'authorization', change);

const LET_IN: readonly Row[] = [
  { name: 'as it is' },
  { name: 'without a body', request: { body: '', headers: [] } },
  { name: 'a body with blanks', request: { body: ' { "secret_type" : "PRIMARY" } ' } },
  { name: 'more headers than are signed', edit: (sent) => plusHeaders(sent, ['X-Project-Id', 'another'], ['User-Agent', 'x']) },
  { name: 'another project as a signed header', request: { headers: [['X-Project-Id', 'another'], ['Content-Type', 'application/json']] } },
  { name: 'the hash of the body', request: { headers: [['X-Sdk-Content-Sha256', hash(BODY)], ['Content-Type', 'application/json']] } },
  { name: 'the hash of the body, not signed', edit: (sent) => plusHeaders(sent, ['X-Sdk-Content-Sha256', hash(BODY)]) },
  { name: 'a wrong token besides, which does not count', edit: (sent) => plusHeaders(sent, ['X-Auth-Token', 'wrong']) },
  { name: 'an escaped path', request: { path: '/v5/iot/d%65fault/devices/nobody/action' } },
  { name: 'the path encoded otherwise than it was signed', edit: (sent) => ({ ...sent, target: sent.target.replace('default', 'd%65fault') }) },
  { name: 'the raw path encoded once more', request: { path: '/v5/iot/d%2565fault/devices/nobody/action' }, edit: (sent) => ({ ...sent, target: sent.target.replace('%25', '%') }) },
  { name: 'a query encoded otherwise than it was signed', edit: (sent) => ({ ...sent, target: sent.target.replace('_id', '%5fid') }) },
];

const REFUSED: readonly Row[] = [
  { name: 'another body', edit: (sent) => ({ ...sent, body: BODY.replace('PRIMARY', 'SECONDARY') }) },
  { name: 'the same content with a blank', edit: (sent) => ({ ...sent, body: `${BODY} ` }) },
  { name: 'no body', edit: (sent) => ({ ...sent, body: '' }) },
  { name: 'another query', edit: (sent) => ({ ...sent, target: sent.target.replace('resetSecret', 'resetSecrets') }) },
  { name: 'more of a query', edit: (sent) => ({ ...sent, target: `${sent.target}&a=b` }) },
  { name: 'no query', edit: (sent) => ({ ...sent, target: sent.target.replace(/\?.*/, '') }) },
  { name: 'a query with an escape that is none', edit: (sent) => ({ ...sent, target: `${sent.target}&%=%zz` }) },
  { name: 'another path', edit: (sent) => ({ ...sent, target: sent.target.replace('nobody', 'nobody2') }) },
  { name: 'another method', edit: (sent) => ({ ...sent, method: 'GET', target: '/v5/iot/default/devices/nobody' }) },
  { name: 'another signed header', edit: (sent) => withHeader(sent, 'content-type', () => 'application/json; charset=utf-8') },
  { name: 'another date', edit: (sent) => withHeader(sent, 'x-sdk-date', (value) => value.replace(/.Z$/, (end) => (end === '0Z' ? '1Z' : '0Z'))) },
  { name: 'a signed header that is missing', edit: (sent) => withHeader(sent, 'content-type', () => undefined) },
  { name: 'a signed header that was sent twice', request: { headers: [['Content-Type', 'application/json'], ['X-Own', 'a']] }, edit: (sent) => plusHeaders(sent, ['X-Own', 'a']) },
  { name: 'X-Sdk-Date twice', edit: (sent) => plusHeaders(sent, ...sent.headers.filter(([name]) => name === 'X-Sdk-Date')) },
  { name: 'no X-Sdk-Date', edit: (sent) => withHeader(sent, 'x-sdk-date', () => undefined) },
  { name: 'Authorization twice', edit: (sent) => plusHeaders(sent, ...sent.headers.filter(([name]) => name === 'Authorization')) },
  { name: 'X-Sdk-Date that is not signed', edit: authorization((value) => value.replace(';x-sdk-date', '')) },
  { name: 'X-Sdk-Date in another form', request: { headers: [['X-Sdk-Date', new Date().toISOString()]] } },
  { name: 'X-Sdk-Date that is no time', request: { headers: [['X-Sdk-Date', '20260231T000000Z']] } },
  { name: 'the hash of another body', request: { headers: [['X-Sdk-Content-Sha256', hash('x')], ['Content-Type', 'application/json']] } },
  { name: 'the hash of another body, not signed', edit: (sent) => plusHeaders(sent, ['X-Sdk-Content-Sha256', hash('x')]) },
  { name: 'the hash of the body twice', edit: (sent) => plusHeaders(sent, ['X-Sdk-Content-Sha256', hash(BODY)], ['X-Sdk-Content-Sha256', hash(BODY)]) },
  { name: 'UNSIGNED-PAYLOAD', request: { headers: [['X-Sdk-Content-Sha256', 'UNSIGNED-PAYLOAD'], ['Content-Type', 'application/json']] } },
  { name: 'a temporary key', request: { headers: [['X-Security-Token', 'x'], ['Content-Type', 'application/json']] } },
  { name: 'a temporary key, not signed', edit: (sent) => plusHeaders(sent, ['X-Security-Token', '']) },
  { name: 'an access key that nobody has', credentials: (good) => ({ ...good, accessKey: 'A'.repeat(20) }) },
  { name: 'an access key in lower case', credentials: (good) => ({ ...good, accessKey: good.accessKey.toLowerCase() }) },
  { name: 'another secret key', credentials: (good) => ({ ...good, secretKey: good.secretKey.replace(/.$/, (end) => (end === 'a' ? 'b' : 'a')) }) },
  { name: 'upper-case hex', edit: authorization((value) => value.replace(/[0-9a-f]{64}$/, (hex) => hex.toUpperCase())) },
  { name: 'another signature', edit: authorization((value) => value.replace(/.$/, (end) => (end === '0' ? '1' : '0'))) },
  { name: 'an empty signature', edit: authorization((value) => value.replace(/Signature=.*/, 'Signature=')) },
  { name: 'the algorithm alone', edit: authorization((value) => value.split(' ')[0]) },
  { name: 'the other algorithm', edit: authorization((value) => (value.startsWith('SDK') ? value.replace('SDK', 'V11') : value.replace('V11', 'SDK'))) },
  { name: 'another algorithm', edit: authorization((value) => value.replace('SHA256 ', 'SM3 ')) },
  { name: 'a header listed twice', edit: authorization((value) => value.replace('host;', 'host;host;')) },
  { name: 'the list in another order', edit: authorization((value) => value.replace('host;content-type', 'content-type;host')) },
];

describe('request signatures over REST', () => {
  const bench = withBench(PATIENT);
  let good: Credentials;
  before(async () => {
    good = await createAccessKey(bench().service);
  });

  for (const [kind, scope] of Object.entries(SCOPES)) {
    for (const row of LET_IN) {
      it(`${kind}: lets in ${row.name}`, async () => {
        assertLetIn(await sendSigned(bench(), good, { ...RESET, scope, ...row.request }, row.edit));
      });
    }

    for (const row of REFUSED) {
      it(`${kind}: 002 for ${row.name}`, async () => {
        const credentials = row.credentials?.(good) ?? good;
        assertRefused(await sendSigned(bench(), credentials, { ...RESET, scope, ...row.request }, row.edit), '002');
      });
    }

    it(`${kind}: a date may be 15 minutes off on either side, and no second more`, async () => {
      const base = Math.floor(Date.now() / 1000) * 1000;
      for (const side of [-1, 1]) {
        const at = async (off: number) => sendSigned(bench(), good, { ...RESET, scope, date: new Date(base + side * off) });
        // The clock runs on while the request is on its way: what comes later is further off in the past and nearer in the future.
        assertLetIn(await at(15 * MINUTE - (side < 0 ? 5_000 : 0)));
        assertRefused(await at(15 * MINUTE + (side < 0 ? 1_000 : 10_000)), '002');
      }
    });

    it(`${kind}: 002 for another host, and for the host without its port`, async () => {
      const { rest, grpc, service } = bench();
      for (const url of ['http://localhost:1', 'http://127.0.0.1']) {
        assertRefused(await sendSigned({ rest, grpc, service: { url, clock: service.clock } }, good, { ...RESET, scope }), '002');
      }
    });

    it(`${kind}: a removed access key`, async () => {
      const { service } = bench();
      const credentials = await createAccessKey(service);
      assertLetIn(await sendSigned(bench(), credentials, { ...RESET, scope }));
      await operate(service, 'DELETE', `/v1/access-keys/${credentials.accessKey}`);
      assertRefused(await sendSigned(bench(), credentials, { ...RESET, scope }), '002');
    });
  }

  const SCOPED: readonly (readonly [string, ApplicationRequest['scope']])[] = [
    ['another service', { region: 'eu-1', service: 'ecs' }],
    ['the service in capitals', { region: 'eu-1', service: 'IoTDM' }],
    ['another day', { region: 'eu-1', service: 'iotdm', date: '20200101' }],
  ];
  for (const [name, scope] of SCOPED) {
    it(`V11: 002 for ${name}`, async () => assertRefused(await sendSigned(bench(), good, { ...RESET, scope }), '002'));
  }

  it('V11: any service at /v3, but not another day', async () => {
    const projects: ApplicationRequest = { method: 'GET', path: '/v3/projects' };
    const answer = await sendSigned(bench(), good, { ...projects, scope: { region: 'r', service: 'iam' } });
    assert.equal(answer.status, 200, answer.body);
    assertRefused(await sendSigned(bench(), good, { ...projects, scope: { region: 'r', service: 'iam', date: '20200101' } }), 'I401P');
  });

  it('does not let a good signature in for a body that is too large', async () => {
    assertRefused(await sendSigned(bench(), good, { ...RESET, body: ' '.repeat(1_048_577) }), '413');
  });

  it('the access key that is not known is looked up and verified like any other', async () => {
    const first = await countStatements(bench(), /^application_find_access_key$/);
    assertRefused(await sendSigned(bench(), { ...good, accessKey: 'B'.repeat(20) }, RESET), '002');
    assertRefused(await sendSigned(bench(), { ...good, secretKey: 'c' }, RESET), '002');
    assert.equal((await countStatements(bench(), /^application_find_access_key$/)) - first, 2);
  });
});
