import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, it } from 'mocha';
import { IamServiceService } from '../../../gen/keyturn/v1/iam_service.ts';
import { createAccessKey, createProject, createToken, createUser, operate } from '../../support/iotda.ts';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { withBench } from '../rows.ts';
import { PATIENT, assertRefused, requestIdOf, sendSigned } from './kit.ts';

const PUBLIC_URL = 'https://keys.example/base';

function idsIn({ body }: Answer): string[] {
  return (JSON.parse(body) as { projects: { id: string }[] }).projects.map(({ id }) => id);
}

describe('GET /v3/projects', () => {
  const bench = withBench({ ...PATIENT, KEYTURN_PUBLIC_URL: `${PUBLIC_URL}/` });
  let projectId: string;
  let token: string;
  before(async () => {
    projectId = await createProject(bench().service, 'eu-west');
    token = await createToken(bench().service, await createUser(bench().service, { projectId }));
  });

  const list = (wire: Wire, headers: readonly (readonly [string, string])[], name = ''): Promise<Answer> =>
    wire === 'rest'
      ? bench().rest.send({ method: 'GET', target: `/v3/projects${name === '' ? '' : `?name=${encodeURIComponent(name)}`}`, headers })
      : bench().grpc.call(IamServiceService.listProjects, { name }, headers.map(([key, value]) => [key.toLowerCase(), value]));

  const project = (id: string, name: string, domainId: string, base = PUBLIC_URL): string =>
    `{"id":"${id}","name":"${name}","domain_id":"${domainId}","parent_id":"${domainId}","is_domain":false,"enabled":true,"description":"",` +
    `"links":{"self":"${base}/v3/projects/${id}","next":null,"previous":null}}`;
  const page = (projects: readonly string[], base = PUBLIC_URL): string =>
    `{"projects":[${projects.join()}],"links":{"self":"${base}/v3/projects","next":null,"previous":null}}`;
  const acme = createHash('sha256').update('acme').digest('hex').slice(0, 32);

  it('answers to the byte, for a user with its domain', async () => {
    const answer = await list('rest', [['X-Auth-Token', token]]);
    assert.deepEqual([answer.status, answer.body], [200, page([project(projectId, 'eu-west', acme)])]);
    assert.deepEqual([answer.headers.get('content-type'), answer.headers.get('cache-control')], [['application/json'], ['no-store']]);
    requestIdOf(answer);
  });

  it('answers to an access key, which has no domain', async () => {
    const credentials = await createAccessKey(bench().service, projectId);
    const answer = await sendSigned(bench(), credentials, { method: 'GET', path: '/v3/projects', query: [['name', 'eu-west']] });
    assert.deepEqual([answer.status, answer.body], [200, page([project(projectId, 'eu-west', '')])]);
  });

  for (const wire of WIRES) {
    it(`${wire}: names are filtered exactly`, async () => {
      const headers = [['X-Auth-Token', token]] as const;
      assert.deepEqual(idsIn(await list(wire, headers)), [projectId]);
      assert.deepEqual(idsIn(await list(wire, headers, 'eu-west')), [projectId]);
      for (const name of ['eu', 'EU-WEST', 'eu-west ', projectId, 'Default']) assert.deepEqual(idsIn(await list(wire, headers, name)), [], name);
    });

    it(`${wire}: the operator sees all projects, and each time is audited`, async () => {
      const other = await createProject(bench().service, `named ${wire}`);
      const headers = [['X-Auth-Token', OPERATOR_TOKEN]] as const;
      const all = idsIn(await list(wire, headers));
      assert.ok(all.includes('default') && all.includes(projectId) && all.includes(other));
      assert.deepEqual(all, all.toSorted());
      const answer = await list(wire, headers, `named ${wire}`);
      assert.deepEqual(idsIn(answer), [other]);
      const { audit_events: events } = await operate(bench().service, 'GET', '/v1/audit-events?page_size=2');
      const [last, before_] = events as Record<string, unknown>[];
      assert.deepEqual([last?.['action'], last?.['actor'], last?.['request_id']], ['project.listed', 'operator', requestIdOf(answer)]);
      assert.equal(before_?.['action'], 'project.listed');
    });

    it(`${wire}: I401P without a token that is known`, async () => {
      assertRefused(await list(wire, []), 'I401P', 'IAM_UNAUTHENTICATED');
      assertRefused(await list(wire, [['X-Auth-Token', 'A'.repeat(43)]]), 'I401P', 'IAM_UNAUTHENTICATED');
    });
  }

  it('I401P for a signature that is not made with the secret key', async () => {
    const credentials = await createAccessKey(bench().service, projectId);
    assertRefused(await sendSigned(bench(), { ...credentials, secretKey: 'x' }, { method: 'GET', path: '/v3/projects' }), 'I401P');
    assertRefused(await list('rest', [['Authorization', 'V11-HMAC-SHA256 x'], ['X-Auth-Token', token]]), 'I401P');
  });

  it('other query members are ignored, other methods are not there', async () => {
    const answer = await bench().rest.send({ method: 'GET', target: '/v3/projects?enabled=true&page=1', headers: [['X-Auth-Token', token]] });
    assert.equal(answer.status, 200);
    assertRefused(await bench().rest.send({ method: 'PUT', target: '/v3/projects', headers: [['X-Auth-Token', token]], body: '' }), 'N029');
  });

  it('neither the limit on applications nor Instance-Id is for it', async () => {
    assert.equal((await list('rest', [['X-Auth-Token', token], ['Instance-Id', 'x']])).status, 200);
  });
});

describe('links without KEYTURN_PUBLIC_URL', () => {
  const bench = withBench({ KEYTURN_IOTDA_INSTANCE_IDS: 'one,two', KEYTURN_IOTDA_APPLICATION_RATE_LIMIT: '1' });

  it('begin with the address of the listener; no limit and no Instance-Id counts', async () => {
    const { service, rest } = bench();
    const token = await createToken(service, await createUser(service));
    for (let turn = 0; turn < 3; turn += 1) {
      const { status, body } = await rest.send({ method: 'GET', target: '/v3/projects', headers: [['X-Auth-Token', token], ['Instance-Id', 'three']] });
      assert.equal(status, 200, body);
      const { links } = JSON.parse(body) as { links: { self: string } };
      assert.equal(links.self, `${service.url}/v3/projects`);
    }
  });

  it('I401P for a token that has expired or was ended', async () => {
    const { service, rest } = bench();
    const [one, other] = [await createUser(service), await createUser(service)];
    const [ended, expired] = [await createToken(service, one), await createToken(service, other)];
    await operate(service, 'POST', `/v1/users/${one.userId}:disable`, {});
    service.clock.advance(86_400_000);
    for (const token of [ended, expired]) {
      assertRefused(await rest.send({ method: 'GET', target: '/v3/projects', headers: [['X-Auth-Token', token]] }), 'I401P');
    }
  });
});
