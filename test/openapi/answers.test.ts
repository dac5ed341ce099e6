import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { KeyFolder } from '../services/folder_service.ts';
import { startService } from '../support/service.ts';
import { IdentityBench } from '../wire/identity/bench.ts';
import { RestClient } from '../wire/rest.ts';
import { Seen, assertDocumented } from './answers.ts';
import { KEYTURN, operationsOf, resolve } from './document.ts';
import { assertAllowed } from './requests.ts';
import type { Response } from './document.ts';
import { OPERATOR } from './drive/calls.ts';
import { driveApplications, driveKeys } from './drive/devices.ts';
import { driveIdentities } from './drive/identities.ts';
import { driveOperator } from './drive/operator.ts';
import { driveFailures, driveRefusals } from './drive/refusals.ts';

describe('answers of the service', () => {
  let bench: IdentityBench;
  let seen: Seen;
  before(async () => {
    bench = await IdentityBench.start({ KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' });
    seen = new Seen();
  });
  after(async () => {
    seen[Symbol.dispose]();
    await bench[Symbol.asyncDispose]();
  });

  it('are documented where calls succeed', async () => {
    await driveOperator(bench);
    await driveKeys(bench);
    await driveApplications(bench);
    await driveIdentities(bench);
  });

  it('are documented where a service with a key ring of its own rotates it', async function () {
    this.timeout(60_000);
    using folder = new KeyFolder();
    await using service = await folder.start();
    using rest = new RestClient(service.url);
    await rest.send({ method: 'POST', target: '/v1/master-keys:rotate', headers: OPERATOR });
  });

  it('are documented where they refuse', async function () {
    this.timeout(120_000);
    await driveRefusals(bench.rest);
  });

  it('are documented where a peer has failed too often', async function () {
    this.timeout(60_000);
    await using service = await startService({ settings: { KEYTURN_PEER_FAILURES_PER_MINUTE: '1' } });
    using rest = new RestClient(service.url);
    await driveFailures(rest);
  });

  it('were a success of every operation, and a refusal of most kinds', () => {
    const all = operationsOf(KEYTURN).map(({ operation }) => operation);
    const without = all.filter(({ operationId }) => ![...seen.pairs].some((pair) => new RegExp(`^${operationId} 2\\d\\d$`).test(pair)));
    assert.deepEqual(without.map(({ operationId }) => operationId), []);
    const reasons = all.flatMap(({ operationId, responses }) =>
      Object.entries(responses).flatMap(([status, response]) => reasonsOf(resolve<Response>(KEYTURN, response)).map((reason) => `${operationId} ${status} ${reason}`)),
    );
    const unseen = reasons.filter((reason) => !seen.reasons.has(reason));
    assert.ok(seen.pairs.size >= 380, `${seen.pairs.size} pairs of operation and status`);
    assert.ok(seen.reasons.size >= 330, `of ${reasons.length} documented refusals these were not seen:\n${unseen.join('\n')}`);
  });

  it('fail a test if they are not documented', () => {
    const headers = new Map([['x-request-id', ['1']], ['content-type', ['application/json']]]);
    const body = '{"Success":"Public key updated"}';
    const target = '/device/update/pubkey';
    assertDocumented('POST', target, { status: 200, headers, body });
    const wrong = [
      { status: 202, headers, body },
      { status: 200, headers, body: '{"success":"Public key updated"}' },
      { status: 200, headers: new Map([...headers, ['x-odd', ['1']]]), body },
      { status: 200, headers: new Map([['content-type', ['application/json']]]), body },
      { status: 200, headers: new Map([...headers, ['content-type', ['text/plain']]]), body },
      { status: 500, headers, body: '{"error":{"code":500,"status":"Odd","request":"1","message":"Odd"}}' },
    ];
    for (const answer of wrong) assert.throws(() => assertDocumented('POST', target, answer), assert.AssertionError, JSON.stringify(answer));
    assert.throws(() => assertDocumented('GET', '/device/nothing', { status: 404, headers, body: '{"odd":1}' }), assert.AssertionError);
  });

  it('fail a test if they are to requests that are not documented', () => {
    const json = ['Content-Type', 'application/json'] as const;
    const good = { method: 'POST', target: '/v1/devices', headers: [...OPERATOR, json], body: '{"device_id":"a"}' };
    assertAllowed(good);
    assertAllowed({ ...good, body: '{"deviceId":"a"}' });
    const wrong = [
      { ...good, headers: [json] },
      { ...good, headers: OPERATOR },
      { ...good, body: '' },
      { ...good, body: '{}' },
      { ...good, body: '{"device_id":"a","odd":1}' },
      { ...good, body: '{"device_id":"a","scopes":[""]}' },
      { ...good, target: '/v1/devices?odd=1' },
      { method: 'GET', target: '/v1/devices?page_size=many', headers: OPERATOR, body: '' },
      { method: 'DELETE', target: '/key?email=a%40b.example', headers: [], body: '' },
    ];
    for (const asked of wrong) assert.throws(() => assertAllowed(asked), assert.AssertionError, JSON.stringify(asked));
  });
});

function reasonsOf({ content = {} }: Response): string[] {
  return [...new Set(Object.values(content).flatMap(({ examples = {} }) => Object.keys(examples)))];
}
