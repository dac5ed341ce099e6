import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, it } from 'mocha';
import { spkiOf } from '../../crypto/keys.ts';
import { WIRES } from '../answer.ts';
import { EVERY_ALGORITHM, makeUpdate } from '../harness.ts';
import type { Device } from '../harness.ts';
import { newPair, oneLine } from '../jwt.ts';
import { ALGORITHM_ROWS, DEFAULT_ROWS, HALF, HALF_ROWS } from '../jwt_rows/algorithms.ts';
import { ENCODING_ROWS } from '../jwt_rows/encoding.ts';
import { HEADER_ROWS } from '../jwt_rows/header.ts';
import { PAYLOAD_ROWS } from '../jwt_rows/payload.ts';
import type { JwtRow } from '../jwt_rows/row.ts';
import { REST, withBench } from '../rows.ts';
import { NOTHING, SCOPES, assertRefused, assertToken, runIssueRows, sendIssue, storedTokens } from './issue_rows.ts';
import type { Asked, IssueRequest, IssueRow } from './issue_rows.ts';
import { ISSUE, authenticationJwt } from './kit.ts';

/** The cases of section 5 for authentication JWTs. */
function asIssues(rows: readonly JwtRow[]): IssueRow[] {
  return rows.map(({ alg, edit, write, ...row }) => ({
    ...row,
    edit(draft, bench) {
      if (alg !== undefined) [draft.header['alg'], draft.signAs] = [alg, alg];
      edit?.(draft, bench);
    },
    request: ({ jwt }) => (write === undefined ? {} : { authorization: write(jwt) }),
  }));
}

const without = (request: (jwt: string) => IssueRequest) => ({ jwt }: Asked): IssueRequest => ({ authorization: undefined, ...request(jwt) });

const SENT: readonly IssueRow[] = [
  { name: 'no authorization', want: 'E401', request: without(() => ({})) },
  { name: 'authorization twice, equal', want: 'E401', wires: REST, request: ({ jwt }) => ({ headers: [['Authorization', jwt]] }) },
  { name: 'authorization twice, bare and with Bearer', want: 'E401', wires: REST, request: ({ jwt }) => ({ headers: [['AUTHORIZATION', `Bearer ${jwt}`]] }) },
  { name: 'authorization twice, once empty', want: 'E401', wires: REST, request: () => ({ headers: [['authorization', '']] }) },
  { name: 'the JWT in Authorisation, which counts for renewals only', want: 'E401', request: without((jwt) => ({ headers: [['authorisation', jwt]] })) },
  { name: 'the JWT in Proxy-Authorization', want: 'E401', wires: REST, request: without((jwt) => ({ headers: [['Proxy-Authorization', jwt]] })) },
  { name: 'the JWT in the query', want: 'E401', wires: REST, request: without((jwt) => ({ target: `${ISSUE}?authorization=${jwt}` })) },
  { name: 'the JWT in the body', want: 'E401', wires: REST, request: ({ device, jwt }) => ({ authorization: undefined, body: JSON.stringify({ client_id: device.id, authorization: jwt }) }) },
];

const PUBLIC_KEY: readonly IssueRow[] = [
  ...[null, '', 'x', 1, false, [], {}, oneLine(spkiOf(newPair()))].map(
    (value): IssueRow => ({ name: `public_key ${JSON.stringify(value).slice(0, 40)}`, want: 'E401', edit: ({ payload }) => void (payload['public_key'] = value) }),
  ),
  { name: 'public_key of the key that is registered', want: 'E401', edit: ({ payload, signer }) => void (payload['public_key'] = oneLine(createPublicKey(signer).export({ type: 'spki', format: 'der' }))) },
  { name: 'public_key in the header', want: 'OK', edit: ({ header }) => void (header['public_key'] = 'x') },
  { name: 'public_key in a member of the payload, and names like it', want: 'OK', edit: ({ payload }) => void Object.assign(payload, { x: { public_key: 'x' }, Public_Key: 'x', publicKey: 'x' }) },
  { name: 'public_key within __proto__', want: 'OK', edit: (draft) => void (draft.payloadText = `{"__proto__":{"public_key":"x"},${JSON.stringify(draft.payload).slice(1)}`) },
];

/** An authentication JWT of exactly so many characters. */
function jwtOfLength(device: Device, length: number): string {
  // White space in the header reaches the lengths that four letters for three bytes skip.
  for (const space of ['', ' ', '  ']) {
    const make = (filler: number): string =>
      authenticationJwt(device, {
        edit(draft) {
          draft.headerText = JSON.stringify(draft.header) + space;
          draft.payload['x'] = 'x'.repeat(filler);
        },
      });
    const bare = Math.floor((length - make(0).length) * 0.75);
    for (let filler = bare - 4; filler < bare + 4; filler += 1) {
      const jwt = make(filler);
      if (jwt.length === length) return jwt;
    }
  }
  throw new Error(`there is no JWT of ${length} characters`);
}

describe('section 5: the JWT of a token request', () => {
  const bench = withBench();
  describe('header', () => runIssueRows(bench, asIssues(HEADER_ROWS)));
  describe('payload', () => runIssueRows(bench, asIssues(PAYLOAD_ROWS)));
  describe('encoding', () => runIssueRows(bench, [...asIssues(ENCODING_ROWS), ...SENT]));
  describe('public_key', () => runIssueRows(bench, PUBLIC_KEY));
  describe('algorithms as by default', () => runIssueRows(bench, asIssues(DEFAULT_ROWS)));

  for (const wire of WIRES) {
    it(`${wire}: 8192 characters are accepted, 8193 are not, bare and with Bearer`, async () => {
      for (const prefix of ['', 'Bearer ']) {
        const device = await bench().device({ scopes: SCOPES });
        assertRefused(await sendIssue(bench(), wire, { authorization: prefix + jwtOfLength(device, 8193), clientId: device.id }), 'E401');
        assert.deepEqual(await storedTokens(bench().sql, device.id), NOTHING);
        assertToken(await sendIssue(bench(), wire, { authorization: prefix + jwtOfLength(device, 8192), clientId: device.id }), SCOPES.join(' '));
      }
    });

    it(`${wire}: an update JWT that was captured buys no token, and updates the key afterwards`, async () => {
      const update = makeUpdate(await bench().device());
      assertRefused(await sendIssue(bench(), wire, { authorization: update.jwt, clientId: update.device.id }), 'E401');
      assert.equal((await bench().sendUpdate(wire, update)).status, wire === 'rest' ? 200 : 0);
    });
  }
});

describe('section 5.1: algorithms of token requests', () => {
  describe('all on', () => runIssueRows(withBench(EVERY_ALGORITHM), asIssues(ALGORITHM_ROWS)));
  describe('one of two of a key type', () => runIssueRows(withBench(HALF), asIssues(HALF_ROWS)));
});
