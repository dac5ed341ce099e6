import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import { WIRES } from '../answer.ts';
import { withBench } from '../rows.ts';
import { introspect, newToken } from './kit.ts';
import { assertRefused, holder, renewIts } from './renewals.ts';

/** What an application does to a device, with a body besides force_disconnect. */
const RESETS = [
  ['a secret', '/action?action_id=resetSecret', {}],
  ['a fingerprint', '/reset-fingerprint', { fingerprint: 'ab'.repeat(20) }],
] as const;

describe('the tokens of a device that an application disconnects', () => {
  const bench = withBench();

  async function reset(deviceId: string, path: string, body: object): Promise<void> {
    const headers = [['X-Auth-Token', OPERATOR_TOKEN], ['Content-Type', 'application/json']] as const;
    const answer = await bench().rest.send({ target: `/v5/iot/default/devices/${deviceId}${path}`, headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 200, answer.body);
  }

  for (const wire of WIRES) {
    for (const [what, path, body] of RESETS) {
      it(`${wire}: stay when ${what} is reset, and end when it is reset with force_disconnect, those of its key too`, async () => {
        const own = await holder(bench(), wire);
        const isActive = async (): Promise<boolean> => (JSON.parse((await introspect(bench(), wire, own.token)).body) as { active: boolean }).active;
        await reset(own.device.id, path, body);
        assert.equal(await isActive(), true);
        await reset(own.device.id, path, { ...body, force_disconnect: true });
        assert.equal(await isActive(), false);
        assertRefused(await renewIts(bench(), wire, own), 'TOKEN');
        const { access_token: token } = await newToken(bench(), wire, own.device);
        assert.ok(token, 'its key counts as before');
      });
    }
  }
});
