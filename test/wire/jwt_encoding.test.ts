import { assertAnswer } from './answer.ts';
import { UPDATE, assertRotated, assertUntouched, makeUpdate } from './harness.ts';
import type { Update, WireRequest } from './harness.ts';
import { proof, secondSpelling } from './jwt.ts';
import { REST, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

/** Another text in place of the JWT; the proof is made for it. */
const sent = (write: (jwt: string) => string) => ({ jwt, next }: Update): WireRequest => {
  const authorization = write(jwt);
  return { authorization, pop: proof(authorization.replace(/^bearer /i, ''), next) };
};

/** Only the header value changes; the proof stays that of the JWT. */
const value = (write: (jwt: string) => string) => ({ jwt }: Update): WireRequest => ({ authorization: write(jwt) });

const SCHEME: readonly Row[] = [
  { name: 'the bare JWT', want: 'OK', request: value((jwt) => jwt) },
  { name: 'Bearer', want: 'OK', request: value((jwt) => `Bearer ${jwt}`) },
  { name: 'bearer', want: 'OK', request: value((jwt) => `bearer ${jwt}`) },
  { name: 'BEARER', want: 'OK', request: value((jwt) => `BEARER ${jwt}`) },
  { name: 'bEaReR', want: 'OK', request: value((jwt) => `bEaReR ${jwt}`) },
  { name: 'Bearer and two spaces', want: 'E401', request: value((jwt) => `Bearer  ${jwt}`) },
  { name: 'Bearer and a tab', want: 'E401', wires: REST, request: value((jwt) => `Bearer\t${jwt}`) },
  { name: 'Bearer and no space', want: 'E401', request: value((jwt) => `Bearer${jwt}`) },
  { name: 'Bearer and a colon', want: 'E401', request: value((jwt) => `Bearer: ${jwt}`) },
  { name: 'Bearer twice', want: 'E401', request: value((jwt) => `Bearer Bearer ${jwt}`) },
  { name: 'Bearer alone', want: 'E401', request: value(() => 'Bearer') },
  { name: 'another scheme', want: 'E401', request: value((jwt) => `JWT ${jwt}`) },
  { name: 'Basic', want: 'E401', request: value((jwt) => `Basic ${jwt}`) },
  { name: 'Bearer in letters that only look alike', want: 'E401', wires: REST, request: value((jwt) => `B\u00E9arer ${jwt}`) },
  { name: 'two JWTs in one value', want: 'E401', request: value((jwt) => `${jwt},${jwt}`) },
  { name: 'two JWTs with a space', want: 'E401', request: value((jwt) => `${jwt} ${jwt}`) },
  { name: 'quoted', want: 'E401', request: value((jwt) => `"${jwt}"`) },
  { name: 'no authorization', want: 'E401', request: () => ({ authorization: undefined }) },
  { name: 'an empty authorization', want: 'E401', request: value(() => '') },
  { name: 'not a JWT', want: 'E401', request: value(() => 'secret') },
];

const REPEATED: readonly Row[] = [
  { name: 'authorization twice, equal', want: 'E401', wires: REST, request: ({ jwt }) => ({ headers: [['Authorization', jwt]] }) },
  { name: 'authorization twice, in two spellings', want: 'E401', wires: REST, request: ({ jwt }) => ({ headers: [['AUTHORIZATION', `Bearer ${jwt}`]] }) },
  { name: 'authorization twice, once empty', want: 'E401', wires: REST, request: () => ({ headers: [['authorization', '']] }) },
  { name: 'the JWT in Proxy-Authorization', want: 'E401', wires: REST, request: ({ jwt }) => ({ authorization: undefined, headers: [['Proxy-Authorization', jwt]] }) },
  { name: 'the JWT in Authorisation', want: 'E401', wires: REST, request: ({ jwt }) => ({ authorization: undefined, headers: [['Authorisation', jwt]] }) },
  { name: 'the JWT in the query', want: 'E401', wires: REST, request: ({ jwt }) => ({ authorization: undefined, target: `${UPDATE}?authorization=${jwt}` }) },
];

const PARTS: readonly Row[] = [
  { name: 'a dot at the end', want: 'E401', request: sent((jwt) => `${jwt}.`) },
  { name: 'a dot at the start', want: 'E401', request: sent((jwt) => `.${jwt}`) },
  { name: 'two dots', want: 'E401', request: sent((jwt) => jwt.replace('.', '..')) },
  { name: 'four parts', want: 'E401', request: sent((jwt) => `${jwt}.AAAA`) },
  { name: 'five parts', want: 'E401', request: sent((jwt) => `${jwt}.AAAA.AAAA`) },
  { name: 'no signature', want: 'E401', request: sent((jwt) => jwt.slice(0, jwt.lastIndexOf('.') + 1)) },
  { name: 'two parts', want: 'E401', request: sent((jwt) => jwt.slice(0, jwt.lastIndexOf('.'))) },
  { name: 'padding after the signature', want: 'E401', request: sent((jwt) => `${jwt}==`) },
  { name: 'padding after the header', want: 'E401', edit: (draft) => void (draft.editHeader = (part) => `${part}=`) },
  { name: 'padding after the payload', want: 'E401', edit: (draft) => void (draft.editPayload = (part) => `${part}=`) },
  { name: 'a signature in a second spelling', want: 'E401', edit: (draft) => void (draft.editSignature = secondSpelling) },
  { name: 'a header in a second spelling', want: 'E401', edit: odd('header') },
  { name: 'a payload in a second spelling', want: 'E401', edit: odd('payload') },
  { name: 'a space within', want: 'E401', request: sent((jwt) => jwt.replace('.', '. ')) },
  { name: 'a foreign character', want: 'E401', request: sent((jwt) => jwt.replace('.', '!.')) },
  { name: 'the standard alphabet', want: 'E401', request: sent((jwt) => `${jwt.slice(0, -4)}+/+/`) },
  { name: 'a letter more in the signature', want: 'E401', request: sent((jwt) => `${jwt}A`) },
  { name: 'a byte more in the signature', want: 'E401', edit: (draft) => void (draft.editSignature = (part) => Buffer.concat([Buffer.from(part, 'base64url'), Buffer.alloc(1)]).toString('base64url')) },
  { name: 'percent-encoded dots', want: 'E401', request: sent((jwt) => jwt.replaceAll('.', '%2E')) },
];

/** Pads the text with spaces until its base64url has unused bits, and sets one of them. */
function odd(part: 'header' | 'payload'): NonNullable<Row['edit']> {
  return (draft) => {
    let text = JSON.stringify(draft[part]);
    while (Buffer.byteLength(text) % 3 === 0) text += ' ';
    if (part === 'header') Object.assign(draft, { headerText: text, editHeader: secondSpelling });
    else Object.assign(draft, { payloadText: text, editPayload: secondSpelling });
  };
}

/** A filler in the payload that makes the JWT as long as asked for. */
function long(length: number): NonNullable<Row['edit']> {
  return (draft) => {
    const rest = (length - 1 - 1 - 86 - Math.ceil((JSON.stringify(draft.header).length * 4) / 3)) * 0.75;
    const bare = JSON.stringify({ ...draft.payload, x: '' }).length;
    draft.payload['x'] = 'x'.repeat(Math.floor(rest) - bare);
  };
}

describe('section 5: how the JWT is sent', () => {
  const bench = withBench();
  runRows(bench, [...SCHEME, ...REPEATED, ...PARTS]);

  for (const [target, want] of [[8192, 'OK'], [8193, 'E401']] as const) {
    it(`${want}: a JWT of ${target} characters`, async () => {
      for (const wire of ['rest', 'grpc'] as const) {
        for (const prefix of ['', 'Bearer ']) {
          const device = await bench().device();
          // A shift of the header's length reaches every length that four letters for three bytes skip.
          const candidates = Array.from({ length: 16 }, (_, shift) =>
            makeUpdate(device, {
              edit(draft) {
                draft.headerText = `${JSON.stringify(draft.header)}${' '.repeat(shift % 3)}`;
                long(target - Math.floor(shift / 3))(draft, bench());
              },
            }),
          );
          const update = candidates.find(({ jwt }) => jwt.length === target);
          if (update === undefined) throw new Error(`none of ${candidates.map(({ jwt }) => jwt.length).join()}`);
          const answer = await bench().send(wire, { authorization: prefix + update.jwt, pop: update.pop });
          assertAnswer(answer, want);
          await (want === 'OK' ? assertRotated(bench(), update) : assertUntouched(bench(), device));
        }
      }
    });
  }
});
