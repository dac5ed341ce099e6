import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { BothClients, KeyFolder } from '../services/folder_service.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { WIRES } from '../wire/answer.ts';
import { find } from './needles.ts';
import type { Haystack, Secret } from './needles.ts';
import { TELLTALE, everythingOf, filesOf, logsOf } from './observed.ts';
import { TokenLife, settingsWithClient } from './token_life.ts';

const TABLES = ['device', 'public_key', 'used_jti', 'device_token', 'device_token_chain', 'audit_event'];

describe('what a service keeps and tells of tokens and JWTs of devices', function () {
  // The files of a database are read as a whole, for each of the secrets.
  this.timeout(120_000);
  const folder = new KeyFolder();
  let service: TestService;
  let clients: BothClients;
  let life: TokenLife;
  before(async () => {
    const settings = { ...folder.settings, ...(await settingsWithClient()), KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' };
    service = await startService({ settings, overrides: { postgresSettings: TELLTALE } });
    clients = new BothClients(service);
    life = new TokenLife(service, clients);
    for (const wire of WIRES) await life.device(wire);
    await life.storageFaults();
  });
  after(async () => {
    clients[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const everything = (): Promise<Haystack[]> => everythingOf(service, life.told);

  it('holds no token, JWT, password or Authorization value: the database, the logs, the metrics and the refusals', async () => {
    assert.ok(life.secrets.length > 60, `${life.secrets.length} secrets`);
    const haystacks = await everything();
    const full = new Set(haystacks.filter(({ text }) => text.length > 100).map(({ place }) => place));
    for (const table of TABLES) assert.ok(full.has(`the table ${table}`), table);
    for (const log of ["the service's log", "PostgreSQL's log", 'the metrics']) assert.ok(full.has(log), log);
    assert.ok(life.told.length > 60, `${life.told.length} refusals`);
    assert.deepEqual(find(life.secrets, haystacks), []);
  });

  it('has none of it in the files of the database', async () => {
    const files = await filesOf(service, join(folder.path, 'postgres', 'cluster'));
    assert.ok(files.length > 500);
    assert.deepEqual(find(life.secrets, files), []);
  });

  it('told of the calls all the same: by method and request id, and why they were refused', () => {
    const log = logsOf(service)[0]?.text ?? '';
    for (const method of ['IssueToken', 'RenewToken', 'IntrospectToken', 'VerifyDeviceJwt']) assert.ok(log.includes(`/keyturn.v1.DeviceTokenService/${method}`), method);
    assert.ok(log.includes('"level":"debug"') || service.lines.some(({ level }) => level === 'debug'), 'it is told at debug');
  });

  it('would be seen to hold one: in a table, in what is bound to a statement, in a log line', async () => {
    const plain: Secret = { name: 'a token', value: `${randomBytes(32).toString('base64url')}.${randomBytes(32).toString('base64url')}` };
    const headers = [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ['Content-Type', 'application/json']] as const;
    for (const [id, text] of [['plain', String(plain.value)], ['encoded', Buffer.from(`x${String(plain.value)}`).toString('base64')]]) {
      const answer = await clients.rest.send({ target: '/v1/devices', headers, body: JSON.stringify({ device_id: `planted-${id}`, node_id: text }) });
      assert.equal(answer.status, 200, answer.body);
    }
    const found = find([plain], await everything());
    for (const place of ['the table device', "PostgreSQL's log", "the service's log"]) assert.ok(found.includes(`a token in ${place}`), `${place} of ${found.join(', ')}`);
    assert.ok(find([plain], await filesOf(service, join(folder.path, 'postgres', 'cluster'))).length > 0, 'in no file');
  });
});
