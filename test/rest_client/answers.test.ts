import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'mocha';
import type { Call } from '../../src/call/call.ts';
import { withEcho } from './echo.ts';

const BOX = Buffer.from([0, 0xff, 0x0a]);
const SLIP = { id: 'a', jwt: '\ufeffx.y.z', box: BOX, slip: { id: 'inner', jwt: 'é', box: Buffer.alloc(0), slip: undefined } };

/** What handlers choose. */
let form: string | undefined;
let status: number | undefined;
let headers: readonly (readonly [string, string])[] = [];
let seen: unknown;

function choose(call: Call): void {
  if (form !== undefined) call.setForm(form);
  if (status !== undefined) call.setStatus(status);
  for (const [name, value] of headers) call.setMetadata(name, value);
}

async function slip(_request: object, call: Call): Promise<object> {
  choose(call);
  return SLIP;
}

async function show(request: object, call: Call): Promise<object> {
  choose(call);
  seen = [call.metadata.get('x-trace'), call.metadata.get('x-trace-bin')];
  return request;
}

describe('answers to a generated client', () => {
  const echo = withEcho({
    '/transcoder.v1.FormsService/Show': slip,
    '/transcoder.v1.FormsService/Bare': slip,
    '/transcoder.v1.EdgeService/Show': show,
    '/transcoder.v1.KeepService/Keep': show,
    '/transcoder.v1.BodiesService/Statuses': show,
  });
  const ask = (method: string, request: unknown, options?: object): Promise<Record<string, unknown>> => echo().ask(method, request, options).withResponse();
  const shown = async (method: string, request: unknown, options?: object): Promise<unknown[]> => {
    const { status: http, mediaType, content } = await ask(method, request, options);
    return [http, mediaType, content];
  };

  beforeEach(() => {
    form = undefined;
    status = undefined;
    headers = [];
  });

  it('are read by the form that they have', async () => {
    assert.deepEqual(await shown('FormsService.show', { id: 'a' }), [200, 'application/json', { id: 'inner', jwt: 'é' }]);
    form = 'jwt';
    assert.deepEqual(await shown('FormsService.show', { id: 'a' }), [200, 'application/jwt', SLIP.jwt]);
    form = 'labelled';
    assert.deepEqual(await shown('FormsService.show', { id: 'a' }), [200, 'application/jwt', '{"id":"inner","jwt":"é"}'], 'two forms of one type are left as they come');
    form = 'box';
    assert.deepEqual(await shown('FormsService.show', { id: 'a' }), [200, 'application/octet-stream', new Uint8Array(BOX)]);
    form = undefined;
    assert.deepEqual(await shown('FormsService.bare', { id: 'a', jwt: '' }), [200, 'application/jwt', SLIP.jwt]);
    form = 'labelled';
    assert.deepEqual(await shown('FormsService.bare', { id: 'a', jwt: 'x' }), [200, 'text/plain', SLIP.jwt]);
  });

  it('tell their status, and have no content where it says so', async () => {
    for (const [code, content] of [[200, { anInt32: 7 }], [202, { anInt32: 7 }], [204, undefined], [205, undefined]] as const) {
      status = code;
      assert.deepEqual(await shown('BodiesService.statuses', { anInt32: 7 }), [code, content === undefined ? undefined : 'application/json', content]);
    }
  });

  it('give the bodies of google.api.HttpBody, text and bytes as they are', async () => {
    const data = Uint8Array.from({ length: 256 }, (_, index) => index);
    const content = { contentType: 'image/x-odd; a="b c"', data };
    const options = { route: 'PUT /bodies/raw/{a_string}' };
    assert.deepEqual(await shown('BodiesService.raw', { aString: 'a/b', raw: content }, options), [200, 'image/x-odd', content]);
    assert.deepEqual(await shown('BodiesService.bytes', { aBytes: data }), [200, 'image/png', data]);
    assert.deepEqual(await shown('BodiesService.text', { anInt32: -1, aString: '\ufeffé' }), [200, 'application/jwt', '\ufeffé']);
    assert.deepEqual(await shown('BodiesService.wholeValue', null), [200, 'application/json', null]);
  });

  it('give and take the named headers, bytes as base64', async () => {
    headers = [['x-answer', 'yes'], ['etag', '"1"']];
    const answer = await ask('EdgeService.show', {}, { headers: { 'x-trace': 'a, b', 'x-trace-bin': Uint8Array.of(0, 255), 'x-request-id': 'mine-1' } });
    assert.deepEqual([answer['headers'], answer['requestId']], [{ 'x-answer': 'yes', etag: '"1"' }, 'mine-1']);
    assert.deepEqual(seen, [['a, b'], [Buffer.from([0, 255])]]);
  });

  it('are 304 without content where what was kept still counts', async () => {
    const first = await ask('KeepService.keep', { aString: 'k' });
    const etag = (first['headers'] as Record<string, string>)['etag'];
    const again = await ask('KeepService.keep', { aString: 'k' }, { ifNoneMatch: etag });
    assert.deepEqual([again['status'], again['content'], again['headers']], [304, undefined, { etag }]);
    const other = await ask('KeepService.keep', { aString: 'other' }, { ifNoneMatch: etag });
    assert.deepEqual([other['status'], other['content']], [200, { aString: 'other' }]);
  });

  it('are an error where the contract has a message and null comes', async () => {
    const options = { route: 'GET /bind/answer/inner' };
    assert.deepEqual(await shown('BindingService.answerPart', { inner: { id: 'i' } }, options), [200, 'application/json', { id: 'i', count: '0', tags: [] }]);
    await assert.rejects(ask('BindingService.answerPart', {}, options), { name: 'RestError', status: 200, code: undefined, text: 'null', message: 'GET /bind/answer/inner: the answer is null' });
    assert.deepEqual(await shown('BodiesService.strict', { maybeInt64: 2n ** 62n }, { route: 'PUT /bodies/strict/maybe' }), [200, 'application/json', String(2n ** 62n)]);
  });
});

describe('the types of answers', () => {
  const echo = withEcho();

  for (const [method, name] of [['strict', 'EverythingJsonOmit'], ['vendor', 'EverythingProtoDefault'], ['nulls', 'EverythingJsonNull']] as const) {
    it(`of ${name} say of each member whether it is there, as it is`, async () => {
      const code = readFileSync(join(echo().folder, 'gen/rest/transcoder/v1/everything.ts'), 'utf8');
      const body = new RegExp(`^export interface ${name} \\{\\n([^]*?)^\\}`, 'm').exec(code)?.[1] ?? assert.fail(name);
      const members = [...body.matchAll(/^ {2}readonly '?([\w-]+)'?(\??): (.*);$/gm)].map(([, member = '', mark, type = '']) => ({ member, isThere: mark === '', type }));
      const { content } = await echo().ask(`BodiesService.${method}`, {}).withResponse();
      const shown = content as Record<string, unknown>;
      assert.equal(members.length, 56);
      assert.deepEqual(members.filter(({ isThere }) => isThere).map(({ member }) => member).toSorted(), Object.keys(shown).toSorted());
      // Of NullValue the one value is null, whatever the style.
      const nulls = members.filter(({ type }) => type === 'null' || type.endsWith(' | null')).map(({ member }) => member);
      assert.deepEqual(nulls.filter((member) => member in shown).toSorted(), Object.keys(shown).filter((member) => shown[member] === null).toSorted());
    });
  }
});
