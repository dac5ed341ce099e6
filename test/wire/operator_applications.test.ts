import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import {
  assertDone, assertRefused, createAccessKey, createProduct, createProject, createUser, deleteAccessKey, deleteUser, disableUser, enableUser, listAccessKeys, listAuditEvents,
  listProducts, listUsers, operate, setUserPassword,
} from './operator.ts';
import type { OperatorCall, OperatorReason } from './operator.ts';
import { withBench } from './rows.ts';

type Members = Record<string, unknown>;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;
const PASSWORD = 'a good password';
const ACTIONS = ['register', 'query', 'modify', 'delete', 'resetSecret', 'freeze', 'unfreeze', 'resetFingerprint', 'authenticate'].map((word) => `iotda:devices:${word}`);

function audited(action: string, project: string, details: object): Members {
  return { action, actor: 'operator', project, device: '', details };
}

describe('the operator API: products, users and access keys', () => {
  const bench = withBench();
  const done = async (wire: Wire, asked: OperatorCall): Promise<Members> => assertDone(await operate(bench(), wire, asked)) as Members;
  const refused = async (wire: Wire, asked: OperatorCall, reason: OperatorReason, fields: readonly string[] = []): Promise<void> =>
    assertRefused(await operate(bench(), wire, asked), reason, fields);
  const newest = async (wire: Wire): Promise<Members> => {
    const { audit_events: events } = await done(wire, listAuditEvents({ page_size: 1 }));
    const [{ action, actor, project_id: project, device_id: device, details } = {}] = events as Members[];
    return { action, actor, project, device, details };
  };

  for (const wire of WIRES) {
    const other: Wire = wire === 'rest' ? 'grpc' : 'rest';

    it(`${wire}: a product with every member, and with its id alone`, async () => {
      const project = `products-${wire}`;
      await done(wire, createProject({ project_id: project, name: 'P' }));
      const full = { product_id: `Full_1-${wire}`, name: 'N\u00e4me', project_id: project, protocol_type: 'CoAP', nb_iot: true };
      const { created_at: createdAt, ...rest } = await done(wire, createProduct(full));
      assert.match(String(createdAt), TIME);
      assert.deepEqual(rest, full);
      assert.deepEqual(await newest(wire), audited('product.created', project, { product_id: full.product_id }));
      const { created_at: at, ...bare } = await done(wire, createProduct({ product_id: `bare-${wire}` }));
      assert.deepEqual(bare, { product_id: `bare-${wire}`, name: '', project_id: 'default', protocol_type: 'MQTT', nb_iot: false });
      await done(wire, createProduct({ product_id: `bare-${wire}`, project_id: project }));
      const of = await done(other, listProducts({ project_id: project }));
      assert.deepEqual((of['products'] as Members[]).map(({ product_id: id }) => id), [full.product_id, `bare-${wire}`]);
      assert.deepEqual((of['products'] as Members[])[0], { ...rest, created_at: createdAt });
      assert.ok(((await done(other, listProducts()))['products'] as Members[]).some((row) => row['product_id'] === bare['product_id'] && row['created_at'] === at));
      await refused(wire, createProduct({ product_id: `bare-${wire}` }), 'PRODUCT_EXISTS');
      await refused(wire, createProduct({ product_id: 'x', project_id: 'nothing' }), 'PROJECT_NOT_FOUND');
    });

    it(`${wire}: access keys are made, listed without their secret key, and removed`, async () => {
      const project = `keys-${wire}`;
      await done(wire, createProject({ project_id: project, name: 'P' }));
      const made = await done(wire, createAccessKey({ project_id: project, actions: ACTIONS }));
      const accessKey = String(made['access_key']);
      assert.deepEqual(Object.keys(made), ['access_key', 'secret_key', 'project_id']);
      assert.match(accessKey, /^[0-9A-Z]{20}$/);
      assert.match(String(made['secret_key']), /^[0-9A-Za-z]{40}$/);
      assert.deepEqual(await newest(wire), audited('access_key.created', project, { access_key: accessKey }));
      const second = await done(wire, createAccessKey({ project_id: project }));
      const { access_keys: rows } = await done(other, listAccessKeys({ project_id: project }));
      assert.ok((rows as Members[]).every(({ created_at: at }) => TIME.test(String(at))));
      const shown = (rows as Members[]).map((row) => [row['access_key'], row['project_id'], row['actions'], Object.keys(row).length]);
      const expected = [[accessKey, project, ACTIONS, 4], [second['access_key'], project, [], 4]];
      assert.deepEqual(shown, expected.toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
      assert.deepEqual(await done(wire, deleteAccessKey({ access_key: accessKey })), {});
      assert.deepEqual(await newest(wire), audited('access_key.removed', project, { access_key: accessKey }));
      await refused(wire, deleteAccessKey({ access_key: accessKey }), 'ACCESS_KEY_NOT_FOUND');
      await refused(wire, createAccessKey({ project_id: 'nothing' }), 'PROJECT_NOT_FOUND');
    });

    it(`${wire}: users are made, changed, listed and removed`, async () => {
      const project = `users-${wire}`;
      await done(wire, createProject({ project_id: project, name: 'P' }));
      const user = { name: `Ann \u00e4 ${wire}`, domain: 'acme', project_id: project, actions: ['iotda:devices:query'] };
      const made = await done(wire, createUser({ ...user, password: PASSWORD }));
      const { user_id: id, created_at: createdAt, ...rest } = made;
      assert.match(String(id), /^[0-9a-f]{32}$/);
      assert.match(String(createdAt), TIME);
      assert.deepEqual(rest, { ...user, disabled: false });
      assert.deepEqual(await newest(wire), audited('user.created', project, { user_id: id }));
      assert.deepEqual(await done(other, listUsers({ project_id: project })), { users: [made], next_page_token: '' });
      assert.deepEqual(await done(wire, setUserPassword({ user_id: id, password: `${PASSWORD} 2` })), made);
      assert.deepEqual(await newest(wire), audited('user.password_changed', project, { user_id: id }));
      assert.deepEqual(await done(wire, disableUser({ user_id: id })), { ...made, disabled: true });
      assert.deepEqual(await newest(wire), audited('user.disabled', project, { user_id: id }));
      assert.deepEqual(await done(other, disableUser({ user_id: id })), { ...made, disabled: true });
      assert.deepEqual(await done(wire, enableUser({ user_id: id })), made);
      assert.deepEqual(await newest(wire), audited('user.enabled', project, { user_id: id }));
      assert.deepEqual(await done(wire, enableUser({ user_id: id })), made);
      await refused(wire, createUser({ ...user, password: PASSWORD }), 'USER_EXISTS');
      await done(wire, createUser({ ...user, domain: 'umbrella', password: PASSWORD }));
      assert.deepEqual(await done(wire, deleteUser({ user_id: id })), {});
      assert.deepEqual(await newest(wire), audited('user.removed', project, { user_id: id }));
      const gone = [setUserPassword({ user_id: id, password: PASSWORD }), disableUser({ user_id: id }), enableUser({ user_id: id }), deleteUser({ user_id: id })];
      for (const asked of gone) await refused(wire, asked, 'USER_NOT_FOUND');
      await refused(wire, createUser({ ...user, project_id: 'nothing', password: PASSWORD }), 'PROJECT_NOT_FOUND');
    });

    it(`${wire}: lists come in pages, each row once`, async () => {
      for (const name of ['one', 'two', 'three']) {
        await done(wire, createProduct({ product_id: `page-${name}-${wire}` }));
        await done(wire, createAccessKey({ project_id: 'default' }));
      }
      for (const [list, member, key] of [[listProducts, 'products', 'product_id'], [listAccessKeys, 'access_keys', 'access_key']] as const) {
        for (const filter of [{}, { project_id: 'default' }]) {
          const whole = (await done(wire, list(filter)))[member] as Members[];
          const rows: Members[] = [];
          for (let token = ''; rows.length === 0 || token !== '';) {
            const page = await done(wire, list({ ...filter, page_size: 2, page_token: token }));
            rows.push(...(page[member] as Members[]));
            token = String(page['next_page_token']);
          }
          assert.deepEqual(rows, whole, `${member} by ${key}`);
          assert.ok(whole.length >= 3);
        }
      }
    });

    const WRONG: readonly (readonly [OperatorCall, ...string[]])[] = [
      [createProduct({}), 'product_id'],
      ...['a.b', 'a b', 'p'.repeat(37), '\u00e4'].map((id) => [createProduct({ product_id: id }), 'product_id'] as const),
      [createProduct({ product_id: 'x', name: 'n'.repeat(129) }), 'name'],
      [createProduct({ product_id: 'x', protocol_type: 'a b' }), 'protocol_type'],
      [createProduct({ product_id: 'x', protocol_type: 'p'.repeat(33) }), 'protocol_type'],
      [createAccessKey({}), 'project_id'],
      [createAccessKey({ project_id: 'default', actions: ['iotda:devices:query', 'everything'] }), 'actions[1]'],
      [createAccessKey({ project_id: 'default', actions: Array.from({ length: 17 }, () => 'iotda:devices:query') }), 'actions'],
      [createUser({}), 'name', 'domain', 'password', 'project_id'],
      [createUser({ name: 'n'.repeat(65), domain: 'd'.repeat(65), password: PASSWORD, project_id: 'default' }), 'name', 'domain'],
      [createUser({ name: 'n', domain: 'd', password: 'seven77', project_id: 'default' }), 'password'],
      [createUser({ name: 'n', domain: 'd', password: 'p'.repeat(1025), project_id: 'default' }), 'password'],
      [createUser({ name: 'n', domain: 'd', password: PASSWORD, project_id: 'default', actions: ['*'] }), 'actions[0]'],
      [setUserPassword({ user_id: 'x', password: 'short' }), 'password'],
      ...[listProducts, listAccessKeys, listUsers].map((list) => [list({ page_size: -1 }), 'page_size'] as const),
      ...[listProducts, listAccessKeys, listUsers].map((list) => [list({ page_token: '!' }), 'page_token'] as const),
    ];
    it(`${wire}: what does not fit is refused by its field`, async () => {
      for (const [asked, ...fields] of WRONG) await refused(wire, asked, 'INVALID_ARGUMENT', fields);
    });
  }

  it('neither the answers, nor the log, nor the tables show a password or a secret key', async () => {
    const { service, sql } = bench();
    const user = assertDone(await operate(bench(), 'rest', createUser({ name: 'eve', domain: 'acme', password: PASSWORD, project_id: 'default' }))) as Members;
    assert.ok(!JSON.stringify(user).includes(PASSWORD));
    const { secret_key: secretKey } = (await done('grpc', createAccessKey({ project_id: 'default' })));
    const { rows } = await sql.query<{ all: string }>(`select (select json_agg(iam_user)::text || json_agg(access_key)::text || json_agg(audit_event)::text
      from iam_user, access_key, audit_event) as all`);
    const kept = JSON.stringify(service.lines) + (rows[0]?.all ?? assert.fail());
    for (const secret of [PASSWORD, String(secretKey)]) {
      for (const form of [secret, Buffer.from(secret).toString('hex'), Buffer.from(secret).toString('base64')]) assert.ok(!kept.includes(form));
    }
  });
});
