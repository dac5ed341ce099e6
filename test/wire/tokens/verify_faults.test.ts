import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { spkiOf } from '../../crypto/keys.ts';
import { EVERY_ALGORITHM } from '../harness.ts';
import type { Bench } from '../harness.ts';
import { encode, newJti, newPair, oneLine, secondSpelling } from '../jwt.ts';
import type { Draft } from '../jwt.ts';
import { withBench } from '../rows.ts';
import { NOBODY, shown, verified } from './checks.ts';
import { NOTHING, storedTokens } from './issue_rows.ts';
import { authenticationJwt, verifyJwt } from './kit.ts';

interface Row {
  readonly name: string;
  /** Changes the JWT before it is signed; `bench` gives the clock. */
  readonly edit?: (draft: Draft, bench: Bench) => void;
  /** What is sent in place of the JWT. */
  readonly sent?: (jwt: string) => string;
}

const stranger = newPair();
const header = (members: Record<string, unknown>) => (draft: Draft) => void Object.assign(draft.header, members);
const payload = (members: Record<string, unknown>) => (draft: Draft) => void Object.assign(draft.payload, members);
const at = (member: 'exp' | 'nbf', offset: number) => (draft: Draft, bench: Bench) => void (draft.payload[member] = bench.atSecond() + offset);

function both(id: unknown): (draft: Draft) => void {
  return (draft) => {
    header({ kid: id })(draft);
    payload({ sub: id })(draft);
  };
}

/** A text that begins with the given members and goes on as usual. */
function before(text: string, members: object): string {
  return `{${text},${JSON.stringify(members).slice(1)}`;
}

function named(alg: string, change: (draft: Draft) => void = () => {}): (draft: Draft) => void {
  return (draft) => {
    draft.header['alg'] = alg;
    change(draft);
  };
}

/** The base64url of a part with an unused bit that is set. */
function odd(part: 'header' | 'payload'): (draft: Draft) => void {
  return (draft) => {
    let text = JSON.stringify(draft[part]);
    while (Buffer.byteLength(text) % 3 === 0) text += ' ';
    if (part === 'header') Object.assign(draft, { headerText: text, editHeader: secondSpelling });
    else Object.assign(draft, { payloadText: text, editPayload: secondSpelling });
  };
}

/** Makes a JWT longer. */
function fill(spaces: number, letters: number): (draft: Draft) => void {
  return (draft) => {
    draft.headerText = JSON.stringify(draft.header) + ' '.repeat(spaces);
    draft.payload['x'] = 'x'.repeat(letters);
  };
}

/** Faults of section 5, each in a JWT that is good otherwise, and one that would be good if it counted as something else. */
const FAULTS: readonly Row[] = [
  ...['none', 'HS256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'es256', 'ES256K', ''].map((alg) => ({ name: `alg ${alg || 'empty'}`, edit: named(alg) })),
  { name: 'alg none and no signature', edit: named('none', (draft) => void (draft.signature = Buffer.alloc(0))) },
  { name: 'alg missing', edit: header({ alg: undefined }) },
  { name: 'alg a list', edit: header({ alg: ['ES256'] }) },
  ...[undefined, 'jwt', 'at+jwt', 'application/JWT', null, ['JWT']].map((typ) => ({ name: `typ ${JSON.stringify(typ)}`, edit: header({ typ }) })),
  ...[undefined, 'other', '', null].map((kid) => ({ name: `kid ${JSON.stringify(kid)}`, edit: header({ kid }) })),
  ...['nobody', '', 7, 'a:b', 'a'.repeat(129), 'a\0', ['x']].map((id) => ({ name: `kid and sub ${JSON.stringify(id).slice(0, 20)}`, edit: both(id) })),
  { name: 'kid and sub in another case', edit: (draft) => both(String(draft.payload['sub']).toUpperCase())(draft) },
  ...[undefined, 'other', null].map((sub) => ({ name: `sub ${JSON.stringify(sub)}`, edit: payload({ sub }) })),
  ...[{ crit: [] }, { crit: ['exp'] }, { b64: false }, { jwk: stranger.publicKey.export({ format: 'jwk' }) }, { jku: 'http://127.0.0.1:1/' }, { x5c: [] }, { x5u: 'http://127.0.0.1:1/' }].map((members) => ({
    name: `header with ${JSON.stringify(members).slice(0, 20)}`,
    edit: header(members),
  })),
  ...[undefined, null, 7, '', 'A'.repeat(31), 'A'.repeat(65), `${'A'.repeat(31)}G`, `${'A'.repeat(32)}\n`, ['0'.repeat(32)]].map((jti) => ({ name: `jti ${JSON.stringify(jti)?.slice(0, 20)}`, edit: payload({ jti }) })),
  { name: 'exp now', edit: at('exp', 0) },
  { name: 'exp a second ago', edit: at('exp', -1) },
  { name: 'exp half a second ago', edit: at('exp', -0.5) },
  ...['99999999999', null, true, [9e9]].map((exp) => ({ name: `exp ${JSON.stringify(exp)}`, edit: payload({ exp }) })),
  { name: 'nbf a second ahead', edit: at('nbf', 1) },
  ...['1', null].map((nbf) => ({ name: `nbf ${JSON.stringify(nbf)}`, edit: payload({ nbf }) })),
  { name: 'the JWT of a key update', edit: payload({ public_key: oneLine(spkiOf(stranger)) }) },
  ...['', null].map((key) => ({ name: `public_key ${JSON.stringify(key)}`, edit: payload({ public_key: key }) })),
  { name: 'a signature by another', edit: (draft) => void (draft.signer = stranger.privateKey) },
  { name: 'a signature of zeros', edit: (draft) => void (draft.signature = Buffer.alloc(64)) },
  { name: 'a signature of one byte', edit: (draft) => void (draft.signature = Buffer.alloc(1)) },
  { name: 'a signature in a second spelling', edit: (draft) => void (draft.editSignature = secondSpelling) },
  { name: 'a header in a second spelling', edit: odd('header') },
  { name: 'a payload in a second spelling', edit: odd('payload') },
  { name: 'alg twice', edit: (draft) => void (draft.headerText = before('"alg":"none"', draft.header)) },
  { name: 'jti twice', edit: (draft) => void (draft.payloadText = before(`"jti":"${newJti()}"`, draft.payload)) },
  { name: 'a header nested 1000 deep', edit: (draft) => void (draft.headerText = before(`"x":${'['.repeat(1000)}${']'.repeat(1000)}`, draft.header)) },
  { name: 'a payload that is a list', edit: (draft) => void (draft.payloadText = '[]') },
  { name: 'a payload that is not UTF-8', edit: (draft) => void (draft.payloadText = Buffer.from(before('"x":"\xff"', draft.payload), 'latin1')) },
  ...['Bearer  ', 'Bearer: ', 'Basic ', 'Bearer Bearer ', ' '].map((scheme) => ({ name: `after '${scheme}'`, sent: (jwt: string) => scheme + jwt })),
  { name: 'with a space after it', sent: (jwt) => `${jwt} ` },
  { name: 'with a line feed after it', sent: (jwt) => `${jwt}\n` },
  { name: 'with four parts', sent: (jwt) => `${jwt}.AAAA` },
  { name: 'with two parts', sent: (jwt) => jwt.slice(0, jwt.lastIndexOf('.')) },
  { name: 'without a signature', sent: (jwt) => jwt.slice(0, jwt.lastIndexOf('.') + 1) },
  { name: 'with padding', sent: (jwt) => `${jwt}==` },
  { name: 'in the standard alphabet', sent: (jwt) => `${jwt.slice(0, -4)}+/+/` },
  { name: 'twice', sent: (jwt) => `${jwt},${jwt}` },
  { name: 'a word', sent: () => 'secret' },
  { name: 'dots', sent: () => '..' },
  { name: 'JSON', sent: () => encode('{}') },
  { name: 'letters beyond ASCII', sent: () => '\u00e4.\u0131.\u{1F600}' },
];

describe('VerifyDeviceJwt of a JWT that section 5 refuses', () => {
  const bench = withBench(EVERY_ALGORITHM);

  for (const { name, edit, sent } of FAULTS) {
    it(`tells nothing, and stores nothing: ${name}`, async () => {
      const device = await bench().device();
      const jti = newJti();
      const jwt = authenticationJwt(device, { jti, ...(edit && { edit: (draft) => edit(draft, bench()) }) });
      assert.deepEqual(await verified(bench(), sent?.(jwt) ?? jwt), NOBODY);
      assert.deepEqual(await storedTokens(bench().sql, device.id), NOTHING);
      const { rows } = await bench().sql.query(`select action from audit_event where device_id = $1 and action <> 'device.created'`, [device.id]);
      assert.deepEqual(rows, []);
      assert.deepEqual(await verified(bench(), authenticationJwt(device, { jti })), shown(device, true), 'its jti is not spent');
    });
  }

  for (const { name, edit, sent } of [
    { name: 'with `Bearer `', sent: (jwt: string) => `Bearer ${jwt}` },
    { name: 'with `bEARER `', sent: (jwt: string) => `bEARER ${jwt}` },
    { name: 'with exp a second ahead', edit: at('exp', 1) },
    { name: 'with nbf now', edit: at('nbf', 0) },
    { name: 'with a jti of 64 letters', edit: payload({ jti: 'aF'.repeat(32) }) },
    { name: 'with iss, aud, iat of any kind', edit: payload({ iss: 1, aud: { a: [null] }, iat: 'never' }) },
    { name: 'with other members in the header', edit: header({ cty: 'x', foo: 1, x5t: 'abc' }) },
  ] satisfies Row[] as readonly Row[]) {
    it(`takes it ${name}`, async () => {
      const device = await bench().device();
      const jwt = authenticationJwt(device, edit && { edit: (draft) => edit(draft, bench()) });
      assert.deepEqual(await verified(bench(), sent?.(jwt) ?? jwt), shown(device, true));
    });
  }

  for (const [length, active] of [[8192, true], [8193, false]] as const) {
    it(`${active ? 'takes' : 'refuses'} one of ${length} characters`, async () => {
      const device = await bench().device();
      const least = Math.floor((length - authenticationJwt(device, { edit: fill(0, 0) }).length) * 0.75) - 6;
      const jwts = [0, 1, 2].flatMap((spaces) => Array.from({ length: 12 }, (_, more) => authenticationJwt(device, { edit: fill(spaces, least + more) })));
      const jwt = jwts.find((each) => each.length === length) ?? assert.fail(jwts.map((each) => each.length).join());
      assert.deepEqual(await verified(bench(), jwt), active ? shown(device, true) : NOBODY);
    });
  }

  it('refuses a call without one, or with more than a message may hold', async () => {
    const empty = await verifyJwt(bench(), '');
    assert.deepEqual([empty.status, empty.reason, empty.fields], [3, 'DEVICE_REQUEST_MALFORMED', ['jwt']]);
    const long = await verifyJwt(bench(), 'a'.repeat(20_000));
    assert.ok([3, 8].includes(long.status), `${long.status} ${long.body}`);
  });
});
