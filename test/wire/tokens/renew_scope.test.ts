import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { WIRES } from '../answer.ts';
import { withBench } from '../rows.ts';
import { introspect } from './kit.ts';
import { REFRESH, SCOPES, assertGranted, assertRefused, holder, renewIts } from './renewals.ts';

const ALL = SCOPES.join(' ');

describe('section 8.2: scopes of a renewal', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1000', KEYTURN_IOTHENTIX_MAX_RENEWALS: '1000' });

  for (const wire of WIRES) {
    it(`${wire}: are those asked for, in that order, each once`, async () => {
      const own = await holder(bench(), wire);
      for (const [asked, granted] of [
        ['config.read', 'config.read'],
        [`${REFRESH} telemetry.write`, `${REFRESH} telemetry.write`],
        [`config.read ${REFRESH} telemetry.write`, `config.read ${REFRESH} telemetry.write`],
        ['config.read config.read', 'config.read'],
        [ALL, ALL],
      ] as const) {
        const { access_token: token } = assertGranted(await renewIts(bench(), wire, own, { scope: asked }), granted);
        const seen = JSON.parse((await introspect(bench(), wire, token)).body) as { scope: string };
        assert.equal(seen.scope, granted);
      }
    });

    it(`${wire}: are all of the first, in its order, if none are asked for`, async () => {
      const own = await holder(bench(), wire);
      for (const scope of [undefined, '']) assertGranted(await renewIts(bench(), wire, own, { scope }), ALL);
      const narrow = await holder(bench(), wire, { asked: `config.read ${REFRESH}` });
      for (const scope of [undefined, '']) assertGranted(await renewIts(bench(), wire, narrow, { scope }), `config.read ${REFRESH}`);
    });

    it(`${wire}: may be wider again than those of an earlier token that was narrowed`, async () => {
      const own = await holder(bench(), wire);
      const { access_token: token } = assertGranted(await renewIts(bench(), wire, own, { scope: REFRESH }), REFRESH);
      const narrowed = { ...own, token };
      assertGranted(await renewIts(bench(), wire, narrowed, { scope: 'config.read' }), 'config.read');
      assertGranted(await renewIts(bench(), wire, narrowed, { scope: ALL }), ALL);
      assertGranted(await renewIts(bench(), wire, narrowed), ALL);
    });

    it(`${wire}: are never beyond those first issued, though the device may have them`, async () => {
      const own = await holder(bench(), wire, { asked: `telemetry.write ${REFRESH}` });
      for (const scope of ['config.read', `telemetry.write ${REFRESH} config.read`, ALL]) assertRefused(await renewIts(bench(), wire, own, { scope }), 'SCOPE');
      const { access_token: token } = assertGranted(await renewIts(bench(), wire, own, { scope: REFRESH }), REFRESH);
      assertRefused(await renewIts(bench(), wire, { ...own, token }, { scope: 'config.read' }), 'SCOPE');
    });

    it(`${wire}: are compared word by word, in their letter case`, async () => {
      const own = await holder(bench(), wire);
      for (const scope of ['telemetry', 'telemetry.write2', 'Telemetry.write', 'config.read,telemetry.write', '*', 'config.read\ttelemetry.write', '__proto__', 'x'.repeat(1024)]) {
        assertRefused(await renewIts(bench(), wire, own, { scope }), 'SCOPE');
      }
    });

    it(`${wire}: are words joined by single spaces, at most 1024 characters`, async () => {
      const own = await holder(bench(), wire);
      for (const scope of [' ', ' config.read', 'config.read ', 'config.read  telemetry.write', 'x'.repeat(1025)]) {
        assertRefused(await renewIts(bench(), wire, own, { scope }), 'FORM');
      }
      const most = Array.from({ length: 64 }, () => 'telemetry.write').join(' ');
      assert.equal(most.length, 1023);
      assertGranted(await renewIts(bench(), wire, own, { scope: most }), 'telemetry.write');
      assertRefused(await renewIts(bench(), wire, own, { scope: `${most} x` }), 'FORM');
    });

    it(`${wire}: must have had ${REFRESH} in the earlier token, whatever the first one had`, async () => {
      const own = await holder(bench(), wire);
      const { access_token: token } = assertGranted(await renewIts(bench(), wire, own, { scope: 'config.read' }), 'config.read');
      for (const scope of [undefined, 'config.read', REFRESH]) assertRefused(await renewIts(bench(), wire, { ...own, token }, { scope }), 'REFRESH');
      const without = await holder(bench(), wire, { scopes: ['refresh', 'refresh.tokens', 'Refresh.token'] });
      assertRefused(await renewIts(bench(), wire, without), 'REFRESH');
      const bare = await holder(bench(), wire, { scopes: [] });
      assertRefused(await renewIts(bench(), wire, bare), 'REFRESH');
      const alone = await holder(bench(), wire, { scopes: [REFRESH] });
      assertGranted(await renewIts(bench(), wire, alone), REFRESH);
    });
  }
});
