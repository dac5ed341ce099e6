import { encode, newPair, pemOf } from '../jwt.ts';
import type { Draft } from '../jwt.ts';
import { REST } from '../rows.ts';
import type { JwtRow } from './row.ts';

/** A header whose text begins with the given members and goes on as usual. */
function headerText({ header }: Draft, before: string): string {
  return `{${before},${JSON.stringify(header).slice(1)}`;
}

const set = (members: Record<string, unknown>) => (draft: Draft) => void Object.assign(draft.header, members);

const TYP: readonly JwtRow[] = [
  { name: 'typ missing', want: 'E401', edit: set({ typ: undefined }) },
  { name: 'typ jwt', want: 'E401', edit: set({ typ: 'jwt' }) },
  { name: 'typ with a media type', want: 'E401', edit: set({ typ: 'application/JWT' }) },
  { name: 'typ with a space', want: 'E401', edit: set({ typ: 'JWT ' }) },
  { name: 'typ null', want: 'E401', edit: set({ typ: null }) },
  { name: 'typ a list', want: 'E401', edit: set({ typ: ['JWT'] }) },
];

const KID: readonly JwtRow[] = [
  { name: 'kid missing', want: 'E401', edit: set({ kid: undefined }) },
  { name: 'kid empty, sub too', want: 'E401', edit: both('') },
  { name: 'kid a number, sub too', want: 'E401', edit: both(1) },
  { name: 'kid a list of the id, sub too', want: 'E401', edit: (draft) => both([draft.payload['sub']])(draft) },
  { name: 'kid in another case', want: 'E401', edit: ({ header }) => void (header['kid'] = String(header['kid']).toUpperCase()) },
  { name: 'kid and sub in another case', want: 'E401', edit: (draft) => both(String(draft.payload['sub']).toUpperCase())(draft) },
  { name: 'kid and sub with a space after', want: 'E401', edit: (draft) => both(`${String(draft.payload['sub'])} `)(draft) },
  { name: 'kid and sub with NUL after', want: 'E401', edit: (draft) => both(`${String(draft.payload['sub'])}\0`)(draft) },
  { name: 'kid and sub not of the pattern', want: 'E401', edit: both('a:b') },
  { name: 'kid and sub of 129 characters', want: 'E401', edit: both('a'.repeat(129)) },
  { name: 'a device id of 128 characters', want: 'OK', device: { id: `${'i'.repeat(64)}._-${'j'.repeat(61)}` }, wires: REST },
  { name: 'kid and sub of no device', want: 'E401', edit: both('nobody') },
  { name: 'sub missing', want: 'E401', edit: ({ payload }) => void delete payload['sub'] },
  { name: 'sub of another device', want: 'E401', edit: ({ payload }) => void (payload['sub'] = 'other') },
  { name: 'kid of another device', want: 'E401', edit: set({ kid: 'other' }) },
];

function both(id: unknown): (draft: Pick<Draft, 'header' | 'payload'>) => void {
  return ({ header, payload }) => {
    header['kid'] = id;
    payload['sub'] = id;
  };
}

const stranger = newPair();
const FORBIDDEN: readonly JwtRow[] = [
  { name: 'crit of a known member', want: 'E401', edit: set({ crit: ['exp'] }) },
  { name: 'crit empty', want: 'E401', edit: set({ crit: [] }) },
  { name: 'crit null', want: 'E401', edit: set({ crit: null }) },
  { name: 'b64 false without crit', want: 'E401', edit: set({ b64: false }) },
  { name: 'b64 false with crit', want: 'E401', edit: set({ b64: false, crit: ['b64'] }) },
  { name: 'jwk of the registered key', want: 'E401', edit: (draft) => set({ jwk: draft.signer.export({ format: 'jwk' }) })(draft) },
  { name: 'jwk null', want: 'E401', edit: set({ jwk: null }) },
  {
    name: 'jwk of the key that signed, which is not registered',
    want: 'E401',
    edit(draft) {
      draft.signer = stranger.privateKey;
      draft.header['jwk'] = stranger.publicKey.export({ format: 'jwk' });
    },
  },
  { name: 'jku', want: 'E401', edit: set({ jku: 'http://127.0.0.1:1/jwks.json' }) },
  { name: 'x5c', want: 'E401', edit: set({ x5c: [pemOf(stranger)] }) },
  { name: 'x5u', want: 'E401', edit: set({ x5u: 'http://127.0.0.1:1/x.pem' }) },
  { name: 'other members are ignored', want: 'OK', edit: set({ cty: 'x', foo: { bar: [1] }, x5t: 'abc' }) },
];

const TEXT: readonly JwtRow[] = [
  { name: 'header members in another order', want: 'OK', edit: reverse },
  { name: 'header with white space', want: 'OK', edit: (draft) => void (draft.headerText = JSON.stringify(draft.header, null, 2)) },
  { name: 'header with white space around it', want: 'OK', edit: (draft) => void (draft.headerText = ` ${JSON.stringify(draft.header)}\n`) },
  { name: 'header with an escaped member name', want: 'OK', edit: escape },
  { name: 'header with alg twice, none first', want: 'E401', edit: (draft) => void (draft.headerText = headerText(draft, '"alg":"none"')) },
  { name: 'header with kid twice, equal', want: 'E401', edit: (draft) => void (draft.headerText = headerText(draft, `"kid":"${String(draft.header['kid'])}"`)) },
  { name: 'header with kid twice, once escaped', want: 'E401', edit: (draft) => void (draft.headerText = headerText(draft, String.raw`"\u006bid":"x"`)) },
  { name: 'header with a duplicate deep within', want: 'E401', edit: (draft) => void (draft.headerText = headerText(draft, '"x":[{"a":1,"a":1}]')) },
  { name: 'header a list', want: 'E401', edit: (draft) => void (draft.headerText = '[]') },
  { name: 'header null', want: 'E401', edit: (draft) => void (draft.headerText = 'null') },
  { name: 'header not JSON', want: 'E401', edit: (draft) => void (draft.headerText = '{alg:ES256}') },
  { name: 'header with something after it', want: 'E401', edit: (draft) => void (draft.headerText = `${JSON.stringify(draft.header)}{}`) },
  { name: 'header with NUL after it', want: 'E401', edit: (draft) => void (draft.headerText = `${JSON.stringify(draft.header)}\0`) },
  { name: 'header with a byte order mark', want: 'E401', edit: (draft) => void (draft.headerText = `\uFEFF${JSON.stringify(draft.header)}`) },
  { name: 'header not UTF-8', want: 'E401', edit: (draft) => void (draft.headerText = Buffer.from(headerText(draft, '"x":"\xff"'), 'latin1')) },
  { name: 'header nested 1000 deep', want: 'E401', edit: (draft) => void (draft.headerText = headerText(draft, `"x":${'['.repeat(1000)}${']'.repeat(1000)}`)) },
  { name: 'header with __proto__ that holds alg', want: 'E401', edit: (draft) => void (draft.headerText = `{"__proto__":${JSON.stringify(draft.header)}}`) },
  { name: 'header as base64 text within base64url', want: 'E401', edit: (draft) => void (draft.headerText = encode(JSON.stringify(draft.header))) },
];

function reverse(draft: Draft): void {
  draft.headerText = JSON.stringify(Object.fromEntries(Object.entries(draft.header).toReversed()));
}

function escape(draft: Draft): void {
  draft.headerText = JSON.stringify(draft.header).replace('"kid"', String.raw`"\u006bid"`);
}

export const HEADER_ROWS: readonly JwtRow[] = [...TYP, ...KID, ...FORBIDDEN, ...TEXT];
