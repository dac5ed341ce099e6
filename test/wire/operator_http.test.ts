import assert from 'node:assert/strict';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { requestIdOf } from './answer.ts';
import { WIRES } from './answer.ts';
import { assertDone, assertRefused, createDevice, createProject, listAuditEvents, listDeviceKeys, listDevices, listProjects, operate } from './operator.ts';
import type { OperatorCall } from './operator.ts';
import { makeUpdate, updated } from './harness.ts';
import { withBench } from './rows.ts';

const PATHS: readonly (readonly [target: string, allow: string])[] = [
  ['/v1/devices', 'GET, HEAD, OPTIONS, POST'],
  ['/v1/devices?foo=1', 'GET, HEAD, OPTIONS, POST'],
  ['/v1/devices/x', 'DELETE, GET, HEAD, OPTIONS'],
  ['/v1/devices/x/keys', 'GET, HEAD, OPTIONS'],
  ['/v1/projects', 'GET, HEAD, OPTIONS, POST'],
  ['/v1/audit-events', 'GET, HEAD, OPTIONS'],
];

const authorization = ['Authorization', `Bearer ${OPERATOR_TOKEN}`] as const;
const bodyOf = (size: number): string => `{"x":"${'x'.repeat(size - 8)}"}`;

describe('the operator API over raw HTTP', () => {
  const bench = withBench();

  for (const [target, allow] of PATHS) {
    it(`405 with Allow, OPTIONS 204: ${target}`, async () => {
      for (const method of ['PUT', 'PATCH', 'PROPFIND', 'TRACE']) {
        for (const headers of [[], [authorization]]) {
          const answer = await bench().rest.send({ method, target, headers });
          assertRefused(answer, 'METHOD_NOT_ALLOWED');
          assert.deepEqual(answer.headers.get('allow'), [allow]);
        }
      }
      const options = await bench().rest.send({ method: 'OPTIONS', target });
      assert.deepEqual([options.status, options.body, options.headers.get('allow')], [204, '', [allow]]);
      requestIdOf(options);
    });
  }

  it('405: a verb takes POST only, and HEAD without GET is 405', async () => {
    for (const method of ['PUT', 'PATCH']) {
      const answer = await bench().operator(method, '/v1/devices/x:freeze');
      assertRefused(answer, 'METHOD_NOT_ALLOWED');
      assert.ok(answer.headers.get('allow')?.[0]?.includes('POST'));
    }
  });

  it('HEAD is like GET without its body', async () => {
    await operate(bench(), 'rest', createDevice({ device_id: 'head' }));
    for (const target of ['/v1/devices', '/v1/devices/head', '/v1/devices/nobody', '/v1/projects', '/v1/devices?foo=1']) {
      const get = await bench().rest.send({ method: 'GET', target, headers: [authorization] });
      const head = await bench().rest.send({ method: 'HEAD', target, headers: [authorization] });
      const shown = ({ status, headers }: typeof get): unknown => [status, headers.get('content-type'), headers.get('content-length')];
      assert.deepEqual([shown(head), head.body], [shown(get), '']);
    }
    assert.equal((await bench().rest.send({ method: 'HEAD', target: '/v1/devices' })).status, 401);
  });

  it('413 beyond 64 KiB, before the token is looked at; 64 KiB are read', async () => {
    assertRefused(await bench().operator('POST', '/v1/devices', bodyOf(65_537)), 'BODY_TOO_LARGE');
    assertRefused(await bench().operator('POST', '/v1/devices', bodyOf(65_536)), 'INVALID_ARGUMENT', ['x']);
    const call = createDevice({ device_id: 'x'.repeat(70_000) });
    assertRefused(await operate(bench(), 'grpc', call), 'BODY_TOO_LARGE');
  });

  it('415 for any other, a missing, a repeated or a coded media type', async () => {
    const body = '{"device_id":"media"}';
    const types = ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '', 'application/json, application/json'].map((type) => [['Content-Type', type] as const]);
    const json = ['Content-Type', 'application/json'] as const;
    for (const headers of [...types, [], [json, json], [json, ['Content-Encoding', 'gzip'] as const]]) {
      assertRefused(await bench().rest.send({ target: '/v1/devices', headers: [authorization, ...headers], body }), 'UNSUPPORTED_MEDIA_TYPE');
    }
    const good = await bench().rest.send({ target: '/v1/devices', headers: [authorization, ['Content-Type', 'Application/JSON; charset=utf-8']], body });
    assertDone(good);
  });

  it('the token in any letter case of Bearer', async () => {
    for (const scheme of ['bearer', 'BEARER', 'Bearer']) {
      assertDone(await bench().rest.send({ method: 'GET', target: '/v1/projects', headers: [['Authorization', `${scheme} ${OPERATOR_TOKEN}`]] }));
    }
  });

  it('request ids, as on the device API', async () => {
    for (const [id, kept] of [['abc/1', true], ['a b', false]] as const) {
      const answer = await bench().rest.send({ method: 'GET', target: '/v1/projects', headers: [authorization, ['X-Request-ID', id]] });
      assert.equal(requestIdOf(answer) === id, kept);
    }
  });

  it('/livez, /readyz and /metrics need no token', async () => {
    for (const [target, body] of [['/livez', 'ok'], ['/readyz', 'ok']] as const) {
      const answer = await bench().rest.send({ method: 'GET', target });
      assert.deepEqual([answer.status, answer.body], [200, body]);
    }
    assert.equal((await bench().rest.send({ method: 'GET', target: '/metrics' })).status, 200);
  });
});

type Page = Record<string, Record<string, string>[]> & { next_page_token: string };

function idsOf(page: Page, member: string, id: string): (string | undefined)[] {
  return (page[member] ?? []).map((row) => row[id]);
}

describe('the operator API: pages', () => {
  const bench = withBench();
  const IDS = ['a-1', 'A-2', 'b.3', 'b_4', 'c-5', '0-6', 'z-7'];

  before(async () => {
    for (const id of IDS) {
      await operate(bench(), 'grpc', createDevice({ device_id: id }));
      await operate(bench(), 'grpc', createProject({ project_id: id.replace('.', '-'), name: id }));
    }
    let device = await bench().device({ id: 'rotating' });
    for (let count = 0; count < 5; count += 1) {
      const update = makeUpdate(device);
      await bench().sendUpdate('grpc', update);
      device = updated(update);
    }
  });

  for (const wire of WIRES) {
    const page = async (call: OperatorCall): Promise<Page> => assertDone(await operate(bench(), wire, call)) as Page;

    const lists = [
      ['devices', 'device_id', listDevices, {}],
      ['projects', 'project_id', listProjects, {}],
      ['keys', 'thumbprint', listDeviceKeys, { device_id: 'rotating' }],
      ['audit_events', 'event_id', listAuditEvents, {}],
      ['audit_events', 'event_id', listAuditEvents, { device_id: 'rotating' }],
    ] as const;

    for (const [member, id, list, filter] of lists) {
      it(`${wire}: ${member} ${JSON.stringify(filter)} in pages of 2 are the whole list, each once`, async () => {
        const all = await page(list(filter));
        assert.equal(all.next_page_token, '');
        const seen: (string | undefined)[] = [];
        let token = '';
        let pages = 0;
        do {
          const part = await page(list({ ...filter, page_size: 2, ...(token === '' ? {} : { page_token: token }) }));
          assert.ok((part[member]?.length ?? 0) <= 2);
          seen.push(...idsOf(part, member, id));
          token = part.next_page_token;
          pages += 1;
        } while (token !== '');
        assert.deepEqual(seen, idsOf(all, member, id));
        assert.ok(pages >= 3 && new Set(seen).size === seen.length);
        assert.equal(pages, Math.ceil(seen.length / 2));
      });
    }

    it(`${wire}: sizes: 0 and unset are 50, more than 1000 counts as 1000`, async () => {
      for (const size of [0, 1000, 1001, 2_147_483_647]) assert.equal((await page(listDevices({ page_size: size })))['devices']?.length, IDS.length + 1);
      assert.equal((await page(listDevices({ page_size: 1 })))['devices']?.length, 1);
    });

    it(`${wire}: a token that was changed is refused`, async () => {
      const { next_page_token: token } = await page(listDevices({ page_size: 1 }));
      for (const changed of [`${token}!`, `${token}=`, ` ${token}`]) {
        assertRefused(await operate(bench(), wire, listDevices({ page_token: changed })), 'INVALID_ARGUMENT', ['page_token']);
      }
    });

    it(`${wire}: filters by what does not exist give an empty list`, async () => {
      assert.deepEqual(await page(listDevices({ project_id: 'nothing' })), { devices: [], next_page_token: '' });
      assert.deepEqual(await page(listAuditEvents({ device_id: 'nobody' })), { audit_events: [], next_page_token: '' });
    });
  }

  it('the whole list has every device once', async () => {
    const { devices } = assertDone(await operate(bench(), 'rest', listDevices())) as { devices: { device_id: string }[] };
    const ids = devices.map((device) => device.device_id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(ids.toSorted(), [...IDS, 'rotating'].toSorted());
  });
});
