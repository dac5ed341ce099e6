import type { Draft } from '../jwt.ts';
import type { JwtRow } from './row.ts';

const set = (members: Record<string, unknown>) => (draft: Draft) => void Object.assign(draft.payload, members);

function payloadText({ payload }: Draft, before: string): string {
  return `{${before},${JSON.stringify(payload).slice(1)}`;
}

const JTI: readonly JwtRow[] = [
  { name: 'jti missing', want: 'E401', edit: set({ jti: undefined }) },
  { name: 'jti null', want: 'E401', edit: set({ jti: null }) },
  { name: 'jti a number', want: 'E401', edit: set({ jti: 12_345_678_901_234 }) },
  { name: 'jti a list', want: 'E401', edit: set({ jti: ['0'.repeat(32)] }) },
  { name: 'jti empty', want: 'E401', edit: set({ jti: '' }) },
  { name: 'jti of 31 characters', want: 'E401', edit: set({ jti: 'A'.repeat(31) }) },
  { name: 'jti of 32 characters', want: 'OK', edit: set({ jti: 'A'.repeat(32) }) },
  { name: 'jti of 33 characters', want: 'OK', edit: set({ jti: 'A'.repeat(33) }) },
  { name: 'jti of 64 characters', want: 'OK', edit: set({ jti: '0aF9'.repeat(16) }) },
  { name: 'jti of 65 characters', want: 'E401', edit: set({ jti: 'A'.repeat(65) }) },
  { name: 'jti not hex', want: 'E401', edit: set({ jti: `${'A'.repeat(31)}G` }) },
  { name: 'jti a UUID with hyphens', want: 'E401', edit: set({ jti: '01234567-89ab-cdef-0123-456789abcdef' }) },
  { name: 'jti with a line break after', want: 'E401', edit: set({ jti: `${'A'.repeat(32)}\n` }) },
  { name: 'jti with digits of another script', want: 'E401', edit: set({ jti: '\u0661'.repeat(32) }) },
];

const AT_EXP: readonly JwtRow[] = [
  { name: 'exp is now', want: 'E401', edit: ({ payload }, bench) => void (payload['exp'] = bench.atSecond()) },
  { name: 'exp one second ahead', want: 'OK', edit: ({ payload }, bench) => void (payload['exp'] = bench.atSecond() + 1) },
  { name: 'exp one second ago', want: 'E401', edit: ({ payload }, bench) => void (payload['exp'] = bench.atSecond() - 1) },
  { name: 'exp with a fraction, past', want: 'E401', edit: ({ payload }, bench) => void (payload['exp'] = bench.atSecond() - 0.5) },
  { name: 'exp with a fraction, ahead', want: 'OK', edit: ({ payload }, bench) => void (payload['exp'] = bench.atSecond() + 0.9) },
  { name: 'exp 0', want: 'E401', edit: set({ exp: 0 }) },
  { name: 'exp negative', want: 'E401', edit: set({ exp: -1 }) },
  { name: 'exp far ahead', want: 'OK', edit: set({ exp: 1e15 }) },
  { name: 'exp as text', want: 'E401', edit: set({ exp: '99999999999' }) },
  { name: 'exp null', want: 'E401', edit: set({ exp: null }) },
  { name: 'exp true', want: 'E401', edit: set({ exp: true }) },
  { name: 'exp too large for a number', want: 'E401', edit: (draft) => void (draft.payloadText = payloadText(draft, '"exp":1e999')) },
  { name: 'nbf is now', want: 'OK', edit: ({ payload }, bench) => void (payload['nbf'] = bench.atSecond()) },
  { name: 'nbf one second ahead', want: 'E401', edit: ({ payload }, bench) => void (payload['nbf'] = bench.atSecond() + 1) },
  { name: 'nbf a fraction ahead', want: 'E401', edit: ({ payload }, bench) => void (payload['nbf'] = bench.atSecond() + 0.9) },
  { name: 'nbf as text', want: 'E401', edit: set({ nbf: '1' }) },
  { name: 'nbf null', want: 'E401', edit: set({ nbf: null }) },
  { name: 'nbf a list', want: 'E401', edit: set({ nbf: [1] }) },
];

const IGNORED: readonly JwtRow[] = [
  { name: 'iss, aud, iat and others of any type', want: 'OK', edit: set({ iss: 1, aud: { a: [null] }, iat: 'never', foo: true }) },
  { name: 'iat ahead', want: 'OK', edit: set({ iat: 99_999_999_999 }) },
  { name: 'payload members in another order', want: 'OK', edit: (draft) => void (draft.payload = Object.fromEntries(Object.entries(draft.payload).toReversed())) },
  { name: 'payload with white space', want: 'OK', edit: (draft) => void (draft.payloadText = JSON.stringify(draft.payload, null, '\t')) },
];

const TEXT: readonly JwtRow[] = [
  { name: 'payload with jti twice', want: 'E401', edit: (draft) => void (draft.payloadText = payloadText(draft, `"jti":"${'B'.repeat(32)}"`)) },
  { name: 'payload with sub twice, equal', want: 'E401', edit: (draft) => void (draft.payloadText = payloadText(draft, `"sub":"${String(draft.payload['sub'])}"`)) },
  { name: 'payload with public_key twice', want: 'E401', edit: (draft) => void (draft.payloadText = payloadText(draft, '"public_key":""')) },
  { name: 'payload with a duplicate deep within', want: 'E401', edit: (draft) => void (draft.payloadText = payloadText(draft, '"x":{"a":{"b":1,"b":2}}')) },
  { name: 'payload a list', want: 'E401', edit: (draft) => void (draft.payloadText = '[]') },
  { name: 'payload a text', want: 'E401', edit: (draft) => void (draft.payloadText = '"x"') },
  { name: 'payload empty', want: 'E401', edit: (draft) => void (draft.payloadText = '') },
  { name: 'payload not JSON', want: 'E401', edit: (draft) => void (draft.payloadText = '{') },
  { name: 'payload with something after it', want: 'E401', edit: (draft) => void (draft.payloadText = `${JSON.stringify(draft.payload)} x`) },
  { name: 'payload not UTF-8', want: 'E401', edit: (draft) => void (draft.payloadText = Buffer.from(payloadText(draft, '"x":"\xff"'), 'latin1')) },
  { name: 'payload with half a surrogate pair', want: 'E401', edit: (draft) => void (draft.payloadText = payloadText(draft, String.raw`"x":"\ud800"`)) },
  { name: 'payload with NaN', want: 'E401', edit: (draft) => void (draft.payloadText = payloadText(draft, '"x":NaN')) },
];

export const PAYLOAD_ROWS: readonly JwtRow[] = [...JTI, ...AT_EXP, ...IGNORED, ...TEXT];
