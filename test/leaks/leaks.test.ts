import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { BothClients, KeyFolder } from '../services/folder_service.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { Life } from './life.ts';
import { find, spellingsOf } from './needles.ts';
import type { Haystack, Secret } from './needles.ts';
import { TELLTALE, everythingOf, filesOf } from './observed.ts';

describe('what a service keeps and tells', () => {
  const folder = new KeyFolder();
  let service: TestService;
  let clients: BothClients;
  let life: Life;
  before(async () => {
    service = await startService({
      settings: { ...folder.settings, KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000' }, overrides: { postgresSettings: TELLTALE },
    });
    clients = new BothClients(service);
    life = new Life(service, clients, folder);
    await life.deviceKeys();
    await life.deviceSecrets(await life.applications());
    await life.storageFaults();
    await life.masterKeys();
  });
  after(async () => {
    clients[Symbol.dispose]();
    await service[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const everything = (): Promise<Haystack[]> => everythingOf(service, life.told);

  it('holds no secret: the database, the log of the service and of PostgreSQL, and the refusals', async () => {
    assert.ok(life.secrets.length > 50, `${life.secrets.length} secrets`);
    const haystacks = await everything();
    const full = new Set(haystacks.filter(({ text }) => text.length > 100).map(({ place }) => place));
    for (const table of ['device_secret', 'device_token', 'idempotency_record', 'access_key', 'iam_user', 'iam_token']) assert.ok(full.has(`the table ${table}`), table);
    for (const log of ["the service's log", "PostgreSQL's log"]) assert.ok(full.has(log), log);
    assert.ok(life.told.length > 40, `${life.told.length} refusals`);
    assert.deepEqual(find(life.secrets, haystacks), []);
  });

  it('has no secret in the files of the database', async () => {
    const files = await filesOf(service, join(folder.path, 'postgres', 'cluster'));
    assert.ok(files.length > 500);
    assert.deepEqual(find(life.secrets, files), []);
  });

  it('would be seen to hold one: in a table, in what is bound to a statement, in a log line, in a refusal', async () => {
    const [plain, hex, base64, member] = ['plain', 'hex', 'base64', 'member'].map(planted) as [Secret, Secret, Secret, Secret];
    const spelled = [String(plain.value), Buffer.from(hex.value).toString('hex'), Buffer.from(`x${String(base64.value)}yz`).toString('base64')];
    const headers = [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ['Content-Type', 'application/json']] as const;
    for (const [index, node] of spelled.entries()) await life.rest(200, 'POST', '/v1/devices', headers, JSON.stringify({ device_id: `planted-${index}`, node_id: node }));
    await life.rest(400, 'POST', '/v1/devices', headers, JSON.stringify({ device_id: 'x', [String(member.value)]: 1 }));
    const found = find([plain, hex, base64, member], await everything());
    for (const { name } of [plain, hex, base64]) {
      for (const place of ['the table device', "PostgreSQL's log", "the service's log"]) assert.ok(found.includes(`${name} in ${place}`), `${name} in ${place} of ${found.join(', ')}`);
    }
    assert.ok(found.includes('member in the answer 400 to POST /v1/devices'), found.join(', '));
    const files = await filesOf(service, join(folder.path, 'postgres', 'cluster'));
    assert.ok(find([plain], files).length > 0, 'in no file');
  });

  it('would be seen in every spelling', () => {
    const secret: Secret = { name: 'it', value: "some 'secret' \u00e4\u00f6\u00fc \"quoted\"" };
    for (const left of ['', 'x', 'xy', 'xyz']) {
      for (const right of ['', 'x', 'xy']) {
        const text = `${left}${String(secret.value)}${right}`;
        for (const encoding of ['hex', 'base64', 'base64url'] as const) {
          assert.deepEqual(find([secret], [{ place: encoding, text: Buffer.from(text).toString(encoding) }]), [`it in ${encoding}`], `${encoding} of ${text}`);
        }
        assert.deepEqual(find([secret], [{ place: 'JSON', text: JSON.stringify({ text }) }, { place: 'JSON in JSON', text: JSON.stringify(JSON.stringify({ text })) }]), ['it in JSON', 'it in JSON in JSON']);
        assert.deepEqual(find([secret], [{ place: 'SQL', text: text.replaceAll("'", "''") }]), ['it in SQL']);
      }
    }
    const key: Secret = { name: 'key', value: randomBytes(32) };
    assert.deepEqual(find([key], [{ place: 'upper', text: Buffer.from(key.value).toString('hex').toUpperCase() }]), ['key in upper']);
    assert.deepEqual(find([{ name: 'other', value: randomBytes(32) }], spellingsOf(key).map((text) => ({ place: 'spelling', text }))), []);
  });
});

function planted(name: string): Secret {
  return { name, value: `planted-${randomBytes(12).toString('hex')}` };
}
