import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { execute } from '../support/postgres.ts';
import { OPERATOR_TOKEN, startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { keyturn, operatorOf } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

interface Projects {
  readonly projects: { readonly project_id: string }[];
  readonly next_page_token: string;
}

interface Events {
  readonly audit_events: { readonly action: string; readonly device_id: string }[];
}

describe('keyturn project and audit', () => {
  let service: TestService;

  before(async () => {
    service = await startService();
  });

  after(async () => {
    await service[Symbol.asyncDispose]();
  });

  const run = (...args: string[]): Promise<Ended> => keyturn(args, { environment: operatorOf(service) });

  it('creates projects with a given and a made id', async () => {
    const given = await run('project', 'add', 'Plant 3', '--id', 'plant-3');
    assert.equal(given.code, 0);
    assert.match(given.stdout, /^project_id  plant-3\nname {8}Plant 3\ncreated_at  \S+Z\n$/);
    const made = await run('project', 'add', 'Plant 4', '--json');
    assert.match(made.stdout, /"project_id": "[0-9a-f]{32}"/);
    const again = await run('project', 'add', 'Other', '--id', 'plant-3');
    assert.deepEqual([again.code, again.stderr], [3, 'keyturn: A project of this id exists already. (PROJECT_EXISTS)\n']);
  });

  it('lists projects over all pages', async () => {
    const table = await run('project', 'list');
    assert.match(table.stdout, /^PROJECT_ID +NAME +CREATED_AT\n/);
    assert.match(table.stdout, /^plant-3 +Plant 3 +\S+Z$/m);
    await execute(
      service.databaseUrl,
      "insert into project (project_id, name, created_at, app_id) select 'many-' || n, 'Many', now(), n from generate_series(1, 1500) n",
    );
    const { code, stdout } = await run('project', 'list', '--json');
    assert.equal(code, 0);
    const { projects, next_page_token } = JSON.parse(stdout) as Projects;
    assert.equal(projects.length, 1503);
    assert.equal(new Set(projects.map(({ project_id }) => project_id)).size, 1503);
    assert.equal(next_page_token, '');
  });

  it('lists the newest audit events, of all and of one device', async () => {
    for (const id of ['a', 'b']) assert.equal((await run('device', 'add', id)).code, 0);
    await run('device', 'freeze', 'a');
    const [two, ofA, table, rest] = await Promise.all([
      run('audit', 'list', '--limit', '2', '--json'),
      run('audit', 'list', '--device', 'a', '--json'),
      run('audit', 'list'),
      fetch(`${service.url}/v1/audit-events?page_size=2`, { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } }),
    ]);
    assert.deepEqual(JSON.parse(two.stdout), await rest.json());
    const { audit_events: newest } = JSON.parse(two.stdout) as Events;
    assert.deepEqual(newest.map(({ action, device_id }) => [action, device_id]), [['device.frozen', 'a'], ['device.created', 'b']]);
    const { audit_events: events } = JSON.parse(ofA.stdout) as Events;
    assert.deepEqual(events.map(({ action }) => action), ['device.frozen', 'device.created']);
    assert.match(table.stdout, /^OCCURRED_AT +ACTION +ACTOR +PROJECT_ID +DEVICE_ID +IDENTITY +REQUEST_ID +DETAILS\n/);
    assert.match(table.stdout, /^\S+Z  device\.frozen +operator  default +a +- +\S+ +\{\}$/m);
  });
});
