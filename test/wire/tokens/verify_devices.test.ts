import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assertAnswer } from '../answer.ts';
import { EVERY_ALGORITHM, makeUpdate, updated } from '../harness.ts';
import { newJti } from '../jwt.ts';
import { withBench } from '../rows.ts';
import { NOBODY, accessKey, shown, verified } from './checks.ts';
import { NOTHING, assertRefused, assertToken, sendIssue, storedTokens } from './issue_rows.ts';
import { authenticationJwt } from './kit.ts';

describe('VerifyDeviceJwt', () => {
  const bench = withBench(EVERY_ALGORITHM);

  for (const kind of ['P-256', 'P-384', 'Ed25519', 'RSA'] as const) {
    it(`shows the device of a JWT by a ${kind} key, once`, async () => {
      const scopes = ['telemetry.write', 'refresh.token'];
      const device = await bench().device({ kind, scopes });
      const jwt = authenticationJwt(device);
      assert.deepEqual(await verified(bench(), jwt), shown(device, true, { scopes }));
      for (const again of [jwt, `Bearer ${jwt}`]) assert.deepEqual(await verified(bench(), again), NOBODY);
    });
  }

  it('takes a jti once in either case, and apart for each device', async () => {
    const [one, other] = [await bench().device(), await bench().device()];
    const jti = newJti();
    assert.deepEqual(await verified(bench(), authenticationJwt(one, { jti })), shown(one, true));
    assert.deepEqual(await verified(bench(), authenticationJwt(one, { jti: jti.toLowerCase() })), NOBODY);
    assert.deepEqual(await verified(bench(), authenticationJwt(other, { jti })), shown(other, true));
  });

  it('writes who has asked into the audit trail, once, and never the JWT', async () => {
    const device = await bench().device();
    const checker = await accessKey(bench());
    const [first, second] = [newJti(), newJti()];
    const jwts = [authenticationJwt(device, { jti: first }), authenticationJwt(device, { jti: second })] as const;
    await verified(bench(), jwts[0], checker.authorization);
    await verified(bench(), jwts[0], checker.authorization);
    await verified(bench(), jwts[1]);
    const { body } = await bench().operator('GET', `/v1/audit-events?device_id=${device.id}`);
    const { audit_events: events } = JSON.parse(body) as { audit_events: Record<string, unknown>[] };
    const about = events.filter(({ action }) => action === 'device_jwt.verified').map(({ actor, project_id: projectId, device_id: deviceId, details }) => ({ actor, projectId, deviceId, details }));
    const usual = { projectId: 'default', deviceId: device.id };
    assert.deepEqual(about, [
      { actor: 'operator', ...usual, details: { jti: second.toLowerCase() } },
      { actor: checker.actor, ...usual, details: { jti: first.toLowerCase() } },
    ]);
    const kept = body + JSON.stringify(bench().service.lines);
    for (const jwt of jwts) for (const part of jwt.split('.').slice(1)) assert.ok(!kept.includes(part));
  });

  it('spends a JWT for IssueToken, and IssueToken for it', async () => {
    const device = await bench().device();
    const [here, there] = [authenticationJwt(device), authenticationJwt(device)];
    assert.deepEqual(await verified(bench(), here), shown(device, true));
    assertRefused(await sendIssue(bench(), 'rest', { authorization: here, clientId: device.id }), 'E401');
    assertToken(await sendIssue(bench(), 'rest', { authorization: there, clientId: device.id }), '');
    assert.deepEqual(await verified(bench(), there), NOBODY);
  });

  it('spends a jti for UpdatePublicKey, and UpdatePublicKey for it', async () => {
    const device = await bench().device();
    const [here, there] = [newJti(), newJti()];
    assert.deepEqual(await verified(bench(), authenticationJwt(device, { jti: here })), shown(device, true));
    assertAnswer(await bench().sendUpdate('rest', makeUpdate(device, { jti: here })), 'E401');
    const update = makeUpdate(device, { jti: there });
    assertAnswer(await bench().sendUpdate('grpc', update), 'OK');
    const next = updated(update);
    assert.deepEqual(await verified(bench(), update.jwt), NOBODY);
    assert.deepEqual(await verified(bench(), authenticationJwt(next, { jti: there })), NOBODY);
    assert.deepEqual(await verified(bench(), authenticationJwt(next)), shown(next, true));
  });

  it('does not take the JWT of a key update, which goes on to count for that', async () => {
    const device = await bench().device();
    const update = makeUpdate(device);
    assert.deepEqual(await verified(bench(), update.jwt), NOBODY);
    assertAnswer(await bench().sendUpdate('rest', update), 'OK');
  });

  it('shows a frozen device and does not spend its JWT, which counts once it is unfrozen', async () => {
    const device = await bench().device({ scopes: ['a'], frozen: true });
    const jwt = authenticationJwt(device);
    for (let count = 0; count < 2; count += 1) assert.deepEqual(await verified(bench(), jwt), shown(device, false, { scopes: ['a'] }));
    assert.deepEqual(await storedTokens(bench().sql, device.id), NOTHING);
    await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
    assert.deepEqual(await verified(bench(), jwt), shown(device, true, { scopes: ['a'] }));
    await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
    assert.deepEqual(await verified(bench(), jwt), NOBODY, 'a spent one tells nothing of a frozen device either');
  });

  it('knows no device that was removed, has no key, or has another key by now', async () => {
    const removed = await bench().device();
    await bench().operator('DELETE', `/v1/devices/${removed.id}`);
    assert.deepEqual(await verified(bench(), authenticationJwt(removed)), NOBODY);
    const again = await bench().device({ id: removed.id });
    assert.deepEqual(await verified(bench(), authenticationJwt(removed)), NOBODY);
    assert.deepEqual(await verified(bench(), authenticationJwt(again)), shown(again, true));

    await bench().operator('POST', '/v1/devices', { device_id: 'keyless' });
    assert.deepEqual(await verified(bench(), authenticationJwt({ ...removed, id: 'keyless' })), NOBODY);

    const old = await bench().device();
    const update = makeUpdate(old, { kind: 'Ed25519' });
    const waiting = authenticationJwt(old);
    assertAnswer(await bench().sendUpdate('rest', update), 'OK');
    const next = { ...updated(update), kind: 'Ed25519' as const };
    for (const jwt of [waiting, authenticationJwt(old)]) assert.deepEqual(await verified(bench(), jwt), NOBODY);
    assert.deepEqual(await verified(bench(), authenticationJwt(next)), shown(next, true));
  });

  it('takes each algorithm of a key, and none that does not fit', async () => {
    const device = await bench().device({ kind: 'Ed25519' });
    const jwt = authenticationJwt(device, { edit: (draft) => Object.assign(draft, { header: { ...draft.header, alg: 'EdDSA' }, signAs: 'EdDSA' }) });
    assert.deepEqual(await verified(bench(), jwt), shown(device, true));
    const wrong = authenticationJwt(device, { edit: (draft) => Object.assign(draft, { header: { ...draft.header, alg: 'ES256' } }) });
    assert.deepEqual(await verified(bench(), wrong), NOBODY);
  });

  it('counts what it decides', async () => {
    const counts = async (): Promise<number[]> => {
      const text = await (await fetch(`${bench().service.url}/metrics`)).text();
      return ['active', 'inactive'].map((outcome) => {
        const line = text.split('\n').find((each) => each.startsWith('keyturn_') && each.includes('what="jwt"') && each.includes(`outcome="${outcome}"`));
        return Number(line?.split(' ')[1] ?? 0);
      });
    };
    const [active = 0, inactive = 0] = await counts();
    const jwt = authenticationJwt(await bench().device());
    for (const each of [jwt, jwt, 'x']) await verified(bench(), each);
    assert.deepEqual(await counts(), [active + 1, inactive + 2]);
  });
});
