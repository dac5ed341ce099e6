import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Pool } from 'pg';
import { CALLERS, activeOf, assertTokensConsistent, jwtsOf, outcomeOf, tally, times } from '../races/token_crowd.ts';
import { createDatabase } from '../support/postgres.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { WIRES, assertAnswer } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { GrpcClient } from '../wire/grpc.ts';
import { makeUpdate, updated } from '../wire/harness.ts';
import type { Clients, Device } from '../wire/harness.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, deleteDevice, freezeDevice, operate, unfreezeDevice } from '../wire/operator.ts';
import { RestClient } from '../wire/rest.ts';
import { assertRefused, assertToken, storedTokens } from '../wire/tokens/issue_rows.ts';
import { authenticationJwt, issue, verifyJwt } from '../wire/tokens/kit.ts';
import { withNodes } from './nodes.ts';
import type { Nodes } from './nodes.ts';

/** Asks for a token with each JWT at once, by turns over both nodes and both wires. */
function ask(nodes: Nodes, { id: clientId }: Device, jwts: readonly string[]): Promise<Answer[]> {
  return Promise.all(jwts.map((authorization, index) => {
    const [node, wire] = nodes.turn(index);
    return issue(node, wire, { authorization, clientId });
  }));
}

describe('two nodes: tokens', () => {
  // So many refused calls would be held up by the limit on failures.
  const nodes = withNodes({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '40', KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' });
  afterEach(() => assertTokensConsistent(nodes().sql));

  it('64 identical requests over both nodes and both wires: one token, 63 refusals that are all 401; 5 times', async () => {
    for (let round = 0; round < 5; round += 1) {
      const device = await nodes().device();
      const jwt = authenticationJwt(device);
      const { counts, tokens } = tally(await ask(nodes(), device, times(() => jwt)));
      assert.deepEqual(counts, { OK: 1, E401: CALLERS - 1 });
      for (const node of [nodes().first, nodes().second]) assert.equal(await activeOf(node, tokens), 1);
      assert.equal((await storedTokens(nodes().sql, device.id)).tokens.length, 1);
    }
  });

  it('64 different JWTs over both nodes and both wires: each has its token, which counts at the other node', async () => {
    const device = await nodes().device();
    const { counts, tokens } = tally(await ask(nodes(), device, jwtsOf(device)));
    assert.deepEqual(counts, { OK: CALLERS });
    for (const node of [nodes().first, nodes().second]) assert.equal(await activeOf(node, tokens), CALLERS);
  });

  it('a rotation at one node while tokens are asked for at both: every token that was given counts, the rest is 401', async () => {
    for (let round = 0; round < 5; round += 1) {
      const device = await nodes().device();
      const update = makeUpdate(device);
      const jwts = jwtsOf(device, 32);
      const [answers, rotated] = await Promise.all([ask(nodes(), device, jwts), nodes().first.sendUpdate('grpc', update)]);
      assertAnswer(rotated, 'OK');
      const { counts, tokens } = tally(answers);
      assert.equal((counts.OK ?? 0) + (counts.E401 ?? 0), jwts.length);
      assert.equal(await activeOf(nodes().second, tokens), tokens.length);
      assert.deepEqual(tally(await ask(nodes(), device, jwts)).counts, { E401: jwts.length });
      assert.deepEqual(tally(await ask(nodes(), device, jwtsOf(updated(update), 4))).counts, { OK: 4 });
    }
  });

  it('a freezing and a removal at one node while tokens are asked for at both: no token counts afterwards, nothing is half done', async () => {
    for (let round = 0; round < 5; round += 1) {
      for (const [call, refusal] of [[freezeDevice, 'E403'], [deleteDevice, 'E401']] as const) {
        const device = await nodes().device();
        const jwts = jwtsOf(device, 32);
        const [answers, changed] = await Promise.all([ask(nodes(), device, jwts), operate(nodes().first, 'grpc', call({ device_id: device.id }))]);
        assertDone(changed);
        const { counts, tokens } = tally(answers);
        assert.equal((counts.OK ?? 0) + (counts[refusal] ?? 0), jwts.length);
        assert.equal(await activeOf(nodes().second, tokens), 0);
        assert.deepEqual((await storedTokens(nodes().sql, device.id)).tokens, []);
      }
    }
  });

  for (const wire of WIRES) {
    it(`${wire}: what is spent, frozen or rotated at one node is so at the other at once`, async () => {
      const { first, second } = nodes();
      const device = await nodes().device();
      const jwt = authenticationJwt(device);
      const request = { authorization: jwt, clientId: device.id };
      assertDone(await operate(first, wire, freezeDevice({ device_id: device.id })));
      assertRefused(await issue(second, wire, request), 'E403', { reason: 'DEVICE_FROZEN' });
      assertDone(await operate(second, wire, unfreezeDevice({ device_id: device.id })));
      assertToken(await issue(first, wire, request), '');
      assertRefused(await issue(second, wire, request), 'E401');
      assert.match((await verifyJwt(second, jwt)).body, /"active":false/);
      const update = makeUpdate(device);
      const unused = authenticationJwt(device);
      assertAnswer(await second.sendUpdate(wire, update), 'OK');
      assertRefused(await issue(first, wire, { authorization: unused, clientId: device.id }), 'E401');
      assertToken(await issue(first, wire, { authorization: authenticationJwt(updated(update)), clientId: device.id }), '');
    });
  }
});

/** A service in this process whose clock is so many milliseconds ahead, with clients on both wires. */
async function ahead(milliseconds: number, database: Awaited<ReturnType<typeof createDatabase>>, started: AsyncDisposableStack): Promise<Clients & { service: TestService }> {
  const service = started.use(await startService({ database, settings: { KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '3' } }));
  service.clock.advance(milliseconds);
  return { service, rest: started.use(new RestClient(service.url)), grpc: started.use(new GrpcClient(service.grpc)) };
}

describe('two nodes whose clocks differ: tokens', () => {
  const HOUR = 3_600_000;
  const started = new AsyncDisposableStack();
  let sql: Pool;
  let slow: Clients & { service: TestService };
  let fast: Clients & { service: TestService };
  before(async () => {
    const database = started.use(await createDatabase());
    slow = await ahead(-HOUR, database, started);
    fast = await ahead(HOUR, database, started);
    sql = started.adopt(new Pool({ connectionString: database.url, max: 2 }), (pool) => pool.end());
  });
  after(() => started.disposeAsync());
  afterEach(() => assertTokensConsistent(sql));

  const device = async (id: string): Promise<Device> => {
    const pair = newPair();
    assertDone(await operate(slow, 'rest', createDevice({ device_id: id, public_key: pemOf(pair) })));
    return { id, pair, kind: 'P-256' };
  };

  for (const wire of WIRES) {
    it(`${wire}: identical requests at both: one token, the rest is 401`, async () => {
      const { id: clientId, ...rest } = await device(`identical-${wire}`);
      const authorization = authenticationJwt({ id: clientId, ...rest });
      const answers = await Promise.all(times((index) => issue(index % 2 === 0 ? slow : fast, wire, { authorization, clientId }), 16));
      assert.deepEqual(tally(answers).counts, { OK: 1, E401: 15 });
    });

    it(`${wire}: a token ends by the clock of the node that looks at it, and each node counts requests by its own`, async () => {
      const owner = await device(`clocks-${wire}`);
      const get = (node: Clients): Promise<Answer> => issue(node, wire, { authorization: authenticationJwt(owner), clientId: owner.id });
      const early = assertToken(await get(slow), '');
      assert.deepEqual([await activeOf(slow, [early]), await activeOf(fast, [early])], [1, 0]);
      const late = assertToken(await get(fast), '');
      assert.deepEqual([await activeOf(slow, [late]), await activeOf(fast, [late])], [1, 1]);
      for (const node of [slow, fast]) {
        for (const _ of [1, 2]) assertToken(await get(node), '');
        assert.equal(outcomeOf(await get(node)), 'E429');
      }
    });

    it(`${wire}: nbf and exp of a JWT go by the clock of the node that is asked`, async () => {
      const owner = await device(`times-${wire}`);
      const now = Math.floor(Date.now() / 1000);
      const jwt = (members: object): string => authenticationJwt(owner, { edit: ({ payload }) => void Object.assign(payload, members) });
      const [early, late] = [jwt({ exp: now }), jwt({ nbf: now })];
      assertRefused(await issue(fast, wire, { authorization: early, clientId: owner.id }), 'E401');
      assertToken(await issue(slow, wire, { authorization: early, clientId: owner.id }), '');
      assertRefused(await issue(slow, wire, { authorization: late, clientId: owner.id }), 'E401');
      assertToken(await issue(fast, wire, { authorization: late, clientId: owner.id }), '');
    });
  }
});
