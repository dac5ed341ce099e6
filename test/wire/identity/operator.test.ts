import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import { WIRES } from '../answer.ts';
import type { Answer, Wire } from '../answer.ts';
import { assertDone, assertRefused, getIdentity, operate, revokeIdentity } from '../operator.ts';
import { CONFIRMED, DONE, newEmail, newPhone, withIdentities } from './bench.ts';
import { assertIdentityAnswer, assertIdentityRefusal } from './errors.ts';
import { newIdentityKey } from './signer.ts';

const CALLS = { getIdentity, revokeIdentity };

describe('the operator API on identity keys', () => {
  const bench = withIdentities();

  const ask = (wire: Wire, method: keyof typeof CALLS, pk: string, token = OPERATOR_TOKEN): Promise<Answer> => operate(bench(), wire, CALLS[method]({ pk }), `Bearer ${token}`);

  for (const wire of WIRES) {
    it(`${wire}: shows what is known of a key`, async () => {
      const key = await bench().register();
      const { since } = JSON.parse((await bench().send('rest', 'keyRetrieve', key)).body) as { since: string };
      const bare = { pk: key.pk, state: 'REGISTERED', since, revoked_at: null, has_email: false, has_phone: false, has_devtoken: false, claimed_pk: '' };
      const look = async (): Promise<unknown> => {
        const identity = assertDone(await ask(wire, 'getIdentity', key.pk)) as { since: string };
        return { revoked_at: null, ...identity, since: new Date(identity.since).toISOString() };
      };
      assert.deepEqual(await look(), bare);
      for (const [claims, members] of [
        [{ email: newEmail() }, { has_email: true }],
        [{ phone: newPhone(), devtoken: 'd' }, { has_email: true, has_phone: true, has_devtoken: true }],
        [{ pk: key.pk }, { has_email: true, has_phone: true, claimed_pk: key.pk }],
      ] as const) {
        assertIdentityAnswer(await bench().bind('rest', key, claims), CONFIRMED);
        assert.deepEqual(await look(), { ...bare, ...members });
      }
    });

    it(`${wire}: revokes a key for good; again it changes nothing`, async () => {
      const key = await bench().register({ devtoken: 'd', pk: newIdentityKey().pk });
      const email = newEmail();
      assertIdentityAnswer(await bench().bind(wire, key, { email, devtoken: 'd' }), CONFIRMED);
      const revoked = assertDone(await ask(wire, 'revokeIdentity', key.pk)) as Record<string, unknown>;
      const { revoked_at: revokedAt, since, ...rest } = revoked;
      assert.ok(Date.parse(String(revokedAt)) >= Date.parse(String(since)));
      assert.deepEqual(rest, { pk: key.pk, state: 'REVOKED', has_email: false, has_phone: false, has_devtoken: false, claimed_pk: '' });
      bench().service.clock.advance(1000);
      assert.deepEqual(assertDone(await ask(wire, 'revokeIdentity', key.pk)), revoked);
      assert.deepEqual(assertDone(await ask(wire, 'getIdentity', key.pk)), revoked);
      assertIdentityRefusal(await bench().send(wire, 'keyRetrieve', key), 'revoked-key');
      assertIdentityRefusal(await bench().bind(wire, key, {}, 'keyRegister'), 'duplicate-key');
      assertIdentityAnswer(await bench().send(wire, 'keyRevoke', key), DONE);
      assertIdentityAnswer(await bench().bind(wire, await bench().register(), { email }), CONFIRMED);
    });

    it(`${wire}: records who has revoked a key`, async () => {
      const key = await bench().register();
      assertDone(await ask(wire, 'revokeIdentity', key.pk));
      const { audit_events: events } = (await bench().operator('GET', `/v1/audit-events?identity=${key.pk}`)) as { audit_events: Record<string, unknown>[] };
      const told = events.map(({ action, actor, identity, device_id: device, project_id: project, details }) => ({ action, actor, identity, device, project, details }));
      const of = { identity: key.pk, device: '', project: '' };
      assert.deepEqual(told, [
        { action: 'identity.revoked', actor: 'operator', ...of, details: { cause: 'operator' } },
        { action: 'identity.registered', actor: 'identity', ...of, details: { changed: '' } },
      ]);
    });

    for (const method of ['getIdentity', 'revokeIdentity'] as const) {
      it(`${wire} ${method}: does not know a key that is not registered`, async () => {
        const { pk } = newIdentityKey();
        for (const unknown of [pk, pk.slice(1), `${pk}x`, 'x', 'a.b', 'ä']) assertRefused(await ask(wire, method, unknown), 'IDENTITY_NOT_FOUND');
      });

      it(`${wire} ${method}: is for the operator alone`, async () => {
        const key = await bench().register();
        for (const token of ['', 'x', key.secret]) assertRefused(await ask(wire, method, key.pk, token), 'UNAUTHENTICATED');
        assert.equal((await bench().stored(key)).state, 'REGISTERED');
      });
    }
  }
});
