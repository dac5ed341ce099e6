import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { CONFIRMED, newEmail, newPhone, withIdentities } from '../wire/identity/bench.ts';
import { newIdentityKey } from '../wire/identity/signer.ts';
import type { IdentityKey } from '../wire/identity/signer.ts';
import { keyturn, operatorOf, runHere } from './keyturn.ts';
import type { Ended } from './keyturn.ts';

describe('keyturn identity', () => {
  const bench = withIdentities();
  const run = (...args: string[]): Promise<Ended> => runHere(args, operatorOf(bench().service));
  const shown = async (pk: string): Promise<unknown> => {
    const answer = await fetch(`${bench().service.url}/v1/identities/${pk}`, { headers: { authorization: `Bearer ${OPERATOR_TOKEN}` } });
    return answer.json();
  };

  it('shows a key as REST does, and to people a line a member, without an address', async () => {
    const key = await bench().register({ devtoken: 'a-device-token' });
    const [email, phone] = [newEmail(), newPhone()];
    assert.equal((await bench().bind('rest', key, { email, phone })).body, CONFIRMED);
    const { code, stdout, stderr } = await run('identity', 'show', key.pk, '--json');
    assert.deepEqual([code, stderr], [0, '']);
    assert.deepEqual(JSON.parse(stdout), await shown(key.pk));
    const people = await keyturn(['identity', 'show', key.pk], { environment: operatorOf(bench().service) });
    const lines = people.stdout.trimEnd().split('\n').map((line) => line.split(/ {2,}/));
    assert.deepEqual(lines.filter(([name]) => name !== 'since'), [
      ['pk', key.pk], ['state', 'REGISTERED'], ['has_email', 'yes'], ['has_phone', 'yes'], ['has_devtoken', 'yes'], ['claimed_pk', '-'],
    ]);
    for (const secret of [email, phone, 'a-device-token', key.secret]) assert.ok(!(stdout + people.stdout).includes(secret));
  });

  it('revokes a key, asking first; again it changes nothing', async () => {
    const key = await bench().register();
    const unasked = await run('identity', 'revoke', key.pk);
    assert.deepEqual([unasked.code, unasked.stderr], [2, 'keyturn: there is no terminal to ask for confirmation; add --yes\n']);
    const first = await run('identity', 'revoke', key.pk, '--yes', '--json');
    assert.deepEqual([first.code, (JSON.parse(first.stdout) as { state: string }).state], [0, 'REVOKED']);
    const again = await run('identity', 'revoke', key.pk, '-y', '--json');
    assert.deepEqual(again, first);
    const { audits } = await bench().stored(key);
    assert.deepEqual(audits, ['identity.registered', 'identity.revoked operator']);
  });

  it('does not know a key that is not registered', async () => {
    for (const pk of [newIdentityKey().pk, 'x']) {
      for (const args of [['show', pk], ['revoke', pk, '--yes']]) {
        const { code, stderr } = await run('identity', ...args);
        assert.deepEqual([code, stderr], [3, 'keyturn: There is no such identity key. (IDENTITY_NOT_FOUND)\n']);
      }
    }
  });

  it('takes a key that begins with a hyphen, wherever it stands', async () => {
    const key = await bench().register({}, hyphenated());
    for (const args of [['show', key.pk, '--json'], ['show', '--json', key.pk], ['show', '--json', '--', key.pk], ['revoke', key.pk, '--yes', '--json']]) {
      const { code, stdout, stderr } = await run('identity', ...args);
      assert.deepEqual([code, stderr], [0, ''], args.join(' '));
      assert.equal((JSON.parse(stdout) as { pk: string }).pk, key.pk);
    }
    const { stdout } = await run('audit', 'list', '--identity', key.pk, '--json');
    const { audit_events: events } = JSON.parse(stdout) as { audit_events: { action: string; identity: string }[] };
    assert.deepEqual(events.map(({ action, identity }) => [action, identity]), [['identity.revoked', key.pk], ['identity.registered', key.pk]]);
  });
});

function hyphenated(): IdentityKey {
  for (;;) {
    const key = newIdentityKey();
    if (key.pk.startsWith('-')) return key;
  }
}
