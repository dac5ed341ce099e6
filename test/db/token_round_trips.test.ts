import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createDatabase } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import { BothClients } from '../services/folder_service.ts';
import { WIRES } from '../wire/answer.ts';
import type { Answer } from '../wire/answer.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, freezeDevice, operate } from '../wire/operator.ts';
import { authenticationJwt, introspect, issue, renew, tokenIn, verifyJwt } from '../wire/tokens/kit.ts';
import { startProxy } from './fixtures/postgres_proxy.ts';

const READ = 'device_jwt_read';
const FIND = 'device_token_find_renewable';

describe('round trips of calls on tokens', () => {
  it('are one read and one write at most, and one read for a device or token that there is not', async () => {
    await using database = await createDatabase();
    await using proxy = await startProxy(database.url);
    await using service = await startService({ settings: { KEYTURN_DATABASE_URL: proxy.url }, database });
    using clients = new BothClients(service);
    for (const wire of WIRES) {
      const device = { id: `tripper-${wire}`, pair: newPair(), kind: 'P-256' } as const;
      assertDone(await operate(clients, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair), scopes: ['refresh.token'] })));
      const clientId = device.id;
      const asked = async (work: Promise<Answer>): Promise<readonly [readonly string[], Answer]> => {
        proxy.asked.length = 0;
        const answer = await work;
        // What the sweeper asks goes on beside the call.
        return [proxy.asked.filter(({ kind, name }) => kind !== 'parse' && !/^(?:ping|.*_expiry|.*_clear|message_.*|outbox.*|device_expiry.*)$/.test(name)).map(({ name, text }) => name + text), answer];
      };
      const spent = authenticationJwt(device);
      const [issuing, answer] = await asked(issue(clients, wire, { authorization: spent, clientId }));
      assert.deepEqual(issuing, [READ, 'device_token_issue']);
      const { access_token: token } = tokenIn(answer);
      const unknown = { ...device, id: 'nobody' };
      const good = authenticationJwt(device);
      const rows = [
        [() => issue(clients, wire, { authorization: spent, clientId }), [READ]],
        [() => issue(clients, wire, { authorization: authenticationJwt(unknown), clientId }), [READ]],
        [() => issue(clients, wire, { authorization: authenticationJwt({ ...device, pair: newPair() }), clientId }), [READ]],
        [() => issue(clients, wire, { authorization: 'no.jwt.x', clientId }), []],
        [() => renew(clients, wire, { authorization: token, clientId }), [FIND, 'device_token_renew']],
        [() => renew(clients, wire, { authorization: 'nothing', clientId }), [FIND]],
        [() => introspect(clients, wire, token), ['device_token_find']],
        [() => introspect(clients, wire, 'nothing'), ['device_token_find']],
        [() => verifyJwt(clients, good), [READ, 'device_jwt_spend']],
        [() => verifyJwt(clients, good), [READ]],
        [() => verifyJwt(clients, authenticationJwt(unknown)), [READ]],
        [() => operate(clients, wire, freezeDevice({ device_id: device.id })), undefined],
        [() => verifyJwt(clients, authenticationJwt(device)), [READ]],
        [() => issue(clients, wire, { authorization: authenticationJwt(device), clientId }), [READ]],
        [() => renew(clients, wire, { authorization: token, clientId }), [FIND]],
      ] as const;
      for (const [work, statements] of rows) {
        const [names] = await asked(work());
        if (statements !== undefined) assert.deepEqual(names, statements);
      }
      for (const id of [device.id, 'nobody']) {
        const set = clients.rest.send({ method: 'GET', target: `/v1/devices/${id}/jwks.json?include_retired=true`, headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`]] });
        assert.deepEqual((await asked(set))[0], ['device_key_set_all']);
      }
    }
  });
});
