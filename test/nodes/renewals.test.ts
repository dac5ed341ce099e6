import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../wire/answer.ts';
import type { Wire } from '../wire/answer.ts';
import { newPair, pemOf } from '../wire/jwt.ts';
import { assertDone, createDevice, freezeDevice, operate } from '../wire/operator.ts';
import { basicOf, clientsSetting } from '../wire/tokens/clients.ts';
import { introspect, newToken } from '../wire/tokens/kit.ts';
import { SCOPES, assertGranted, assertRefused, renewIts, storedTokens } from '../wire/tokens/renewals.ts';
import type { Holder } from '../wire/tokens/renewals.ts';
import { withNodes } from './nodes.ts';

const ALL = SCOPES.join(' ');
const ISSUER = 'https://id.example/';

describe('two nodes: renewals and introspection', () => {
  const nodes = withNodes({
    KEYTURN_PEER_FAILURES_PER_MINUTE: '100000', KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1000', KEYTURN_IOTHENTIX_ISSUER: ISSUER,
    KEYTURN_IOTHENTIX_INTROSPECT_REQUIRES_AUTH: 'true', KEYTURN_IOTHENTIX_INTROSPECT_CLIENTS: clientsSetting({ gateway: 'pass word' }),
  });
  const right = ['authorization', basicOf('gateway', 'pass word')] as const;
  let serial = 0;

  /** Who has a token of the first node. */
  async function holder(wire: Wire): Promise<Holder> {
    serial += 1;
    const device = { id: `renewed-${serial}`, pair: newPair(), kind: 'P-256' } as const;
    assertDone(await operate(nodes().first, 'rest', createDevice({ device_id: device.id, public_key: pemOf(device.pair), scopes: [...SCOPES] })));
    return { device, token: (await newToken(nodes().first, wire, device)).access_token };
  }

  it('of 64 renewals of one token over both nodes and both wires exactly 24 succeed; 3 times', async () => {
    for (let round = 0; round < 3; round += 1) {
      const own = await holder('rest');
      const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => renewIts(...nodes().turn(index), own)));
      const granted = answers.filter(({ status }) => status === 0 || status === 200);
      assert.equal(new Set(granted.map((answer) => assertGranted(answer, ALL).access_token)).size, 24);
      for (const answer of answers.filter((one) => !granted.includes(one))) assertRefused(answer, 'EXHAUSTED');
      assert.deepEqual(await storedTokens(nodes(), own), { tokens: 25, renewals: [24], audits: 24 });
    }
  });

  for (const wire of WIRES) {
    it(`${wire}: what one has renewed or frozen counts at the other at once, by one issuer and one password`, async () => {
      const { first, second } = nodes();
      const own = await holder(wire);
      const { access_token: token } = assertGranted(await renewIts(second, wire, own), ALL);
      const seen = await Promise.all([first, second].map((node) => introspect(node, wire, token, [right])));
      assert.equal(seen[0]?.body, seen[1]?.body);
      assert.match(seen[0]?.body ?? '', new RegExp(`^\\{"active":true,"sub":"${own.device.id}","scope":"${ALL}","iss":"${ISSUER}","exp":[0-9]{10}\\}$`));
      for (const node of [first, second]) assertRefused(await introspect(node, wire, token), 'TOKEN');
      assertDone(await operate(first, wire, freezeDevice({ device_id: own.device.id })));
      for (const value of [own.token, token]) {
        assert.equal((await introspect(second, wire, value, [right])).body, '{"active":false}');
        assertRefused(await renewIts(second, wire, { ...own, token: value }), 'TOKEN');
      }
    });
  }
});
