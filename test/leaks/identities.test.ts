import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { Pool } from 'pg';
import { BothClients, KeyFolder } from '../services/folder_service.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { startMailServer } from '../messages/mail_server.ts';
import type { MailServer } from '../messages/mail_server.ts';
import { mailSettings } from '../messages/queue.ts';
import { WIRES } from '../wire/answer.ts';
import { WIDE } from '../wire/identity/jobs.ts';
import { findCodes } from './codes.ts';
import { IdentityLife } from './identity_life.ts';
import { find } from './needles.ts';
import type { Haystack, Secret } from './needles.ts';
import { TELLTALE, everythingOf, filesOf, logsOf, urlOf } from './observed.ts';

const TABLES = ['service_key', 'identity', 'identity_address', 'identity_job', 'sending_budget', 'issuer_key', 'message', 'audit_event'];

describe('what a service keeps and tells of identity keys', function () {
  // The files of a database are read as a whole, for each of the secrets.
  this.timeout(120_000);
  const folder = new KeyFolder();
  let mail: MailServer;
  let service: TestService;
  let clients: BothClients;
  let sql: Pool;
  let life: IdentityLife;
  before(async () => {
    // It quotes whom it refuses, as many do; what it may take later stays as it is.
    mail = await startMailServer({ onRcptTo: ({ address }, _, done) => done(Object.assign(new Error(`${address} is not here`), { responseCode: 450 })) });
    service = await startService({
      settings: {
        ...folder.settings, ...WIDE, ...mailSettings(mail), KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000',
        // Nothing listens there.
        KEYTURN_PUSH_WEBHOOK_URL: 'http://127.0.0.1:9/push', KEYTURN_WEBHOOK_KEY: Buffer.alloc(32, 3).toString('base64'),
      },
      overrides: { postgresSettings: TELLTALE },
    });
    clients = new BothClients(service);
    sql = new Pool({ connectionString: urlOf(service), max: 2 });
    life = new IdentityLife(service, clients, folder, sql, true);
    for (const wire of WIRES) await life.key(wire);
    await life.operator();
    await life.storageFaults();
    await life.ownKeys();
  });
  after(async () => {
    clients[Symbol.dispose]();
    await sql.end();
    await service[Symbol.asyncDispose]();
    await mail[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const everything = (): Promise<Haystack[]> => everythingOf(service, life.told);

  it('holds no address, code, token, JWT, secret or private key: the database, the logs, the metrics and the refusals', async () => {
    assert.ok(life.secrets.length > 60 && life.codes.length >= 10, `${life.secrets.length} secrets, ${life.codes.length} codes`);
    const haystacks = await everything();
    const full = new Set(haystacks.filter(({ text }) => text.length > 100).map(({ place }) => place));
    for (const table of TABLES) assert.ok(full.has(`the table ${table}`), table);
    for (const log of ["the service's log", "PostgreSQL's log"]) assert.ok(full.has(log), log);
    assert.ok(life.told.length > 40, `${life.told.length} refusals`);
    assert.deepEqual(find(life.secrets, haystacks), []);
    assert.deepEqual(findCodes(life.codes, haystacks), []);
  });

  it('tells no name of a job in its log', () => {
    assert.ok(life.jobs.length >= 4);
    // PostgreSQL was asked for them, and tells all here.
    assert.deepEqual(find(life.jobs, logsOf(service)), ["a job in PostgreSQL's log"]);
  });

  it('has none of it in the files of the database', async () => {
    const files = await filesOf(service, join(folder.path, 'postgres', 'cluster'));
    assert.ok(files.length > 500);
    assert.deepEqual(find(life.secrets, files), []);
    assert.deepEqual(findCodes(life.codes, files), []);
  });

  it('tried to send, was refused, and keeps why in words of its own', () => {
    assert.deepEqual([...life.failures.keys()], ['EMAIL', 'PUSH']);
    assert.equal(life.failures.get('EMAIL'), 'the SMTP server answered 450');
  });

  it('would be seen to hold one: in a table, in what is bound to a statement, in a log line', async () => {
    const plain: Secret = { name: 'an address', value: `planted-${randomBytes(6).toString('hex')}@leaks.example` };
    const codes = [randomInt(100_000, 1_000_000), randomInt(100_000, 1_000_000)].map(String);
    const node = `${String(plain.value)} has the codes ${codes.join(' and ')}`;
    for (const [id, text] of [['plain', node], ['encoded', Buffer.from(node).toString('base64')]]) {
      const answer = await clients.rest.send({
        target: '/v1/devices', headers: [['Authorization', `Bearer ${OPERATOR_TOKEN}`], ['Content-Type', 'application/json']], body: JSON.stringify({ device_id: id, node_id: text }),
      });
      assert.equal(answer.status, 200, answer.body);
    }
    const haystacks = await everything();
    const found = find([plain], haystacks);
    const seen = findCodes(codes, haystacks);
    for (const place of ['the table device', "PostgreSQL's log", "the service's log"]) {
      assert.ok(found.includes(`an address in ${place}`), `${place} of ${found.join(', ')}`);
      assert.ok(seen.includes(`codes in ${place}`), `${place} of ${seen.join(', ')}`);
    }
    const files = await filesOf(service, join(folder.path, 'postgres', 'cluster'));
    assert.ok(find([plain], files).length > 0 && findCodes(codes, files).length > 0, 'in no file');
  });
});
