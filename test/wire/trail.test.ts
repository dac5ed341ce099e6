import assert from 'node:assert/strict';
import { UUID, WIRES, assertAnswer, requestIdOf } from './answer.ts';
import type { Answer, Want, Wire } from './answer.ts';
import { makeUpdate, updated } from './harness.ts';
import type { Device, WireRequest } from './harness.ts';
import { newPair, pemOf, proof } from './jwt.ts';
import { createDevice, createProject, deleteDevice, freezeDevice, getDevice, listAuditEvents, operate, setDeviceScopes, unfreezeDevice } from './operator.ts';
import type { OperatorCall } from './operator.ts';
import { withBench } from './rows.ts';

/** The method whose success writes an audit row of an action. */
const METHODS: Readonly<Record<string, string>> = {
  'device_key.rotated': '/keyturn.v1.DeviceKeyService/UpdatePublicKey',
  'device.created': '/keyturn.v1.OperatorService/CreateDevice',
  'device.frozen': '/keyturn.v1.OperatorService/FreezeDevice',
  'device.unfrozen': '/keyturn.v1.OperatorService/UnfreezeDevice',
  'device.scopes_set': '/keyturn.v1.OperatorService/SetDeviceScopes',
  'device.removed': '/keyturn.v1.OperatorService/DeleteDevice',
  'project.created': '/keyturn.v1.OperatorService/CreateProject',
};

interface AuditRow {
  readonly action: string;
  readonly request_id: string;
  readonly peer: string;
}

/** What a call leaves: a change and its audit row, a success without a change, or a refusal. */
type Trace = 'changed' | 'unchanged' | 'refused';

describe('access log lines and audit rows join by request id', () => {
  const bench = withBench();
  /** By request id, what each call of this block must have left. */
  const expected = new Map<string, Trace>();

  function note(answer: Answer, trace: Trace): Answer {
    const id = requestIdOf(answer);
    assert.ok(!expected.has(id), `${id} is the id of one call`);
    assert.equal(answer.status === 0 || answer.status === 200, trace !== 'refused', answer.body);
    expected.set(id, trace);
    return answer;
  }

  async function update(wire: Wire, request: WireRequest, want: Want): Promise<void> {
    const answer = await bench().send(wire, request);
    assertAnswer(answer, want);
    const traces: Partial<Record<Want, Trace>> = { OK: 'changed', REPLAYED: 'unchanged' };
    note(answer, traces[want] ?? 'refused');
  }

  async function operator(wire: Wire, call: OperatorCall, trace: Trace): Promise<Answer> {
    return note(await operate(bench(), wire, call), trace);
  }

  /** Access log lines; of one request, if its id is given. */
  function lines(id?: string): Record<string, unknown>[] {
    return bench().service.lines.filter(({ message, request_id: own }) => String(message).startsWith('call') && (id === undefined || own === id));
  }

  async function rows(id: string): Promise<AuditRow[]> {
    return (await bench().sql.query<AuditRow>('select action, request_id, peer from audit_event where request_id = $1', [id])).rows;
  }

  for (const wire of WIRES) {
    it(`${wire}: a device that rotates, repeats and is refused`, async () => {
      const pair = newPair();
      const device: Device = { id: `trail-${wire}`, pair, kind: 'P-256' };
      await operator(wire, createDevice({ device_id: device.id, public_key: pemOf(pair) }), 'changed');
      const first = makeUpdate(device);
      const request = { authorization: first.jwt, pop: first.pop };
      await update(wire, { ...request, pop: 'AAAA' }, 'E400');
      await update(wire, { ...request, pop: proof(first.jwt, newPair()) }, 'E403');
      await update(wire, { ...request, authorization: `${first.jwt}x` }, 'E401');
      await update(wire, request, 'OK');
      await update(wire, request, 'REPLAYED');
      const second = makeUpdate(updated(first));
      await update(wire, { authorization: second.jwt, pop: second.pop }, 'OK');
      await update(wire, request, 'E401');
      const reused = makeUpdate(updated(second), { next: first.next });
      await update(wire, { authorization: reused.jwt, pop: reused.pop }, 'E403');
    });

    it(`${wire}: an operator that changes, repeats, reads and is refused`, async () => {
      const device = { device_id: `operated-${wire}` };
      await operator(wire, createProject({ project_id: `trail-${wire}`, name: 'P' }), 'changed');
      await operator(wire, createProject({ project_id: `trail-${wire}`, name: 'P' }), 'refused');
      await operator(wire, createDevice(device), 'changed');
      await operator(wire, createDevice(device), 'refused');
      await operator(wire, createDevice({ device_id: 'not an id' }), 'refused');
      await operator(wire, freezeDevice(device), 'changed');
      await operator(wire, freezeDevice(device), 'unchanged');
      await operator(wire, unfreezeDevice(device), 'changed');
      await operator(wire, setDeviceScopes({ ...device, scopes: ['a'] }), 'changed');
      await operator(wire, setDeviceScopes({ ...device, scopes: ['a'] }), 'unchanged');
      await operator(wire, setDeviceScopes({ ...device, scopes: ['a b'] }), 'refused');
      await operator(wire, getDevice(device), 'unchanged');
      await operator(wire, listAuditEvents(device), 'unchanged');
      await operator(wire, deleteDevice(device), 'changed');
      await operator(wire, deleteDevice(device), 'refused');
      note(await operate(bench(), wire, freezeDevice(device), 'Bearer wrong'), 'refused');
      note(await operate(bench(), wire, freezeDevice(device), null), 'refused');
    });

    it(`${wire}: the caller's X-Request-ID is in the answer, the log line and the audit row`, async () => {
      for (const [index, given] of [`Trail.~:+/=-_${wire}`, `${wire}${'x'.repeat(124)}`].entries()) {
        const call = { ...createDevice({ device_id: `given-${wire}-${index}` }), requestId: given };
        const made = requestIdOf(await operator(wire, call, 'changed'));
        assert.deepEqual([made, lines(given).length, (await rows(given)).length], [given, 1, 1]);
      }
    });

    it(`${wire}: a malformed X-Request-ID is replaced in the answer, the log line and the audit row alike`, async () => {
      for (const [index, given] of ['two words', 'x'.repeat(129), 'a"b', '{}'].entries()) {
        const call = { ...createDevice({ device_id: `malformed-${wire}-${index}` }), requestId: given };
        const made = requestIdOf(await operator(wire, call, 'changed'));
        assert.match(made, UUID);
        assert.deepEqual([lines(made).length, (await rows(made)).length], [1, 1]);
        assert.deepEqual([lines(given).length, (await rows(given)).length], [0, 0]);
        const refused = await bench().send(wire, { authorization: 'x', pop: 'x', requestId: given });
        assert.notEqual(requestIdOf(note(refused, 'refused')), made);
      }
    });
  }

  it('a path that is nowhere and a method that a path does not have leave a line', async () => {
    note(await bench().rest.send({ method: 'GET', target: '/nowhere' }), 'refused');
    note(await bench().operator('PUT', '/v1/devices'), 'refused');
  });

  it('each call above has left one line, each change one audit row, and nothing else is there', async () => {
    assert.ok(expected.size > 60);
    const audit = (await bench().sql.query<AuditRow>('select action, request_id, peer from audit_event')).rows;
    for (const [id, trace] of expected) {
      const [line, ...more] = lines(id);
      assert.ok(line, id);
      assert.deepEqual(more, []);
      assert.equal(line['message'], trace === 'refused' ? 'call refused' : 'call');
      assert.equal(line['reason'] === 'OK', trace !== 'refused');
      assert.equal(audit.filter((row) => row.request_id === id).length, trace === 'changed' ? 1 : 0, JSON.stringify(line));
    }
    for (const row of audit) {
      const [line, ...more] = lines(row.request_id);
      assert.deepEqual([more, line?.['message'], line?.['method'], line?.['peer']], [[], 'call', METHODS[row.action], row.peer]);
      assert.equal(row.peer, '127.0.0.1');
    }
    assert.deepEqual(new Set(lines().map(({ request_id: id }) => id)), new Set(expected.keys()));
    assert.deepEqual(new Set(audit.map(({ action }) => action)), new Set(Object.keys(METHODS)));
  });
});
