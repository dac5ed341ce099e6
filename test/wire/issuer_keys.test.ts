import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isSoundIdentityKey } from '../../src/crypto/identity_key.ts';
import { WIRES } from './answer.ts';
import type { Wire } from './answer.ts';
import { assertDone, assertRefused, listAuditEvents, listIssuerKeys, operate, revokeIssuerKey, rotateIssuerKey } from './operator.ts';
import type { OperatorCall, OperatorReason } from './operator.ts';
import { withBench } from './rows.ts';

type Members = Record<string, unknown>;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

describe('the operator API: issuer keys', () => {
  const bench = withBench({ KEYTURN_AUTHENTIQ_TEST_ISSUER: 'on' });
  const plain = withBench();
  const done = async (wire: Wire, asked: OperatorCall): Promise<Members> => assertDone(await operate(bench(), wire, asked)) as Members;
  const refused = async (wire: Wire, asked: OperatorCall, reason: OperatorReason, fields: readonly string[] = []): Promise<void> =>
    assertRefused(await operate(bench(), wire, asked), reason, fields);
  const listed = async (wire: Wire, test = false): Promise<Members[]> =>
    ((await done(wire, listIssuerKeys()))['issuer_keys'] as Members[]).filter((key) => key['test'] === test);
  const newest = async (wire: Wire): Promise<Members> => {
    const { audit_events: events } = await done(wire, listAuditEvents({ page_size: 1 }));
    const [{ action, actor, details } = {}] = events as Members[];
    return { action, actor, details };
  };

  it('there is one from the first start, and one of the test issuer where that is on', async () => {
    const keys = (await done('rest', listIssuerKeys()))['issuer_keys'] as Members[];
    assert.deepEqual(keys.map(({ state }) => state), ['ACTIVE', 'ACTIVE']);
    assert.deepEqual(new Set(keys.map(({ test }) => test)), new Set([false, true]));
    for (const { public_key: key, created_at: at } of keys) assert.ok(isSoundIdentityKey(String(key)) && TIME.test(String(at)));
    const { issuer_keys: others } = assertDone(await operate(plain(), 'grpc', listIssuerKeys())) as { issuer_keys: Members[] };
    assert.deepEqual(others.map(({ state, test }) => [state, test]), [['ACTIVE', false]]);
  });

  for (const wire of WIRES) {
    const other: Wire = wire === 'rest' ? 'grpc' : 'rest';

    for (const test of [false, true]) {
      it(`${wire}: a key is rotated, then revoked, ${test ? 'of the test issuer' : 'of the issuer'}`, async () => {
        const [former] = await listed(other, test);
        assert.equal(former?.['state'], 'ACTIVE');
        await refused(wire, revokeIssuerKey({ public_key: former['public_key'] }), 'ISSUER_KEY_ACTIVE');
        const made = await done(wire, rotateIssuerKey(test ? { test } : {}));
        const { public_key: publicKey, created_at: createdAt, ...rest } = made;
        assert.ok(isSoundIdentityKey(String(publicKey)) && publicKey !== former['public_key']);
        assert.match(String(createdAt), TIME);
        assert.deepEqual({ state: rest['state'], test: rest['test'], retired: rest['retired_at'] ?? null }, { state: 'ACTIVE', test, retired: null });
        const issuer = test ? 'test' : 'main';
        assert.deepEqual(await newest(other), { action: 'issuer_key.rotated', actor: 'operator', details: { issuer, public_key: publicKey, former_public_key: former['public_key'] } });
        const [first, second] = await listed(wire, test);
        assert.deepEqual(first, made);
        assert.deepEqual(second, { ...former, state: 'RETIRED', retired_at: createdAt });

        const revoked = await done(wire, revokeIssuerKey({ public_key: former['public_key'] }));
        assert.deepEqual(revoked, { ...second, state: 'REVOKED' });
        const trail = { action: 'issuer_key.revoked', actor: 'operator', details: { issuer, public_key: former['public_key'] } };
        assert.deepEqual(await newest(other), trail);
        assert.deepEqual((await listed(other, test))[1], revoked);
        const { rows: [before] } = await bench().sql.query<{ n: string }>('select count(*) as n from audit_event');
        assert.deepEqual(await done(other, revokeIssuerKey({ public_key: former['public_key'] })), revoked, 'once more changes nothing');
        const { rows: [after] } = await bench().sql.query<{ n: string }>('select count(*) as n from audit_event');
        assert.equal(after?.n, before?.n);
      });
    }

    it(`${wire}: what is no key of an issuer is not found, nor is another spelling of one`, async () => {
      const [{ public_key: key } = {}] = await listed(other);
      const text = String(key);
      const last = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(text.at(-1) ?? '');
      const spelled = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'[last + 1] ?? '';
      assert.deepEqual(Buffer.from(text.slice(0, -1) + spelled, 'base64url'), Buffer.from(text, 'base64url'));
      for (const name of [text.slice(0, -1) + spelled, `${text}=`, text.slice(0, -1), `${text} `, 'x', '\u00e4', 'A'.repeat(43), 'x'.repeat(5000)]) {
        await refused(wire, revokeIssuerKey({ public_key: name }), 'ISSUER_KEY_NOT_FOUND');
      }
    });

    it(`${wire}: the test issuer has no rotation while it is off`, async () => {
      assertRefused(await operate(plain(), wire, rotateIssuerKey({ test: true })), 'INVALID_ARGUMENT', ['test']);
    });
  }

  it('a rotation takes a body that is empty, and one that is not sent', async () => {
    for (const body of ['', '{}', '{"test":false}', undefined]) {
      const answer = await bench().operator('POST', '/v1/issuer-keys:rotate', body);
      assert.equal((assertDone(answer) as Members)['state'], 'ACTIVE');
    }
    assert.equal((await bench().operator('POST', '/v1/issuer-keys:rotate', { test: 'yes' })).status, 400);
    assert.equal((await bench().operator('POST', '/v1/issuer-keys:rotate', { tset: true })).status, 400);
  });

  it('many rotations at once all count, one after the other', async () => {
    const before = await listed('rest');
    const made = await Promise.all(Array.from({ length: 32 }, (_, index) => done(WIRES[index % 2] ?? 'rest', rotateIssuerKey())));
    const names = new Set(made.map((key) => key['public_key']));
    assert.equal(names.size, 32);
    const after = await listed('rest');
    assert.equal(after.length, before.length + 32);
    assert.equal(after.filter(({ state }) => state === 'ACTIVE').length, 1);
    for (const key of after) assert.equal(key['state'] === 'ACTIVE', (key['retired_at'] ?? null) === null, JSON.stringify(key));
    // Each has followed on another one.
    const { rows } = await bench().sql.query<{ former: string; key: string }>(
      "select details ->> 'former_public_key' as former, details ->> 'public_key' as key from audit_event where action = 'issuer_key.rotated' and details ->> 'issuer' = 'main'",
    );
    const followers = rows.filter(({ key }) => names.has(key));
    assert.equal(new Set(followers.map(({ former }) => former)).size, 32);
  });

  it('is all refused where the audit trail cannot be written', async () => {
    const before = await listed('rest');
    await bench().sql.query('alter table audit_event rename to audit_away');
    try {
      for (const asked of [rotateIssuerKey(), revokeIssuerKey({ public_key: before.at(-1)?.['public_key'] })]) {
        assert.equal((await operate(bench(), 'rest', asked)).status, 500);
      }
    } finally {
      await bench().sql.query('alter table audit_away rename to audit_event');
    }
    assert.deepEqual(await listed('rest'), before);
  });
});
