import { secondSpelling } from '../jwt.ts';
import { REST } from '../rows.ts';
import type { JwtRow } from './row.ts';

const SCHEME: readonly JwtRow[] = [
  { name: 'the bare JWT', want: 'OK', write: (jwt) => jwt },
  { name: 'Bearer', want: 'OK', write: (jwt) => `Bearer ${jwt}` },
  { name: 'bearer', want: 'OK', write: (jwt) => `bearer ${jwt}` },
  { name: 'BEARER', want: 'OK', write: (jwt) => `BEARER ${jwt}` },
  { name: 'bEaReR', want: 'OK', write: (jwt) => `bEaReR ${jwt}` },
  { name: 'Bearer and two spaces', want: 'E401', write: (jwt) => `Bearer  ${jwt}` },
  { name: 'Bearer and a tab', want: 'E401', wires: REST, write: (jwt) => `Bearer\t${jwt}` },
  { name: 'Bearer and no space', want: 'E401', write: (jwt) => `Bearer${jwt}` },
  { name: 'Bearer and a colon', want: 'E401', write: (jwt) => `Bearer: ${jwt}` },
  { name: 'Bearer twice', want: 'E401', write: (jwt) => `Bearer Bearer ${jwt}` },
  { name: 'Bearer alone', want: 'E401', write: () => 'Bearer' },
  { name: 'another scheme', want: 'E401', write: (jwt) => `JWT ${jwt}` },
  { name: 'Basic', want: 'E401', write: (jwt) => `Basic ${jwt}` },
  { name: 'Bearer in letters that only look alike', want: 'E401', wires: REST, write: (jwt) => `B\u00E9arer ${jwt}` },
  { name: 'two JWTs in one value', want: 'E401', write: (jwt) => `${jwt},${jwt}` },
  { name: 'two JWTs with a space', want: 'E401', write: (jwt) => `${jwt} ${jwt}` },
  { name: 'quoted', want: 'E401', write: (jwt) => `"${jwt}"` },
  { name: 'an empty authorization', want: 'E401', write: () => '' },
  { name: 'not a JWT', want: 'E401', write: () => 'secret' },
];

const PARTS: readonly JwtRow[] = [
  { name: 'a dot at the end', want: 'E401', write: (jwt) => `${jwt}.` },
  { name: 'a dot at the start', want: 'E401', write: (jwt) => `.${jwt}` },
  { name: 'two dots', want: 'E401', write: (jwt) => jwt.replace('.', '..') },
  { name: 'four parts', want: 'E401', write: (jwt) => `${jwt}.AAAA` },
  { name: 'five parts', want: 'E401', write: (jwt) => `${jwt}.AAAA.AAAA` },
  { name: 'no signature', want: 'E401', write: (jwt) => jwt.slice(0, jwt.lastIndexOf('.') + 1) },
  { name: 'two parts', want: 'E401', write: (jwt) => jwt.slice(0, jwt.lastIndexOf('.')) },
  { name: 'padding after the signature', want: 'E401', write: (jwt) => `${jwt}==` },
  { name: 'padding after the header', want: 'E401', edit: (draft) => void (draft.editHeader = (part) => `${part}=`) },
  { name: 'padding after the payload', want: 'E401', edit: (draft) => void (draft.editPayload = (part) => `${part}=`) },
  { name: 'a signature in a second spelling', want: 'E401', edit: (draft) => void (draft.editSignature = secondSpelling) },
  { name: 'a header in a second spelling', want: 'E401', edit: odd('header') },
  { name: 'a payload in a second spelling', want: 'E401', edit: odd('payload') },
  { name: 'a space within', want: 'E401', write: (jwt) => jwt.replace('.', '. ') },
  { name: 'a foreign character', want: 'E401', write: (jwt) => jwt.replace('.', '!.') },
  { name: 'the standard alphabet', want: 'E401', write: (jwt) => `${jwt.slice(0, -4)}+/+/` },
  { name: 'a letter more in the signature', want: 'E401', write: (jwt) => `${jwt}A` },
  { name: 'a byte more in the signature', want: 'E401', edit: (draft) => void (draft.editSignature = (part) => Buffer.concat([Buffer.from(part, 'base64url'), Buffer.alloc(1)]).toString('base64url')) },
  { name: 'percent-encoded dots', want: 'E401', write: (jwt) => jwt.replaceAll('.', '%2E') },
];

/** Pads the text with spaces until its base64url has unused bits, and sets one of them. */
function odd(part: 'header' | 'payload'): NonNullable<JwtRow['edit']> {
  return (draft) => {
    let text = JSON.stringify(draft[part]);
    while (Buffer.byteLength(text) % 3 === 0) text += ' ';
    if (part === 'header') Object.assign(draft, { headerText: text, editHeader: secondSpelling });
    else Object.assign(draft, { payloadText: text, editPayload: secondSpelling });
  };
}

export const ENCODING_ROWS: readonly JwtRow[] = [...SCHEME, ...PARTS];
