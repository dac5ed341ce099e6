import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'mocha';
import { startProxy } from '../db/fixtures/postgres_proxy.ts';
import type { Cut, PostgresProxy } from '../db/fixtures/postgres_proxy.ts';
import { lockDevice, rowsOf, waitingBackends } from '../db/fixtures/rotations.ts';
import { BothClients } from '../services/folder_service.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer, Wire } from '../wire/answer.ts';
import type { Device } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, operate } from '../wire/operator.ts';
import { authenticationJwt, introspect, issue, newToken, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';

/** How many ask at once, and how each connection of a round is lost. */
const CALLERS = 32;
const CUTS: readonly (readonly Cut[])[] = [['request', 'reply', 'running', 'reply'], ['reply', 'reply', 'reply'], ['running', 'running', 'request']];

const STORED = `select (select count(*)::int from used_jti where device_id = $1) as jtis, (select count(*)::int from device_token where device_id = $1) as tokens,
  (select coalesce(sum(renewals), 0)::int from device_token_chain where device_id = $1) as renewals,
  (select count(*)::int from audit_event where device_id = $1 and action <> 'device.created') as audits`;

interface Stored {
  readonly jtis: number;
  readonly tokens: number;
  readonly renewals: number;
  readonly audits: number;
}

const failed = ({ wire, status }: Answer): boolean => status === (wire === 'rest' ? 500 : 13);
const isDone = ({ wire, status }: Answer): boolean => status === (wire === 'rest' ? 200 : 0);
const isActive = (answer: Answer): boolean => isDone(answer) && (JSON.parse(answer.body) as { active: boolean }).active;

describe('tokens and checks whose connection to the database is cut', function () {
  this.timeout(60_000);
  let url: string;
  let proxy: PostgresProxy;
  let clients: BothClients;
  let started: AsyncDisposableStack;
  before(async () => {
    started = new AsyncDisposableStack();
    const database = started.use(await createDatabase());
    ({ url } = database);
    proxy = started.use(await startProxy(url));
    const settings = {
      KEYTURN_DATABASE_URL: proxy.url, KEYTURN_PEER_FAILURES_PER_MINUTE: '100000', KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '100000', KEYTURN_IOTHENTIX_MAX_RENEWALS: '1000',
    };
    clients = started.use(new BothClients(started.use(await startService({ settings, database }))));
  });
  after(() => started.disposeAsync());
  beforeEach(() => proxy.restore());

  let serial = 0;
  const register = async (): Promise<Device> => {
    serial += 1;
    const device = { id: `cut-${serial}`, pair: newPair(), kind: 'P-256' } as const;
    assertDone(await operate(clients, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair), scopes: ['refresh.token'] })));
    return device;
  };
  const storedOf = async ({ id }: Device): Promise<Stored> => (await rowsOf<Stored & Record<string, number>>(url, STORED, [id]))[0] ?? assert.fail();

  /** Makes a call twice: the statement does not reach the server, and is refused; its answer is lost, and is settled by what is stored. */
  const cut = async (statement: string, device: Device, work: () => Promise<Answer>): Promise<Answer> => {
    const untouched = await storedOf(device);
    proxy.cutNext(statement, 'request');
    assert.ok(failed(await work()));
    assert.deepEqual(await storedOf(device), untouched);
    proxy.cutNext(statement, 'reply');
    return work();
  };
  const crowd = async (statement: string, cuts: readonly Cut[], work: (wire: Wire) => Promise<Answer>): Promise<Answer[]> => {
    for (const how of cuts) proxy.cutNext(statement, how);
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, index) => work(WIRES[index % WIRES.length] ?? 'rest')));
    // A cut that has found nobody finds the next call; it must not find that of another test.
    for (let n = 0; n < cuts.length; n += 1) await work('grpc').catch(() => undefined);
    return answers;
  };

  for (const wire of WIRES) {
    it(`${wire}: are settled by what is stored, and the same again does what it would have done`, async () => {
      const device = await register();
      const [authorization, checked] = [authenticationJwt(device), authenticationJwt(device)];
      const { access_token: token } = tokenIn(await cut('device_token_issue', device, () => issue(clients, wire, { authorization, clientId: device.id })));
      const renewed = tokenIn(await cut('device_token_renew', device, () => renew(clients, wire, { authorization: token, clientId: device.id })));
      assert.ok(isActive(await cut('device_jwt_spend', device, () => verifyJwt(clients, checked))));
      assert.ok(!isActive(await verifyJwt(clients, checked)));
      for (const text of [token, renewed.access_token]) assert.ok(isActive(await introspect(clients, wire, text)));
      assert.deepEqual(await storedOf(device), { jtis: 2, tokens: 2, renewals: 1, audits: 3 });
    });
  }

  for (const cuts of CUTS) {
    it(`${CALLERS} with one JWT: one at most gets its token (${cuts.join(', ')})`, async () => {
      const device = await register();
      const authorization = authenticationJwt(device);
      const answers = await crowd('device_token_issue', cuts, (wire) => issue(clients, wire, { authorization, clientId: device.id }));
      const tokens = answers.filter(isDone);
      assert.ok(tokens.length <= 1);
      for (const answer of answers) assert.ok(isDone(answer) || failed(answer) || [401, 16].includes(answer.status), `${answer.status} ${answer.body}`);
      for (const answer of tokens) assert.ok(isActive(await introspect(clients, 'rest', tokenIn(answer).access_token)));
      assert.deepEqual(await storedOf(device), { jtis: 1, tokens: 1, renewals: 0, audits: 1 });
    });

    it(`${CALLERS} checks of one JWT: it counts once at most (${cuts.join(', ')})`, async () => {
      const device = await register();
      const jwt = authenticationJwt(device);
      const answers = await crowd('device_jwt_spend', cuts, () => verifyJwt(clients, jwt));
      assert.ok(answers.filter(isActive).length <= 1);
      assert.ok(answers.every((answer) => isDone(answer) || failed(answer)));
      assert.ok(answers.some((answer) => isActive(answer) || failed(answer)));
      assert.deepEqual(await storedOf(device), { jtis: 1, tokens: 0, renewals: 0, audits: 1 });
    });

    it(`${CALLERS} renewals: each that was answered is there, and the count is exact (${cuts.join(', ')})`, async () => {
      const device = await register();
      const { access_token: token } = await newToken(clients, 'rest', device);
      const answers = await crowd('device_token_renew', cuts, (wire) => renew(clients, wire, { authorization: token, clientId: device.id }));
      assert.ok(answers.every((answer) => isDone(answer) || failed(answer)));
      for (const answer of answers.filter(isDone)) assert.ok(isActive(await introspect(clients, 'rest', tokenIn(answer).access_token)));
      const { renewals, tokens, audits, jtis } = await storedOf(device);
      assert.deepEqual([tokens, audits, jtis], [renewals + 1, renewals + 1, 1]);
      assert.ok(renewals >= answers.filter(isDone).length && renewals <= CALLERS + cuts.length);
    });
  }

  it('a device whose row somebody holds for too long: E500, nothing is used up, others and introspection go on', async () => {
    const [device, other] = [await register(), await register()];
    const { access_token: token } = await newToken(clients, 'rest', device);
    const untouched = await storedOf(device);
    const lock = await lockDevice(url, device.id);
    const [authorization, checked] = [authenticationJwt(device), authenticationJwt(device)];
    const answers = Promise.all([
      issue(clients, 'rest', { authorization, clientId: device.id }), renew(clients, 'grpc', { authorization: token, clientId: device.id }), verifyJwt(clients, checked),
    ]);
    await waitingBackends(url, 3);
    assert.ok(isActive(await introspect(clients, 'rest', token)));
    await newToken(clients, 'grpc', other);
    assert.deepEqual((await answers).map(({ status }) => status), [500, 13, 13]);
    await lock.release();
    assert.deepEqual(await storedOf(device), untouched);
    tokenIn(await issue(clients, 'rest', { authorization, clientId: device.id }));
    tokenIn(await renew(clients, 'rest', { authorization: token, clientId: device.id }));
    assert.ok(isActive(await verifyJwt(clients, checked)));
  });
});
