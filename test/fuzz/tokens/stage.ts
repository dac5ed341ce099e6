import assert from 'node:assert/strict';
import { hash, randomBytes } from 'node:crypto';
import { passwordText } from '../../../src/crypto/password_text.ts';
import { hashPassword } from '../../../src/crypto/password.ts';
import { createAccessKey, createProject } from '../../support/iotda.ts';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import { Bench, makeUpdate, updated } from '../../wire/harness.ts';
import type { Device } from '../../wire/harness.ts';
import { newPair } from '../../wire/jwt.ts';
import { authenticationJwt, introspect, newToken, renew, tokenIn } from '../../wire/tokens/kit.ts';
import type { TokenAnswer } from '../../wire/tokens/kit.ts';
import { REFRESH } from './calls.ts';
import type { FuzzChecker, FuzzDevice, FuzzKeySet, FuzzToken, TokenMaterial } from './material.ts';

const SCOPES = ['telemetry.write', 'config.read', REFRESH];
const CLIENT = { name: 'resource', password: 'p\u00e4ss:word' };
const MOST = '100000000';

/** A service with devices, keys and tokens of every state, for which requests are broken, and what they are made of. */
export async function setStage(): Promise<{ bench: Bench; material: TokenMaterial }> {
  const clients = [{ name: CLIENT.name, password_hash: passwordText(await hashPassword(CLIENT.password)) }];
  const bench = await Bench.start({
    KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000',
    KEYTURN_OPERATOR_CALLS_PER_MINUTE: MOST,
    KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: MOST,
    KEYTURN_IOTHENTIX_MAX_RENEWALS: MOST,
    KEYTURN_IOTHENTIX_ACCESS_TOKEN_SECONDS: '100000',
    KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: JSON.stringify(clients),
    KEYTURN_LOG_LEVEL: 'info',
  });
  const full = await bench.device({ scopes: SCOPES });
  const plain = await bench.device({ scopes: ['telemetry.write'] });
  const none = await bench.device();
  const first = await bench.device({ scopes: [REFRESH] });
  const turn = makeUpdate(first);
  assert.equal((await bench.sendUpdate('rest', turn)).status, 200);
  const rotated = updated(turn);
  const frozen = await bench.device({ scopes: SCOPES });
  const removed = await bench.device({ scopes: SCOPES });
  const guarded = await bench.device({ scopes: SCOPES });
  const frozenToken = await tokenOf(bench, frozen);
  await newToken(bench, 'rest', guarded);
  const live = [await tokenOf(bench, full), await tokenOf(bench, plain), await tokenOf(bench, none), await tokenOf(bench, full, REFRESH), await renewed(bench, full), await tokenOf(bench, rotated)];
  const exhausted = await tokenOf(bench, full);
  await bench.sql.query('update device_token_chain set renewals = $2 from device_token t where t.chain_id = device_token_chain.chain_id and token_sha256 = $1', [digest(exhausted.text), MOST]);
  const expired = await tokenOf(bench, full);
  await bench.sql.query("update device_token set expires_at = now() - interval '1 second' where token_sha256 = $1", [digest(expired.text)]);
  const spent = await Promise.all([full, plain].map((device) => spend(bench, device)));
  await bench.operator('POST', `/v1/devices/${frozen.id}:freeze`);
  await bench.operator('DELETE', `/v1/devices/${removed.id}`);
  const unknown = await tokenOf(bench, full);
  await bench.sql.query('delete from device_token where token_sha256 = $1', [digest(unknown.text)]);
  await bench.sql.query('delete from device_token_chain c where not exists (select from device_token t where t.chain_id = c.chain_id) and device_id = $1', [full.id]);
  const states = [...live, { ...exhausted, isExhausted: true }, ...[expired, frozenToken, unknown].map(ended), await secretToken(bench, none)];
  return {
    bench,
    material: {
      devices: [fuzzDeviceOf(full, SCOPES), fuzzDeviceOf(plain, ['telemetry.write']), fuzzDeviceOf(none, []), fuzzDeviceOf(rotated, [REFRESH]), fuzzDeviceOf(frozen, SCOPES, true)],
      dead: [keyOf(first), keyOf(removed), { id: 'nobody', pkcs8: pkcs8Of({ pair: newPair() }) }],
      guarded: [guarded.id],
      tokens: await Promise.all(states.map((token) => withAnswer(bench, token))),
      spent,
      clients: { right: [basic(CLIENT.name, CLIENT.password), basic(CLIENT.name, CLIENT.password).replace('Basic', 'bAsIc')], wrong: [basic(CLIENT.name, 'x'), basic('nobody', CLIENT.password), basic(CLIENT.name, ''), basic(CLIENT.name, `${CLIENT.password}\u0000`)] },
      checkers: await checkersOf(bench),
      keySets: await Promise.all([full, plain, rotated, frozen].map((device) => keySetOf(bench, device))),
    },
  };
}

type Unanswered = Omit<FuzzToken, 'introspected'>;

async function tokenOf(bench: Bench, device: Device, scope?: string): Promise<Unanswered> {
  return stateOf(await newToken(bench, 'rest', device, scope), device);
}

function ended(token: Unanswered): Unanswered {
  return { ...token, counts: false };
}

async function renewed(bench: Bench, device: Device): Promise<Unanswered> {
  const { access_token: earlier } = await newToken(bench, 'rest', device);
  const token = tokenIn(await renew(bench, 'rest', { authorization: earlier, clientId: device.id, scope: 'config.read' }));
  return { ...stateOf(token, device), firstScopes: SCOPES };
}

function stateOf({ access_token: text, scope }: TokenAnswer, { id }: Device): Unanswered {
  const scopes = scope === '' ? [] : scope.split(' ');
  return { text, deviceId: id, scopes, firstScopes: scopes, counts: true, isExhausted: false, isOfSecret: false };
}

/** One that POST /v5/device-auth would have issued: without a chain. */
async function secretToken(bench: Bench, { id }: Device): Promise<Unanswered> {
  const text = randomBytes(32).toString('base64url');
  await bench.sql.query("insert into device_token (token_sha256, device_id, issued_at, expires_at) values ($1, $2, now(), now() + interval '1 day')", [digest(text), id]);
  return { text, deviceId: id, scopes: [], firstScopes: [], counts: true, isExhausted: false, isOfSecret: true };
}

async function withAnswer(bench: Bench, token: Unanswered): Promise<FuzzToken> {
  const { body } = await introspect(bench, 'rest', token.text);
  assert.ok(body.startsWith(token.counts ? `{"active":true,"sub":"${token.deviceId}","scope":"${token.scopes.join(' ')}",` : '{"active":false}'), body);
  return { ...token, introspected: body };
}

async function spend(bench: Bench, device: Device): Promise<{ deviceId: string; jwt: string; jti: string }> {
  const jti = randomBytes(16).toString('hex');
  const jwt = authenticationJwt(device, { jti });
  const answer = await bench.rest.send({ target: '/as/token', headers: [['Authorization', jwt], ['Content-Type', 'application/json']], body: JSON.stringify({ client_id: device.id }) });
  assert.equal(answer.status, 200, answer.body);
  return { deviceId: device.id, jwt, jti };
}

async function checkersOf({ service }: Bench): Promise<FuzzChecker[]> {
  const [all, few, other] = [await createAccessKey(service), await createAccessKey(service, 'default', ['iotda:devices:query']), await createAccessKey(service, await createProject(service))];
  return [
    { authorization: `Bearer ${OPERATOR_TOKEN}`, may: 'all' },
    { authorization: basic(all.accessKey, all.secretKey), may: 'all' },
    { authorization: basic(few.accessKey, few.secretKey), may: 'nothing' },
    { authorization: basic(other.accessKey, other.secretKey), may: 'other project' },
    { authorization: basic(all.accessKey, few.secretKey), may: 'unknown' },
    { authorization: basic('NOBODYNOBODYNOBODY00', all.secretKey), may: 'unknown' },
    { authorization: 'Bearer wrong', may: 'unknown' },
    { authorization: `Bearer ${'Bearer '.repeat(400).trim()}`, may: 'unknown' },
    { authorization: `Basic ${'A'.repeat(2_000)}`, may: 'unknown' },
    { authorization: '', may: 'unknown' },
  ];
}

async function keySetOf(bench: Bench, { id }: Device): Promise<FuzzKeySet> {
  const [current, all] = await Promise.all(['', '?include_retired=true'].map((query) => bench.operator('GET', `/v1/devices/${id}/jwks.json${query}`)));
  assert.ok(current?.status === 200 && all?.status === 200);
  return { deviceId: id, current: current.body, all: all.body };
}

function fuzzDeviceOf(device: Device, scopes: readonly string[], frozen = false): FuzzDevice {
  return { ...keyOf(device), scopes, frozen };
}

function keyOf(device: Device): { id: string; pkcs8: string } {
  return { id: device.id, pkcs8: pkcs8Of(device) };
}

function pkcs8Of({ pair }: Pick<Device, 'pair'>): string {
  return pair.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function digest(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
