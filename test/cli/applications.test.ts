import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'mocha';
import { createToken, operate, signedFetch } from '../support/iotda.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { operatorOf, runHere } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

type Row = Record<string, unknown>;

describe('keyturn product, user and access-key', () => {
  let service: TestService;
  let folder: string;
  before(async () => {
    service = await startService();
    folder = await mkdtemp(join(tmpdir(), 'keyturn-cli-'));
    await operate(service, 'POST', '/v1/projects', { project_id: 'plant-3', name: 'Plant 3' });
  });
  after(async () => {
    await service[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const run = (args: readonly string[], stdin = ''): Promise<Ended> => runHere(args, operatorOf(service), stdin);
  const json = async (args: readonly string[], stdin = ''): Promise<Row> => {
    const { code, stdout, stderr } = await run([...args, '--json'], stdin);
    assert.deepEqual([code, stderr], [0, ''], stdout);
    return JSON.parse(stdout) as Row;
  };
  const refused = async (args: readonly string[], stderr: string, stdin = ''): Promise<void> => {
    const result = await run(args, stdin);
    assert.deepEqual([result.code, result.stdout, result.stderr], [3, '', stderr]);
  };

  it('products, as REST shows them', async () => {
    const { created_at: createdAt, ...bare } = await json(['product', 'add', 'pumps']);
    assert.deepEqual(bare, { product_id: 'pumps', name: '', project_id: 'default', protocol_type: 'MQTT', nb_iot: false });
    assert.match(String(createdAt), /Z$/);
    const full = await json(['product', 'add', 'meters', '--name', 'All meters', '--project', 'plant-3', '--protocol', 'CoAP', '--nb-iot']);
    assert.deepEqual([full['name'], full['protocol_type'], full['nb_iot']], ['All meters', 'CoAP', true]);
    assert.deepEqual(await json(['product', 'list']), await operate(service, 'GET', '/v1/products'));
    assert.deepEqual((await json(['product', 'list', '--project', 'plant-3']))['products'], [full]);
    assert.match((await run(['product', 'list'])).stdout, /^PRODUCT_ID +PROJECT_ID +NAME +PROTOCOL_TYPE +NB_IOT +CREATED_AT\npumps +default +- +MQTT +no +\S+Z\nmeters +plant-3 +All meters +CoAP +yes/);
    await refused(['product', 'add', 'pumps'], 'keyturn: The project has a product of this id already. (PRODUCT_EXISTS)\n');
    await refused(['product', 'add', 'x', '--project', 'nothing'], 'keyturn: There is no such project. (PROJECT_NOT_FOUND)\n');
  });

  it('access keys, whose secret key is shown once', async () => {
    const made = await run(['access-key', 'add']);
    assert.deepEqual([made.code, made.stderr], [0, 'the secret key is shown only this once\n']);
    assert.match(made.stdout, /^access_key {2}[0-9A-Z]{20}\nsecret_key {2}[0-9A-Za-z]{40}\nproject_id {2}default\n$/);
    const { access_key: accessKey, secret_key: secretKey } = await json(['access-key', 'add', '--project', 'plant-3', '--action', 'iotda:devices:query', 'iotda:devices:freeze']);
    const credentials = { accessKey: String(accessKey), secretKey: String(secretKey) };
    const projects = { method: 'GET', path: '/v3/projects' };
    assert.equal((await signedFetch(service, credentials, projects)).status, 200);
    const list = await json(['access-key', 'list', '--project', 'plant-3']);
    const [{ created_at: createdAt, ...row } = {}] = list['access_keys'] as Row[];
    assert.deepEqual([row, typeof createdAt], [{ access_key: accessKey, project_id: 'plant-3', actions: ['iotda:devices:query', 'iotda:devices:freeze'] }, 'string']);
    const table = await run(['access-key', 'list']);
    assert.match(table.stdout, /^ACCESS_KEY +PROJECT_ID +ACTIONS +CREATED_AT\n/);
    assert.ok(!table.stdout.includes(credentials.secretKey));
    assert.deepEqual((await run(['access-key', 'remove', credentials.accessKey])).stderr, 'keyturn: there is no terminal to ask for confirmation; add --yes\n');
    assert.equal((await run(['access-key', 'remove', credentials.accessKey, '--yes'])).stdout, `removed ${credentials.accessKey}\n`);
    assert.equal((await signedFetch(service, credentials, projects)).status, 401);
    await refused(['access-key', 'remove', credentials.accessKey, '-y'], 'keyturn: There is no such access key. (ACCESS_KEY_NOT_FOUND)\n');
  });

  it('users, with a password from a file or stdin', async () => {
    await writeFile(join(folder, 'password.txt'), 'first password\n');
    const ann = await json(['user', 'add', 'ann', '--domain', 'acme', '--project', 'plant-3', '--action', 'iotda:devices:query', '--password-file', join(folder, 'password.txt')]);
    const { user_id: userId, created_at: createdAt, ...rest } = ann;
    assert.deepEqual([rest, typeof createdAt], [{ name: 'ann', domain: 'acme', project_id: 'plant-3', actions: ['iotda:devices:query'], disabled: false }, 'string']);
    const id = String(userId);
    const user = { userId: id, name: 'ann', domain: 'acme', projectId: 'plant-3' };
    await createToken(service, { ...user, password: 'first password' });
    assert.deepEqual(await json(['user', 'password', id, '--password-file', '-'], 'second password'), ann);
    await assert.rejects(createToken(service, { ...user, password: 'first password' }));
    await createToken(service, { ...user, password: 'second password' });
    assert.deepEqual((await json(['user', 'list', '--project', 'plant-3']))['users'], [ann]);
    assert.match((await run(['user', 'list'])).stdout, /^USER_ID +NAME +DOMAIN +PROJECT_ID +ACTIONS +DISABLED +CREATED_AT\n[0-9a-f]{32} +ann +acme +plant-3 +iotda:devices:query +no +/);
  });

  it('users, disabled, enabled and removed', async () => {
    const { users } = await json(['user', 'list', '--project', 'plant-3']);
    const [ann = {}] = users as Row[];
    const id = String(ann['user_id']);
    const user = { userId: id, name: 'ann', domain: 'acme', projectId: 'plant-3', password: 'second password' };
    assert.equal((await json(['user', 'disable', id]))['disabled'], true);
    await assert.rejects(createToken(service, user));
    assert.deepEqual(await json(['user', 'enable', id]), ann);
    await createToken(service, user);
    await refused(['user', 'add', 'ann', '--domain', 'acme', '--password-file', '-'], 'keyturn: The domain has a user of this name already. (USER_EXISTS)\n', 'some password');
    assert.equal((await run(['user', 'remove', id, '-y'])).stdout, `removed ${id}\n`);
    for (const name of ['disable', 'enable']) await refused(['user', name, id], 'keyturn: There is no such user. (USER_NOT_FOUND)\n');
  });

  it('sends no password that is missing or too short, and takes none from the command line', async () => {
    const none = await run(['user', 'add', 'bob', '--domain', 'acme']);
    assert.deepEqual([none.code, none.stderr], [2, 'keyturn: there is no terminal to ask for the password; give --password-file\n']);
    const empty = await run(['user', 'add', 'bob', '--domain', 'acme', '--password-file', '-'], '\n');
    assert.deepEqual([empty.code, empty.stderr], [2, 'keyturn: stdin is empty; it should hold the password\n']);
    const away = await run(['user', 'add', 'bob', '--domain', 'acme', '--password-file', join(folder, 'nowhere')]);
    assert.match(away.stderr, /^keyturn: cannot read the password: ENOENT/);
    const short = await run(['user', 'add', 'bob', '--domain', 'acme', '--password-file', '-'], 'seven77');
    assert.equal(short.code, 3);
    assert.match(short.stderr, /password: expects 8 to 1024 characters/);
    assert.match((await run(['user', 'add', 'bob'])).stderr, /required option '--domain <NAME>' not specified/);
    assert.match((await run(['user', 'add', 'bob', '--domain', 'acme', '--password', 'secret-word'])).stderr, /unknown option '--password'/);
  });

  it('the trail has none of the secrets', async () => {
    const { audit_events: events } = await operate(service, 'GET', '/v1/audit-events?page_size=1000');
    const text = JSON.stringify(events);
    for (const action of ['product.created', 'access_key.created', 'access_key.removed', 'user.created', 'user.password_changed', 'user.disabled', 'user.enabled', 'user.removed', 'token.issued']) {
      assert.ok(text.includes(`"action":"${action}"`), action);
    }
    assert.doesNotMatch(text, /password(?!_changed)|secret/);
  });
});
