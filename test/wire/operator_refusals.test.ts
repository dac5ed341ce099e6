import assert from 'node:assert/strict';
import { ecPair, rsaPair, spkiOf } from '../crypto/keys.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { WIRES } from './answer.ts';
import { newPair, oneLine } from './jwt.ts';
import { EVERY_CALL, assertRefused, createDevice, createProject, getDevice, freezeDevice, listAuditEvents, listDeviceKeys, listDevices, listProjects, operate } from './operator.ts';
import type { OperatorCall, OperatorReason } from './operator.ts';
import { withBench } from './rows.ts';

const pair = newPair();
const jwk = pair.publicKey.export({ format: 'jwk' });
const long = 'x'.repeat(200);

const LISTS = [listDevices, listProjects, listAuditEvents];
const token = (text: string): string => Buffer.from(text).toString('base64url');
const BAD_TOKENS: readonly string[] = ['x', '!', 'AAAA', 'W10', token('["a","b","c"]'), token('{}'), token('[1]'), 'a\0'];

/** A value that does not fit, and the fields that the refusal must name. */
const FIELDS: readonly (readonly [call: OperatorCall, ...fields: string[]])[] = [
  [createDevice({}), 'device_id'],
  ...['', 'a:b', 'a/b', 'a b', '\u00e4', 'a%', 'a@b', long, 'a\0', 'a\n'].map((id) => [createDevice({ device_id: id }), 'device_id'] as const),
  ...['x', oneLine(spkiOf(ecPair('secp256k1'))), oneLine(spkiOf(rsaPair(2048))), JSON.stringify(newPair().privateKey.export({ format: 'jwk' })), '{}', 'x'.repeat(8193)].map(
    (key) => [createDevice({ device_id: 'x', public_key: key }), 'public_key'] as const,
  ),
  [createDevice({ device_id: 'x', public_key: JSON.stringify({ ...jwk, x: 'AAAA' }) }), 'public_key'],
  [createDevice({ device_id: 'x', public_key: JSON.stringify({ ...jwk, use: 'enc' }) }), 'public_key'],
  [createDevice({ device_id: 'x', secret: 's' }), 'secret'],
  [createDevice({ device_id: 'x', node_id: 'n'.repeat(257) }), 'node_id'],
  [createDevice({ device_id: 'x', node_id: 'a\0' }), 'node_id'],
  [createDevice({ device_id: 'x', project_id: 'a\0' }), 'project_id'],
  [createDevice({ device_id: 'x', product_id: 'a b' }), 'product_id'],
  [createDevice({ device_id: 'x', product_id: 'p'.repeat(257) }), 'product_id'],
  [createDevice({ device_id: 'x', scopes: ['a b'] }), 'scopes[0]'],
  [createDevice({ device_id: 'x', scopes: ['a"'] }), 'scopes[0]'],
  [createDevice({ device_id: 'x', scopes: ['a', 's'.repeat(129)] }), 'scopes[1]'],
  [createDevice({ device_id: 'x', scopes: ['a\0'] }), 'scopes[0]'],
  [createDevice({ device_id: 'x', scopes: Array.from({ length: 65 }, (_, index) => `s${index}`) }), 'scopes'],
  [createDevice({ device_id: 'a:b', product_id: ' ' }), 'device_id', 'product_id'],
  [createProject({}), 'name'],
  [createProject({ name: '' }), 'name'],
  [createProject({ name: 'n'.repeat(129) }), 'name'],
  [createProject({ name: 'a\0' }), 'name'],
  ...['a.b', 'a b', 'p'.repeat(65)].map((id) => [createProject({ project_id: id, name: 'x' }), 'project_id'] as const),
  ...LISTS.map((list) => [list({ page_size: -1 }), 'page_size'] as const),
  ...LISTS.flatMap((list) => BAD_TOKENS.map((bad) => [list({ page_token: bad }), 'page_token'] as const)),
  [listDeviceKeys({ device_id: 'x', page_token: token('["abc"]') }), 'page_token'],
  [listDeviceKeys({ device_id: 'x', page_token: token('["99999999999999999999"]') }), 'page_token'],
  [listAuditEvents({ page_token: token('["1","x"]') }), 'page_token'],
  [listDevices({ project_id: 'a\0' }), 'project_id'],
  [listAuditEvents({ device_id: 'a\0' }), 'device_id'],
];

/** Bodies of POST /v1/devices that are refused over REST. */
const BODIES: readonly (readonly [body: string, ...fields: string[]])[] = [
  ['{"device_id":"x","foo":1}', 'foo'],
  ['{"device_id":"x","foo":null}', 'foo'],
  ['{"device_id":"x","state":"ACTIVE"}', 'state'],
  ['{"device_id":"x","deviceId":"x"}', 'device_id'],
  ['{"device_id":1}', 'device_id'],
  ['{"device_id":"x","scopes":"a"}', 'scopes'],
  ['{"device_id":"x","scopes":[1]}', 'scopes[0]'],
  ['{"device_id":"x","scopes":[null]}', 'scopes[0]'],
  ['{"device_id":"x","updates_allowed":"true"}', 'updates_allowed'],
  ['{"device_id":"x","updates_allowed":1}', 'updates_allowed'],
  ['{"device_id":"x","public_key":{"kty":"EC"}}', 'public_key'],
  ['{"device_id":"x","__proto__":1}', '__proto__'],
  ['{"device_id":"a","device_id":"a"}', ''],
  ['{"device_id":"x"}x', ''],
  ['{"device_id":"x"', ''],
  ['', ''],
  ['[]', ''],
  ['null', ''],
  ['"x"', ''],
];

/** Targets that are refused, with the key at fault. */
const QUERIES: readonly (readonly [method: string, target: string, reason: OperatorReason, ...fields: string[]])[] = [
  ['GET', '/v1/devices?foo=1', 'INVALID_ARGUMENT', 'foo'],
  ['GET', '/v1/devices?page_size=1&page_size=1', 'INVALID_ARGUMENT', 'page_size'],
  ['GET', '/v1/devices?page_size=1&pageSize=1', 'INVALID_ARGUMENT', 'page_size'],
  ['GET', '/v1/devices?page_size=x', 'INVALID_ARGUMENT', 'page_size'],
  ['GET', '/v1/devices?page_size=', 'INVALID_ARGUMENT', 'page_size'],
  ['GET', '/v1/devices?page_size=1.5', 'INVALID_ARGUMENT', 'page_size'],
  ['GET', '/v1/devices?page_size=99999999999', 'INVALID_ARGUMENT', 'page_size'],
  ['GET', '/v1/devices?%zz', 'INVALID_ARGUMENT'],
  ['GET', '/v1/devices?page_token=%ff', 'INVALID_ARGUMENT'],
  ['GET', '/v1/devices?project_id=%00', 'INVALID_ARGUMENT'],
  ['GET', '/v1/devices/x?device_id=y', 'INVALID_ARGUMENT', 'device_id'],
  ['GET', '/v1/devices/x?deviceId=x', 'INVALID_ARGUMENT', 'device_id'],
  ['GET', '/v1/devices/x/keys?device_id=x', 'INVALID_ARGUMENT', 'device_id'],
  ['DELETE', '/v1/devices/x?force=true', 'INVALID_ARGUMENT', 'force'],
  ['POST', '/v1/devices?device_id=x', 'INVALID_ARGUMENT', 'device_id'],
  ['POST', '/v1/devices?foo', 'INVALID_ARGUMENT', 'foo'],
  ['POST', '/v1/devices/x:freeze?device_id=y', 'INVALID_ARGUMENT', 'device_id'],
  ['POST', '/v1/devices/x:thaw', 'METHOD_NOT_ALLOWED'],
  ['GET', '/v1/devices/', 'ROUTE_NOT_FOUND'],
  ['GET', '/v1/devices/a/b', 'ROUTE_NOT_FOUND'],
  ['GET', '/v1', 'ROUTE_NOT_FOUND'],
  ['GET', '/V1/devices', 'ROUTE_NOT_FOUND'],
  ['GET', '/v1/devices/a%3Ab', 'DEVICE_NOT_FOUND'],
  ['GET', '/v1/devices/a%2Fb', 'DEVICE_NOT_FOUND'],
  ['GET', '/v1/devices/a%20b', 'DEVICE_NOT_FOUND'],
  ['GET', '/v1/devices/%C3%A4', 'DEVICE_NOT_FOUND'],
  ['GET', '/v1/devices/a:b', 'DEVICE_NOT_FOUND'],
  ['GET', '/v1/devices/x%3Afreeze', 'DEVICE_NOT_FOUND'],
  ['POST', '/v1/devices/a%3Ab:freeze', 'DEVICE_NOT_FOUND'],
  ['GET', `/v1/devices/${'x'.repeat(1000)}`, 'DEVICE_NOT_FOUND'],
];

const WRONG_TOKENS: readonly (string | null)[] = [
  null, '', 'x', 'Bearer', `Bearer ${OPERATOR_TOKEN}x`, `Bearer ${OPERATOR_TOKEN.slice(1)}`, OPERATOR_TOKEN, `Bearer  ${OPERATOR_TOKEN}`, `Basic ${OPERATOR_TOKEN}`, `Bearer ${OPERATOR_TOKEN.toUpperCase()}`, `Bearer ${OPERATOR_TOKEN},x`,
];

describe('the operator API: what it refuses', () => {
  const bench = withBench({ KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' });
  let stored: unknown;
  const tables = async () => (await bench().sql.query('select (select count(*) from device) d, (select count(*) from project) p, (select count(*) from audit_event) a')).rows;
  before(async () => (stored = await tables()));

  for (const wire of WIRES) {
    for (const call of EVERY_CALL) {
      it(`401 ${wire}: ${call.method} without the token or with a wrong one`, async () => {
        for (const wrong of WRONG_TOKENS) assertRefused(await operate(bench(), wire, call, wrong), 'UNAUTHENTICATED');
      });
    }

    for (const [call, ...fields] of FIELDS) {
      const text = JSON.stringify(call.request);
      // Over REST NUL in a query is a malformed query, which names no field.
      const named = wire === 'rest' && call.http.startsWith('GET') && text.includes('u0000') ? [] : fields;
      it(`400 ${wire}: ${call.method} ${text.slice(0, 80)} names ${fields.join(', ')}`, async () => assertRefused(await operate(bench(), wire, call), 'INVALID_ARGUMENT', named));
    }

    it(`404 ${wire}: ids that no device can have`, async () => {
      for (const id of ['a:b', 'a/b', '\u00e4', 'x'.repeat(500), '..', '.', 'nobody']) {
        for (const call of [getDevice, freezeDevice, listDeviceKeys]) assertRefused(await operate(bench(), wire, call({ device_id: id })), 'DEVICE_NOT_FOUND');
      }
    });
  }

  it('401 comes before 400, 404 and 415, also with two tokens', async () => {
    const right = ['Authorization', `Bearer ${OPERATOR_TOKEN}`] as const;
    for (const headers of [[], [right, right], [right, ['authorization', 'x'] as const]]) {
      assertRefused(await bench().rest.send({ target: '/v1/devices?x=%zz', headers, body: '{' }), 'UNAUTHENTICATED');
      assertRefused(await bench().rest.send({ method: 'GET', target: '/v1/devices/nobody', headers }), 'UNAUTHENTICATED');
    }
  });

  for (const [body, ...fields] of BODIES) {
    it(`400 rest: POST /v1/devices ${body} names ${JSON.stringify(fields)}`, async () => assertRefused(await bench().operator('POST', '/v1/devices', body), 'INVALID_ARGUMENT', fields));
  }

  for (const [method, target, reason, ...fields] of QUERIES) {
    it(`${reason} rest: ${method} ${target.slice(0, 60)}`, async () =>
      assertRefused(await bench().operator(method, target, method === 'POST' ? '{}' : undefined), reason, fields));
  }

  it('400 rest: a body that names another device than the path', async () => {
    assertRefused(await bench().operator('POST', '/v1/devices/x:freeze', '{"device_id":"y"}'), 'INVALID_ARGUMENT', ['device_id']);
  });

  it('400 grpc: bytes that are no message', async () => {
    const { OperatorServiceService: service } = await import('../../gen/keyturn/v1/operator_service.ts');
    assertRefused(await bench().grpc.call(service.getDevice, Buffer.from([0x0a]), [['authorization', `Bearer ${OPERATOR_TOKEN}`]]), 'INVALID_ARGUMENT');
  });

  it('none of these refusals has left anything', async () => assert.deepEqual(await tables(), stored));
});
