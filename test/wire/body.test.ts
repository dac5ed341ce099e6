import { assertAnswer } from './answer.ts';
import { assertUntouched, makeUpdate } from './harness.ts';
import type { Update, WireRequest } from './harness.ts';
import { proof } from './jwt.ts';
import { restOnly, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

const FORM = 'application/x-www-form-urlencoded';
const form = (text: string): string => `pop=${encodeURIComponent(text)}`;

/** A Content-Type over a body that fits it, unless told otherwise. */
const typed = (type: string | null, write = (pop: string) => JSON.stringify({ pop })) => ({ pop }: Update): WireRequest => ({ type, body: write(pop) });
const json = (write: (pop: string) => string | Buffer) => ({ pop }: Update): WireRequest => ({ body: write(pop) });

const TYPES: readonly Row[] = restOnly([
  ...['application/json', 'application/json; charset=utf-8', 'application/json;charset=UTF-8', 'APPLICATION/JSON', 'Application/Json; Charset="utf-8"', 'application/json; foo=bar', 'application/json;'].map(
    (type): Row => ({ name: type, want: 'OK', request: typed(type) }),
  ),
  ...[FORM, `${FORM}; charset=utf-8`, FORM.toUpperCase()].map((type): Row => ({ name: type, want: 'OK', request: typed(type, form) })),
  ...['text/plain', 'text/json', 'application/jsonx', 'application/problem+json', 'application/octet-stream', 'multipart/form-data; boundary=x', 'application', 'json', '*/*', '', ' ', 'application/json, text/plain', 'application/json application/json', 'application/jwt'].map(
    (type): Row => ({ name: `the type ${JSON.stringify(type)}`, want: 'E400', request: typed(type) }),
  ),
  { name: 'no type', want: 'E400', request: typed(null) },
  { name: 'no type over a form', want: 'E400', request: typed(null, form) },
  { name: 'a form called JSON', want: 'E400', request: typed('application/json', form) },
  { name: 'JSON called a form', want: 'E400', request: typed(FORM) },
  { name: 'the type twice, equal', want: 'E400', request: () => ({ headers: [['Content-Type', 'application/json']] }) },
  { name: 'the type twice, JSON and form', want: 'E400', request: () => ({ headers: [['content-type', FORM]] }) },
  { name: 'a gzip body', want: 'E400', request: () => ({ headers: [['Content-Encoding', 'gzip']] }) },
]);

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const JSON_BODIES: readonly Row[] = restOnly([
  { name: 'white space around', want: 'OK', request: json((pop) => ` \r\n\t{ "pop" : "${pop}" }\n`) },
  { name: 'escapes in the name and the value', want: 'OK', request: json((pop) => String.raw`{"\u0070op":"\u004d${pop.slice(1)}"}`) },
  { name: 'unknown members', want: 'OK', request: json((pop) => JSON.stringify({ a: 1, pop, b: [null, { c: '' }], Pop: 2, jwt: 'x' })) },
  { name: 'unknown null', want: 'OK', request: json((pop) => JSON.stringify({ pop, x: null })) },
  { name: 'an unknown member called __proto__', want: 'OK', request: json((pop) => `{"__proto__":{"pop":"x"},"pop":"${pop}"}`) },
  { name: 'pop within __proto__ only', want: 'E400', request: json((pop) => `{"__proto__":{"pop":"${pop}"}}`) },
  { name: 'no body', want: 'E400', request: json(() => '') },
  { name: 'an empty object', want: 'E400', request: json(() => '{}') },
  { name: 'pop in another case', want: 'E400', request: json((pop) => JSON.stringify({ Pop: pop })) },
  { name: 'pop null', want: 'E400', request: json(() => '{"pop":null}') },
  ...['1', 'true', '[]', '{}', '["x"]'].map((value): Row => ({ name: `pop ${value}`, want: 'E400', request: json(() => `{"pop":${value}}`) })),
  { name: 'pop a list of the proof', want: 'E400', request: json((pop) => JSON.stringify({ pop: [pop] })) },
  ...['[]', '"x"', '1', 'null', 'true'].map((body): Row => ({ name: `the body ${body}`, want: 'E400', request: json(() => body) })),
  { name: 'the object within a list', want: 'E400', request: json((pop) => JSON.stringify([{ pop }])) },
  { name: 'pop twice, equal', want: 'E400', request: json((pop) => `{"pop":"${pop}","pop":"${pop}"}`) },
  { name: 'pop twice, once escaped', want: 'E400', request: json((pop) => String.raw`{"pop":"${pop}","po\u0070":"x"}`) },
  { name: 'an unknown member twice', want: 'E400', request: json((pop) => `{"x":1,"pop":"${pop}","x":1}`) },
  { name: 'a duplicate deep within an unknown member', want: 'E400', request: json((pop) => `{"x":[{"a":1,"a":2}],"pop":"${pop}"}`) },
  { name: 'something after the object', want: 'E400', request: json((pop) => `{"pop":"${pop}"}x`) },
  { name: 'a second object', want: 'E400', request: json((pop) => `{"pop":"${pop}"}{}`) },
  { name: 'NUL after the object', want: 'E400', request: json((pop) => `{"pop":"${pop}"}\0`) },
  { name: 'a byte order mark', want: 'E400', request: json((pop) => `\uFEFF{"pop":"${pop}"}`) },
  { name: 'a comma too many', want: 'E400', request: json((pop) => `{"pop":"${pop}",}`) },
  { name: 'a comment', want: 'E400', request: json((pop) => `{"pop":"${pop}"/**/}`) },
  { name: 'single quotes', want: 'E400', request: json((pop) => `{'pop':'${pop}'}`) },
  { name: 'not UTF-8', want: 'E400', request: json((pop) => Buffer.from(`{"x":"\xff","pop":"${pop}"}`, 'latin1')) },
  { name: 'UTF-16', want: 'E400', request: json((pop) => Buffer.from(`{"pop":"${pop}"}`, 'utf16le')) },
  { name: 'cut short', want: 'E400', request: json((pop) => `{"pop":"${pop}`) },
  { name: 'an unknown member 60 deep', want: 'OK', request: json((pop) => `{"x":${nested(60)},"pop":"${pop}"}`) },
  { name: 'an unknown member 6000 deep', want: 'E400', request: json((pop) => `{"x":${nested(6000)},"pop":"${pop}"}`) },
  { name: 'a space in pop stays one', want: 'E400', request: json((pop) => JSON.stringify({ pop: ` ${pop.slice(1)}` })) },
]);

/** A proof that has a plus. */
function withPlus({ jwt, next, pop }: Update, write: (pop: string) => string): WireRequest {
  let text = pop;
  while (!text.includes('+')) text = proof(jwt, next);
  return { type: FORM, body: write(text) };
}

const asForm = (write: (pop: string) => string | Buffer) => ({ pop }: Update): WireRequest => ({ type: FORM, body: write(pop) });
const encoded = encodeURIComponent;

const FORMS: readonly Row[] = restOnly([
  { name: 'encoded', want: 'OK', request: asForm((pop) => `pop=${encoded(pop)}`) },
  { name: 'a plus that was not escaped', want: 'OK', request: (update) => withPlus(update, (pop) => `pop=${pop.replaceAll('=', '%3D')}`) },
  { name: 'a plus as %2B', want: 'OK', request: (update) => withPlus(update, (pop) => `pop=${pop.replaceAll('+', '%2B')}`) },
  { name: 'a plus as %2b', want: 'OK', request: (update) => withPlus(update, (pop) => `pop=${pop.replaceAll('+', '%2b')}`) },
  { name: 'a plus as %20', want: 'OK', request: (update) => withPlus(update, (pop) => `pop=${pop.replaceAll('+', '%20')}`) },
  { name: 'a plus as a raw space', want: 'OK', request: (update) => withPlus(update, (pop) => `pop=${pop.replaceAll('+', ' ')}`) },
  { name: 'not escaped at all', want: 'OK', request: (update) => withPlus(update, (pop) => `pop=${pop}`) },
  { name: 'every character escaped', want: 'OK', request: asForm((pop) => `pop=${everyEscaped(pop)}`) },
  { name: 'an escaped name', want: 'OK', request: asForm((pop) => `%70op=${encoded(pop)}`) },
  { name: 'unknown fields', want: 'OK', request: asForm((pop) => `a=1&pop=${encoded(pop)}&b&c=%20`) },
  { name: 'empty pieces', want: 'OK', request: asForm((pop) => `&&pop=${encoded(pop)}&`) },
  { name: 'no body', want: 'E400', request: asForm(() => '') },
  { name: 'no pop', want: 'E400', request: asForm((pop) => `Pop=${encoded(pop)}`) },
  { name: 'pop without a value', want: 'E400', request: asForm(() => 'pop') },
  { name: 'an empty pop', want: 'E400', request: asForm(() => 'pop=') },
  { name: 'pop twice, equal', want: 'E400', request: asForm((pop) => `pop=${encoded(pop)}&pop=${encoded(pop)}`) },
  { name: 'pop twice, once empty', want: 'E400', request: asForm((pop) => `pop=&pop=${encoded(pop)}`) },
  { name: 'pop twice, once escaped', want: 'E400', request: asForm((pop) => `pop=${encoded(pop)}&po%70=x`) },
  { name: 'an unknown field twice', want: 'E400', request: asForm((pop) => `x=1&pop=${encoded(pop)}&x=1`) },
  { name: 'a lone percent', want: 'E400', request: asForm((pop) => `pop=${encoded(pop)}&x=%`) },
  { name: 'a half escape', want: 'E400', request: asForm((pop) => `pop=${encoded(pop)}%2`) },
  { name: 'an escape that is not hex', want: 'E400', request: asForm((pop) => `x=%zz&pop=${encoded(pop)}`) },
  { name: 'an escape that is not UTF-8', want: 'E400', request: asForm((pop) => `x=%ff&pop=${encoded(pop)}`) },
  { name: 'bytes that are not UTF-8', want: 'E400', request: asForm((pop) => Buffer.from(`x=\xff&pop=${encoded(pop)}`, 'latin1')) },
  { name: 'pop escaped twice', want: 'E400', request: asForm((pop) => `pop=${encoded(everyEscaped(pop))}`) },
  { name: 'a semicolon between', want: 'E400', request: asForm((pop) => `x=1;pop=${encoded(pop)}`) },
  { name: 'a line break at the end', want: 'E400', request: asForm((pop) => `pop=${encoded(pop)}\r\n`) },
]);

function everyEscaped(text: string): string {
  return Buffer.from(text).toString('hex').replaceAll(/../g, '%$&');
}

describe('section 4: bodies', () => {
  const bench = withBench();
  describe('media types', () => runRows(bench, TYPES));
  describe('JSON', () => runRows(bench, JSON_BODIES));
  describe('forms', () => runRows(bench, FORMS));

  it('E400 grpc: bytes that are no message, and unknown fields are ignored', async () => {
    const device = await bench().device();
    const { jwt, pop } = makeUpdate(device);
    for (const body of [Buffer.from([0x0a]), Buffer.from([0x0a, 0x05, 0x41]), Buffer.from([0xff, 0xff, 0xff]), Buffer.from([0x08, 0x01])]) {
      assertAnswer(await bench().send('grpc', { authorization: jwt, body }), 'E400');
    }
    await assertUntouched(bench(), device);
    const known = Buffer.concat([Buffer.from([0x0a, pop.length]), Buffer.from(pop)]);
    const unknown = Buffer.from([0x7a, 0x02, 0x68, 0x69]);
    assertAnswer(await bench().send('grpc', { authorization: jwt, body: Buffer.concat([unknown, known]) }), 'OK');
  });
});
