import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Bench } from './harness.ts';
import { ask, connectOf, decide, secretDevice } from './secrets.ts';

type Headers = readonly (readonly [string, string])[];

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

describe('who may ask for decisions on connections', () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.start({ KEYTURN_IOTDA_DEVICE_RATE_LIMIT: '20' });
    for (const project of ['mine', 'theirs']) await bench.operator('POST', '/v1/projects', { project_id: project, name: project });
  });
  after(() => bench[Symbol.asyncDispose]());

  const keyOf = async (projectId: string, actions?: readonly string[]): Promise<{ headers: Headers; accessKey: string }> => {
    const answer = await bench.operator('POST', '/v1/access-keys', { project_id: projectId, ...(actions === undefined ? {} : { actions }) });
    assert.equal(answer.status, 200, answer.body);
    const { access_key: accessKey, secret_key: secretKey } = JSON.parse(answer.body) as { access_key: string; secret_key: string };
    return { headers: [['authorization', basic(`${accessKey}:${secretKey}`)]], accessKey };
  };

  it('the operator, for devices of all projects', async () => {
    for (const projectId of ['mine', 'theirs']) {
      const { id } = await secretDevice(bench, { projectId, primary: 'primary-1' });
      assert.deepEqual(await decide(bench, connectOf(id, 'primary-1')), [0, id, projectId, 1]);
    }
  });

  it('an access key of a project, for its devices: those of others are as unknown', async () => {
    const { headers, accessKey } = await keyOf('mine');
    const [own, foreign] = [await secretDevice(bench, { projectId: 'mine', primary: 'primary-1' }), await secretDevice(bench, { projectId: 'theirs', primary: 'primary-1' })];
    assert.deepEqual(await decide(bench, connectOf(own.id, 'primary-1'), headers), [0, own.id, 'mine', 1]);
    await bench.operator('POST', `/v1/devices/${foreign.id}:freeze`);
    assert.deepEqual(await decide(bench, connectOf(foreign.id, 'primary-1'), headers), [4, '', '', 0]);
    assert.deepEqual(await decide(bench, connectOf('nobody', 'primary-1'), headers), [4, '', '', 0]);
    const { rows } = await bench.sql.query(`select d.device_id, s.last_used_at is not null as used, a.actor from device d join device_secret s using (device_id)
      left join audit_event a on a.device_id = d.device_id and a.action = 'device.activated' where d.device_id in ($1, $2) order by 1`, [own.id, foreign.id]);
    assert.deepEqual(rows, [{ device_id: own.id, used: true, actor: `access_key:${accessKey}` }, { device_id: foreign.id, used: false, actor: null }]);
  });

  it('an access key uses up no allowance of devices that it does not see', async () => {
    const { headers } = await keyOf('theirs');
    const { id } = await secretDevice(bench, { projectId: 'mine', primary: 'primary-1' });
    for (let count = 0; count < 20; count += 1) assert.equal((await decide(bench, connectOf(id, 'x'), headers))[0], 4);
    assert.equal((await ask(bench, connectOf(id, 'x'), headers)).reason, 'IOTDA_DEVICE_RATE_LIMITED');
    const own = await keyOf('mine');
    assert.equal((await decide(bench, connectOf(id, 'primary-1'), own.headers))[0], 0);
  });

  it('an access key with the action alone, and none without it', async () => {
    const { id } = await secretDevice(bench, { projectId: 'mine', primary: 'primary-1' });
    const [allowed, other] = [await keyOf('mine', ['iotda:devices:authenticate']), await keyOf('mine', ['iotda:devices:query'])];
    assert.equal((await decide(bench, connectOf(id, 'primary-1'), allowed.headers))[0], 0);
    const answer = await ask(bench, connectOf(id, 'primary-1'), other.headers);
    assert.deepEqual([answer.status, answer.reason], [7, 'IOTDA_PERMISSION_DENIED']);
  });

  it('nobody else', async () => {
    const { accessKey } = await keyOf('mine');
    for (const authorization of ['', 'Bearer wrong', 'Basic', basic(''), basic(accessKey), basic(`${accessKey}:`), basic(`${accessKey}:wrong`), basic('nobody:wrong'), basic(':')]) {
      const answer = await ask(bench, connectOf('d', 'x'), authorization === '' ? [] : [['authorization', authorization]]);
      assert.deepEqual([answer.status, answer.reason], [16, 'IOTDA_UNAUTHENTICATED'], authorization);
    }
  });
});
