import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { OPERATOR_TOKEN } from '../../support/service.ts';
import { WIRES } from '../answer.ts';
import type { Wire } from '../answer.ts';
import { REST, withBench } from '../rows.ts';
import { authOf, deviceAuth, setSecret } from '../secrets.ts';
import { authenticationJwt, issue, newToken, renew } from './kit.ts';
import { MANY_FAILURES, SCOPES, assertGranted, assertRefused, holder } from './renewals.ts';

type Header = readonly [string, string];
/** What is sent with a token, and another one of the same device. */
type Row = readonly [name: string, headers: (token: string, other: string) => readonly Header[], wires?: readonly Wire[]];

const authorization = (value: string): Header => ['authorization', value];
const authorisation = (value: string): Header => ['authorisation', value];

const ACCEPTED: readonly Row[] = [
  ['bare', (token) => [authorization(token)]],
  ...['Bearer', 'bearer', 'BEARER', 'bEaReR'].map((word): Row => [word, (token) => [authorization(`${word} ${token}`)]]),
  ['the alias, bare', (token) => [authorisation(token)]],
  ['the alias with Bearer', (token) => [authorisation(`bEARER ${token}`)]],
  ['both names, bare', (token) => [authorization(token), authorisation(token)]],
  ['named by Connection', (token) => [authorization(token), ['Connection', 'authorization']], REST],
  ['the alias named by Connection', (token) => [authorisation(token), ['Connection', 'authorisation']], REST],
  ['both names, the alias first, with Bearer', (token) => [authorisation(`Bearer ${token}`), authorization(`Bearer ${token}`)]],
];

/** No client of gRPC sends a tab, or the name twice. */
const REFUSED: readonly Row[] = [
  ['nothing', () => []],
  ['nothing in it', () => [authorization('')]],
  ['the scheme word alone', () => [authorization('Bearer')]],
  ['another scheme', (token) => [authorization(`Token ${token}`)]],
  ['the scheme Basic', (token) => [authorization(`Basic ${Buffer.from(`x:${token}`).toString('base64')}`)]],
  ['two spaces', (token) => [authorization(`Bearer  ${token}`)]],
  ['a tab', (token) => [authorization(`Bearer\t${token}`)], REST],
  ['the scheme word twice', (token) => [authorization(`Bearer Bearer ${token}`)]],
  ['a comma behind', (token) => [authorization(`${token},`)]],
  ['two in one value', (token, other) => [authorization(`${token}, ${other}`)]],
  ['quotes', (token) => [authorization(`"${token}"`)]],
  ['its first half', (token) => [authorization(token.slice(0, 43))]],
  ['one character more', (token) => [authorization(`${token}A`)]],
  ['one character less', (token) => [authorization(token.slice(0, -1))]],
  ['its halves in the other order', (token) => [authorization(token.split('.').toReversed().join('.'))]],
  ['a dot behind', (token) => [authorization(`${token}.`)]],
  ['garbage', () => [authorization('garbage')]],
  ['garbage in two names', () => [authorization('garbage'), authorisation('garbage')]],
  ['8 KiB of garbage', () => [authorization('A'.repeat(8192))]],
  ['both names with two tokens', (token, other) => [authorization(token), authorisation(other)]],
  ['both names with two tokens, the name named by Connection', (token, other) => [authorization(other), authorisation(token), ['Connection', 'authorization']], REST],
  ['both names with two tokens, the alias named by Connection', (token, other) => [authorization(token), authorisation(other), ['Connection', 'authorisation']], REST],
  ['both names, one with Bearer', (token) => [authorization(token), authorisation(`Bearer ${token}`)]],
  ['both names, one with garbage', (token) => [authorization('garbage'), authorisation(token)]],
  ['both names, the alias with garbage', (token) => [authorization(token), authorisation('garbage')]],
  ['both names, one empty', (token) => [authorization(''), authorisation(token)]],
  ['both names, the alias empty', (token) => [authorization(token), authorisation('')]],
  ['repeated, the same', (token) => [authorization(token), authorization(token)], REST],
  ['repeated, two tokens', (token, other) => [authorization(token), authorization(other)], REST],
  ['the alias repeated', (token) => [authorisation(token), authorisation(token)]],
  ['repeated, with the alias', (token) => [authorization(token), authorization(token), authorisation(token)], REST],
  ['the alias repeated, with the name', (token) => [authorization(token), authorisation(token), authorisation(token)]],
  ['both repeated', (token) => [authorization(token), authorization(token), authorisation(token), authorisation(token)], REST],
  ['other names', (token) => [['x-auth-token', token], ['access_token', token], ['authorization-token', token]]],
];

describe('section 8.2: the earlier token', () => {
  const bench = withBench({ ...MANY_FAILURES, KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1000' });

  for (const wire of WIRES) {
    for (const [name, headers, wires = WIRES] of ACCEPTED) {
      if (!wires.includes(wire)) continue;
      it(`${wire}: is taken: ${name}`, async () => {
        const { device, token } = await holder(bench(), wire);
        assertGranted(await renew(bench(), wire, { clientId: device.id, headers: headers(token, token) }), SCOPES.join(' '));
      });
    }

    for (const [name, headers, wires = WIRES] of REFUSED) {
      if (!wires.includes(wire)) continue;
      it(`${wire}: is E401: ${name}`, async () => {
        const { device, token } = await holder(bench(), wire);
        const { access_token: other } = await newToken(bench(), wire, device);
        assertRefused(await renew(bench(), wire, { clientId: device.id, headers: headers(token, other) }), 'TOKEN');
      });
    }

    it(`${wire}: is not a JWT of the device, which is not spent`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const jwt = authenticationJwt(device);
      for (const value of [jwt, `Bearer ${jwt}`]) assertRefused(await renew(bench(), wire, { authorization: value, clientId: device.id }), 'TOKEN');
      assert.equal((await bench().stored(device.id)).jtis, 0);
      assertGranted(await issue(bench(), wire, { authorization: jwt, clientId: device.id }), SCOPES.join(' '));
    });

    it(`${wire}: is not a token of /v5/device-auth, though the device has a key too`, async () => {
      const device = await bench().device({ scopes: SCOPES });
      const secret = 'a-secret-of-a-device';
      await setSecret(bench(), device.id, 'PRIMARY', secret);
      const answer = await deviceAuth(bench(), wire, authOf(device.id, secret));
      const { access_token: token } = JSON.parse(answer.body) as { access_token: string };
      assert.match(token, /^[A-Za-z0-9_-]{43}$/);
      for (const value of [token, `Bearer ${token}`]) assertRefused(await renew(bench(), wire, { authorization: value, clientId: device.id }), 'TOKEN');
    });

    it(`${wire}: is not the operator's, and none of another device`, async () => {
      const [{ device, token }, other] = [await holder(bench(), wire), await holder(bench(), wire)];
      assertRefused(await renew(bench(), wire, { authorization: OPERATOR_TOKEN, clientId: device.id }), 'TOKEN');
      assertRefused(await renew(bench(), wire, { authorization: token, clientId: other.device.id }), 'CLIENT');
    });
  }

  it('and what it was renewed to come neither to the log nor to the audit trail', async () => {
    const { device, token } = await holder(bench(), 'rest');
    const texts = [token];
    for (const wire of WIRES) {
      const headers = [authorisation(token)];
      texts.push(assertGranted(await renew(bench(), wire, { clientId: device.id, headers }), SCOPES.join(' ')).access_token);
      for (const refused of [[authorization('hush-hush'), authorisation(token)], [authorization(token), authorisation('hush-hush')], [authorisation('hush-hush')]]) {
        assertRefused(await renew(bench(), wire, { clientId: device.id, headers: refused }), 'TOKEN');
      }
    }
    const { rows } = await bench().sql.query('select * from audit_event where device_id = $1', [device.id]);
    const told = JSON.stringify([bench().service.lines, rows]);
    for (const text of [...texts, 'hush-hush']) assert.ok(!told.includes(text) && !told.includes(text.slice(0, 43)));
  });
});
