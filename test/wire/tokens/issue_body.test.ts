import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { IssueTokenRequest } from '../../../gen/keyturn/v1/device_token_service.ts';
import { REST, withBench } from '../rows.ts';
import { SCOPES, assertRefused, assertToken, runIssueRows, sendIssue, storedTokens } from './issue_rows.ts';
import type { Asked, IssueRequest, IssueRow } from './issue_rows.ts';
import { authenticationJwt } from './kit.ts';

const FORM = 'application/x-www-form-urlencoded';
const ALL = SCOPES.join(' ');

type Write = (id: string) => string | Buffer;
const json = (write: Write) => ({ device: { id } }: Asked): IssueRequest => ({ body: write(id) });
const form = (write: Write) => ({ device: { id } }: Asked): IssueRequest => ({ type: FORM, body: write(id) });
const plainJson: Write = (id) => JSON.stringify({ client_id: id });
const plainForm: Write = (id) => `client_id=${id}`;
/** A Content-Type over a body. */
const typed = (type: string | null, write: Write) => ({ device: { id } }: Asked): IssueRequest => ({ type, body: write(id) });

/** Rows about raw HTTP that all have one answer. */
function restRows(want: 'OK' | 'E400', rows: readonly Omit<IssueRow, 'want' | 'wires'>[]): IssueRow[] {
  return rows.map((row) => Object.assign({ want, wires: REST }, row));
}

const TYPES: readonly IssueRow[] = [
  ...restRows('OK', [
    ...['application/json', 'application/json; charset=utf-8', 'application/json;charset=UTF-8', 'APPLICATION/JSON', 'Application/Json; Charset="utf-8"', 'application/json;'].map((type) => ({ name: type, request: typed(type, plainJson) })),
    ...[FORM, `${FORM}; charset=utf-8`, FORM.toUpperCase()].map((type) => ({ name: type, request: typed(type, plainForm) })),
  ]),
  ...restRows('E400', [
    ...['text/plain', 'text/json', 'application/jsonx', 'multipart/form-data; boundary=x', 'application', '*/*', '', ' ', 'application/json, text/plain', 'application/jwt', 'application/problem+json'].map((type) => ({ name: `the type ${JSON.stringify(type)}`, request: typed(type, plainJson) })),
    { name: 'no type', request: typed(null, plainJson) },
    { name: 'no type over a form', request: typed(null, plainForm) },
    { name: 'a form called JSON', request: typed('application/json', plainForm) },
    { name: 'JSON called a form', request: typed(FORM, plainJson) },
    { name: 'the type twice, equal', request: () => ({ headers: [['Content-Type', 'application/json']] }) },
    { name: 'the type twice, JSON and form', request: () => ({ headers: [['content-type', FORM]] }) },
    { name: 'a gzip body', request: () => ({ headers: [['Content-Encoding', 'gzip']] }) },
  ]),
];

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const JSON_BODIES: readonly IssueRow[] = [
  ...restRows('OK', [
    { name: 'white space around', request: json((id) => ` \r\n\t{ "client_id" : "${id}" }\n`) },
    { name: 'escapes in names and values', scope: 'a', request: json((id) => String.raw`{"\u0063lient_id":"${id}","scop\u0065":"\u0061"}`) },
    { name: 'unknown members', request: json((client_id) => JSON.stringify({ a: 1, client_id, b: [null, { c: '' }], clientId: 2, Scope: 'b', grant_type: 'x', client_secret: null })) },
    { name: 'scope null, which is as not sent', request: json((client_id) => JSON.stringify({ client_id, scope: null })) },
    { name: 'an unknown member called __proto__', request: json((id) => `{"__proto__":{"client_id":"x"},"client_id":"${id}"}`) },
    { name: 'an unknown member 60 deep', request: json((id) => `{"x":${nested(60)},"client_id":"${id}"}`) },
  ]),
  ...restRows('E400', [
    ...['', '{}', '[]', '"x"', '1', 'null', 'true', '{'].map((body) => ({ name: `the body ${JSON.stringify(body)}`, request: json(() => body) })),
    ...['null', '1', 'true', '[]', '{}', '""'].map((value) => ({ name: `client_id ${value}`, request: json(() => `{"client_id":${value},"scope":"a"}`) })),
    ...['1', 'false', '[]', '["a"]', '{}'].map((value) => ({ name: `scope ${value}`, request: json((id) => `{"client_id":"${id}","scope":${value}}`) })),
    { name: 'client_id a list of the id', request: json((id) => JSON.stringify({ client_id: [id] })) },
    { name: 'no client_id', request: json(() => '{"scope":"a"}') },
    { name: 'client_id in another case', request: json((id) => JSON.stringify({ Client_ID: id })) },
    { name: 'client_id in camel case', request: json((id) => JSON.stringify({ clientId: id })) },
    { name: 'client_id within __proto__ only', request: json((id) => `{"__proto__":{"client_id":"${id}"}}`) },
    { name: 'client_id with NUL after it', request: json((id) => JSON.stringify({ client_id: `${id}\0` })) },
    { name: 'the object within a list', request: json((id) => JSON.stringify([{ client_id: id }])) },
    { name: 'client_id twice, equal', request: json((id) => `{"client_id":"${id}","client_id":"${id}"}`) },
    { name: 'scope twice, once escaped', request: json((id) => String.raw`{"client_id":"${id}","scope":"a","scop\u0065":"a"}`) },
    { name: 'an unknown member twice', request: json((id) => `{"x":1,"client_id":"${id}","x":1}`) },
    { name: 'a duplicate deep within an unknown member', request: json((id) => `{"x":[{"a":1,"a":2}],"client_id":"${id}"}`) },
    { name: 'something after the object', request: json((id) => `{"client_id":"${id}"}x`) },
    { name: 'a byte order mark', request: json((id) => `\uFEFF{"client_id":"${id}"}`) },
    { name: 'half a surrogate pair in scope', request: json((id) => String.raw`{"client_id":"${id}","scope":"\ud800"}`) },
    { name: 'not UTF-8', request: json((id) => Buffer.from(`{"x":"\xff","client_id":"${id}"}`, 'latin1')) },
    { name: 'UTF-16', request: json((id) => Buffer.from(`{"client_id":"${id}"}`, 'utf16le')) },
    { name: 'an unknown member 6000 deep', request: json((id) => `{"x":${nested(6000)},"client_id":"${id}"}`) },
  ]),
];

const everyEscaped = (text: string): string => Buffer.from(text).toString('hex').replaceAll(/../g, '%$&');

const FORMS: readonly IssueRow[] = [
  ...restRows('OK', [
    { name: 'client_id alone', request: form(plainForm) },
    { name: 'every character escaped', request: form((id) => `client_id=${everyEscaped(id)}`) },
    { name: 'an escaped name', request: form((id) => `client%5Fid=${id}`) },
    { name: 'unknown fields', request: form((id) => `a=1&client_id=${id}&b&c=%20&grant_type=client_credentials`) },
    { name: 'empty pieces', request: form((id) => `&&client_id=${id}&`) },
    { name: 'a plus as a space in scope', scope: 'a telemetry.write', request: form((id) => `client_id=${id}&scope=a+telemetry.write`) },
    { name: '%20 as a space in scope', scope: 'a telemetry.write', request: form((id) => `client_id=${id}&scope=a%20telemetry.write`) },
    { name: 'a raw space in scope', scope: 'a telemetry.write', request: form((id) => `client_id=${id}&scope=a telemetry.write`) },
    { name: 'an escaped plus is one, in a scope of the device', scope: 'a+b', device: { scopes: ['a+b', 'a', 'b'] }, request: form((id) => `client_id=${id}&scope=a%2Bb`) },
    { name: 'a plus that was not escaped is a space', scope: 'a b', device: { scopes: ['a+b', 'a', 'b'] }, request: form((id) => `client_id=${id}&scope=a+b`) },
    { name: 'an empty scope', request: form((id) => `scope=&client_id=${id}`) },
    { name: 'scope without a value', request: form((id) => `scope&client_id=${id}`) },
  ]),
  ...restRows('E400', [
    { name: 'no body', request: form(() => '') },
    { name: 'no client_id', request: form(() => 'scope=a') },
    { name: 'an empty client_id', request: form(() => 'client_id=') },
    { name: 'client_id twice, equal', request: form((id) => `client_id=${id}&client_id=${id}`) },
    { name: 'client_id twice, once escaped', request: form((id) => `client_id=${id}&client%5fid=x`) },
    { name: 'scope twice, equal', request: form((id) => `client_id=${id}&scope=a&scope=a`) },
    { name: 'scope twice, once empty', request: form((id) => `client_id=${id}&scope=&scope=a`) },
    { name: 'an unknown field twice', request: form((id) => `x=1&client_id=${id}&x=1`) },
    { name: 'two pluses in scope', request: form((id) => `client_id=${id}&scope=a++telemetry.write`) },
    { name: 'a plus before scope', request: form((id) => `client_id=${id}&scope=+a`) },
    { name: 'a lone percent', request: form((id) => `client_id=${id}&x=%`) },
    { name: 'an escape that is not UTF-8', request: form((id) => `client_id=${id}&x=%ff`) },
    { name: 'bytes that are not UTF-8', request: form((id) => Buffer.from(`client_id=${id}&x=\xff`, 'latin1')) },
  ]),
];

const scoped = (scope: string) => (): IssueRequest => ({ scope });
const long = 'x'.repeat(100);
/** 1024 characters: 11 words of the device, each once or more. */
const AT_LIMIT = `${`${long} `.repeat(10)}${'y'.repeat(14)}`;

const SCOPE: readonly IssueRow[] = [
  { name: 'all in the order asked for', want: 'OK', scope: 'a refresh.token telemetry.write', request: scoped('a refresh.token telemetry.write') },
  { name: 'one word', want: 'OK', scope: 'refresh.token', request: scoped('refresh.token') },
  { name: 'no scope', want: 'OK', scope: ALL, request: () => ({}) },
  { name: 'an empty scope', want: 'OK', scope: ALL, request: scoped('') },
  { name: 'a word twice', want: 'OK', scope: 'a refresh.token', request: scoped('a refresh.token a') },
  { name: 'no scope of a device without scopes', want: 'OK', scope: '', device: { scopes: [] } },
  { name: 'no scope of a device with a scope that is registered twice', want: 'OK', scope: 'b a', device: { scopes: ['b', 'a', 'b'] } },
  { name: 'scopes of every character', want: 'OK', scope: "!#$%&'()*+,-./:;<=>?@[]^_`{|}~", device: { scopes: ["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"] } },
  { name: 'no scope of a device with 64 scopes of 128 characters', want: 'OK', device: { scopes: Array.from({ length: 64 }, (_, index) => String(index).padStart(128, 's')) } },
  { name: '1024 characters', want: 'OK', scope: `${long} ${'y'.repeat(14)}`, device: { scopes: [long, 'y'.repeat(14)] }, request: scoped(AT_LIMIT) },
  { name: '1025 characters', want: 'E400', device: { scopes: [long, 'y'.repeat(15)] }, request: scoped(`${AT_LIMIT}y`) },
  { name: '1024 characters beyond U+FFFF', want: 'E403', request: scoped('\u{1F511}'.repeat(1024)) },
  { name: '1025 characters beyond U+FFFF', want: 'E400', request: scoped('\u{1F511}'.repeat(1025)) },
  ...['a  telemetry.write', ' a', 'a ', ' ', '  ', 'a\0'].map((scope): IssueRow => ({ name: `scope ${JSON.stringify(scope)}`, want: 'E400', request: scoped(scope) })),
  ...['b', 'a b', 'b a', 'A', 'a\ttelemetry.write', 'a\n', 'a,telemetry.write', 'a"', '\u0430', 'refresh', '*', 'a+telemetry.write', '__proto__', 'a\u00a0'].map(
    (scope): IssueRow => ({ name: `scope ${JSON.stringify(scope)}`, want: 'E403', request: scoped(scope) }),
  ),
  { name: 'any word for a device without scopes', want: 'E403', device: { scopes: [] }, request: scoped('a') },
];

const CLIENT: readonly IssueRow[] = [
  ...['other', 'DEVICE', ' ', 'x'.repeat(4000), '\u00e9', '__proto__'].map((clientId): IssueRow => ({ name: `client_id ${JSON.stringify(clientId.slice(0, 20))}`, want: 'E401', reason: 'CLIENT_ID_MISMATCH', request: () => ({ clientId }) })),
  { name: 'client_id in another case', want: 'E401', reason: 'CLIENT_ID_MISMATCH', request: ({ device: { id } }) => ({ clientId: id.toUpperCase() }) },
  { name: 'client_id with a space after', want: 'E401', reason: 'CLIENT_ID_MISMATCH', request: ({ device: { id } }) => ({ clientId: `${id} ` }) },
  { name: 'client_id empty', want: 'E400', request: () => ({ clientId: '' }) },
  { name: 'client_id missing', want: 'E400', request: () => ({ clientId: undefined }) },
];

describe('section 4: the body of a token request', () => {
  const bench = withBench();
  describe('media types', () => runIssueRows(bench, TYPES));
  describe('JSON', () => runIssueRows(bench, JSON_BODIES));
  describe('forms', () => runIssueRows(bench, FORMS));
  describe('scope', () => runIssueRows(bench, SCOPE));
  describe('client_id', () => runIssueRows(bench, CLIENT));

  it('E400 grpc: bytes that are no message; unknown fields are ignored, and of a field sent twice the last counts', async () => {
    const device = await bench().device({ scopes: SCOPES });
    const authorization = authenticationJwt(device);
    for (const body of [Buffer.from([0x0a]), Buffer.from([0x0a, 0x05, 0x41]), Buffer.from([0xff, 0xff, 0xff]), Buffer.from([0x08, 0x01]), Buffer.alloc(0)]) {
      assertRefused(await sendIssue(bench(), 'grpc', { authorization, body }), 'E400');
    }
    assert.deepEqual((await storedTokens(bench().sql, device.id)).jtis, []);
    const known = (scope: string): Uint8Array => IssueTokenRequest.encode({ clientId: device.id, scope }).finish();
    const body = Buffer.concat([Buffer.from([0x7a, 0x02, 0x68, 0x69]), known('b'), known('a')]);
    assertToken(await sendIssue(bench(), 'grpc', { authorization, body }), 'a');
  });
});
