import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { describe, it } from 'mocha';
import { derivedKey, isRequestSignature, parseRequestSignature, verifyRequestSignature } from '../../src/crypto/request_signature.ts';
import type { SignedRequest } from '../../src/crypto/request_signature.ts';
import { sign } from '../support/signer.ts';
import type { Signable } from '../support/signer.ts';

const PATH = '/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs';
const QUERY = 'limit=2&marker=13551d6b-755d-4757-b956-536f674975c0';
const HEADERS = { host: 'service.region.example.com', 'x-sdk-date': '20191115T033655Z', 'content-type': 'application/json' };
const GUIDE = { accessKey: 'QTWAOYTTINDUT2QVKYUC', secretKey: 'MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc' };
const JAVA = { accessKey: 'AccessKey', secretKey: 'SecretKey' };
const V11_SIGNATURE = 'c63981314b17efeca4c2577e3e22ecfd3831e0c87eb87277271e32587207dd2c';

interface Draft {
  readonly method?: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
}

const requestOf = ({ method = 'GET', target, headers = HEADERS, body = '' }: Draft): SignedRequest => ({ method, target, body: Buffer.from(body), header: (name) => headers[name] });

function verifies(draft: Draft, authorization: string, secretKey: string): boolean {
  const signature = parseRequestSignature(authorization);
  assert.ok(signature, authorization);
  return verifyRequestSignature(requestOf(draft), signature, Buffer.from(secretKey));
}

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex');
const sdk = (accessKey: string, list: string, signature: string) => `SDK-HMAC-SHA256 Access=${accessKey}, SignedHeaders=${list}, Signature=${signature}`;
const v11 = (credential: string, list: string, signature: string) => `V11-HMAC-SHA256 Credential=${credential}, SignedHeaders=${list}, Signature=${signature}`;

/** Signs a request with the own signer of the tests and sends it to `target`. */
function signedAs(signable: Partial<Signable>, draft: Draft): boolean {
  const headers = Object.entries(HEADERS);
  const { Authorization } = sign(GUIDE, { method: 'GET', path: '/', headers, date: new Date(0), ...signable });
  return verifies(draft, Authorization, GUIDE.secretKey);
}

describe('request signatures: the published vectors', () => {
  const guide = sdk(GUIDE.accessKey, 'content-type;host;x-sdk-date', '7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe');

  it('V1, the example of the signing guide', () => {
    assert.ok(verifies({ target: `${PATH}?${QUERY}` }, guide, GUIDE.secretKey));
  });

  it('V2, of the Java SDK', () => {
    const authorization = sdk(JAVA.accessKey, 'host;x-sdk-date', 'fd95e7da6f695cfb4cabbb9d6b0968aec155bc576b064835282473539ae9ea1d');
    assert.ok(verifies({ target: `${PATH}?${QUERY}` }, authorization, JAVA.secretKey));
  });

  it('V3, of the Java SDK, with a derived key', () => {
    const authorization = v11(`${JAVA.accessKey}/20191115/region-id-1/service`, 'host;x-sdk-date', V11_SIGNATURE);
    assert.ok(verifies({ target: PATH }, authorization, JAVA.secretKey));
    assert.equal(
      derivedKey(JAVA.accessKey, Buffer.from(JAVA.secretKey), '20191115/region-id-1/service'),
      '1c5724913ed69bdda5e7a25d0beb7f2518aa55d96f97e0649301127d35b9ed31',
    );
  });

  it('the signer of the tests makes the same', () => {
    const headers = [['host', HEADERS.host], ['x-sdk-date', HEADERS['x-sdk-date']]] as const;
    const made = sign(JAVA, { method: 'GET', path: PATH, headers, date: new Date(0), scope: { region: 'region-id-1', service: 'service' } });
    assert.equal(made.Authorization, v11(`${JAVA.accessKey}/20191115/region-id-1/service`, 'host;x-sdk-date', V11_SIGNATURE));
    const query = [['marker', '13551d6b-755d-4757-b956-536f674975c0'], ['limit', '2']] as const;
    assert.equal(sign(GUIDE, { method: 'GET', path: PATH, query, headers: [['content-type', 'application/json'], ...headers], date: new Date(0) }).Authorization, guide);
  });

  const CHANGES: readonly (readonly [string, Draft, string?])[] = [
    ['method', { method: 'POST', target: `${PATH}?${QUERY}` }],
    ['path', { target: `${PATH}x?${QUERY}` }],
    ['query', { target: `${PATH}?${QUERY}&a=` }],
    ['less of the query', { target: PATH }],
    ['host', { target: `${PATH}?${QUERY}`, headers: { ...HEADERS, host: 'service.region.example.com:8080' } }],
    ['content type', { target: `${PATH}?${QUERY}`, headers: { ...HEADERS, 'content-type': 'application/json;charset=utf-8' } }],
    ['date', { target: `${PATH}?${QUERY}`, headers: { ...HEADERS, 'x-sdk-date': '20191115T033656Z' } }],
    ['body', { target: `${PATH}?${QUERY}`, body: ' ' }],
    ['a missing header', { target: `${PATH}?${QUERY}`, headers: { ...HEADERS, 'content-type': undefined } }],
    ['secret key', { target: `${PATH}?${QUERY}` }, `${GUIDE.secretKey}x`],
  ];
  for (const [name, draft, secretKey = GUIDE.secretKey] of CHANGES) {
    it(`another ${name} does not verify`, () => assert.ok(!verifies(draft, guide, secretKey)));
  }
});

describe('request signatures: the canonical request', () => {
  it('ends every path in a slash, once', () => {
    assert.ok(signedAs({ path: '/a/' }, { target: '/a' }));
    assert.ok(signedAs({ path: '/a' }, { target: '/a/' }));
    assert.ok(!signedAs({ path: '/a' }, { target: '/a//' }));
  });

  it('decodes and encodes each segment of the path', () => {
    for (const target of ["/a%20b'(x)*~", '/%61%20b%27%28x%29%2A%7E', '/a%20b%27(x)%2a%7e']) assert.ok(signedAs({ path: "/a%20b'(x)*~" }, { target }), target);
    assert.ok(signedAs({ path: '/a%2Fb' }, { target: '/a%2fb' }));
    assert.ok(!signedAs({ path: '/a/b' }, { target: '/a%2Fb' }));
    assert.ok(signedAs({ path: '/%E4%BD%A0' }, { target: '/%e4%bd%a0' }));
  });

  it('takes a path whose segments were encoded once more', () => {
    assert.ok(signedAs({ path: '/a%2520b' }, { target: '/a%20b' }));
    assert.ok(!signedAs({ path: '/a%252520b' }, { target: '/a%20b' }));
  });

  it('takes queries in any order and any encoding, a plus as a space, and a name without a value', () => {
    const query = [['a', ''], ['a b', "b'(x)*~"], ['a', '1'], ['B', '+'], ['c', '=']] as const;
    for (const target of ["/?a&a+b=b'(x)*~&a=1&B=%2B&c==", '/?c=%3D&a=1&B=%2b&a=&a%20b=b%27%28x%29%2A%7E', "/?&a&&a+b=b'(x)*~&a=1&B=%2B&c==&"]) {
      assert.ok(signedAs({ query }, { target }), target);
    }
    assert.ok(!signedAs({ query }, { target: "/?a&a%2Bb=b'(x)*~&a=1&B=%2B&c==" }));
  });

  it('takes a query that was ordered before or after it was encoded', () => {
    const target = '/?a%7C=1&a_=2';
    const [before, after] = [[['a_', '2'], ['a|', '1']], [['a|', '1'], ['a_', '2']]] as const;
    const asGiven = (pairs: typeof before | typeof after) => Object.assign([...pairs], { toSorted: () => pairs });
    assert.ok(signedAs({ query: asGiven(before) }, { target }));
    assert.ok(signedAs({ query: asGiven(after) }, { target }));
  });

  it('takes the list of headers as it was sent, values without the blanks around them', () => {
    const headers = [['x-sdk-date', HEADERS['x-sdk-date']], ['host', `  ${HEADERS.host} `]] as const;
    const { Authorization } = sign(GUIDE, { method: 'GET', path: '/', headers, date: new Date(0) });
    assert.ok(verifies({ target: '/' }, Authorization, GUIDE.secretKey));
    assert.ok(!verifies({ target: '/' }, Authorization.replace('x-sdk-date;host', 'host;x-sdk-date'), GUIDE.secretKey));
    assert.ok(!verifies({ target: '/' }, Authorization.replace('x-sdk-date;host', 'X-Sdk-Date;host'), GUIDE.secretKey));
  });

  it('takes values in UTF-8 whose last byte is a blank in Latin-1', () => {
    const agent = Buffer.from('voil\u00e0').toString('latin1');
    assert.match(agent, /\s$/);
    const list = 'user-agent;x-sdk-date';
    const canonical = ['GET', '/', '', `user-agent:${agent}`, `x-sdk-date:${HEADERS['x-sdk-date']}`, '', list, sha256('')].join('\n');
    const text = ['SDK-HMAC-SHA256', HEADERS['x-sdk-date'], sha256(canonical)].join('\n');
    const authorization = sdk(GUIDE.accessKey, list, createHmac('sha256', GUIDE.secretKey).update(text).digest('hex'));
    assert.ok(verifies({ target: '/', headers: { ...HEADERS, 'user-agent': agent } }, authorization, GUIDE.secretKey));
  });

  it('never throws at escapes that are none', () => {
    for (const target of ['/%', '/%zz/%1', '/?%=%&%f', '/%ff%fe?%ff=%C0%80', '', '?', '*', 'http://x/%']) assert.ok(!signedAs({ path: '/other' }, { target }), target);
  });
});

describe('request signatures: the header', () => {
  const good = sdk('AK', 'host;x-sdk-date', 'a'.repeat(64));

  it('is read in both forms', () => {
    assert.deepEqual(parseRequestSignature(good), {
      algorithm: 'SDK-HMAC-SHA256', accessKey: 'AK', scope: undefined, signedHeaders: { text: 'host;x-sdk-date', names: ['host', 'x-sdk-date'] }, signature: 'a'.repeat(64),
    });
    const { algorithm, accessKey, scope } = parseRequestSignature(v11('AK/20191115/eu-1/iotdm', 'Host', 'a'.repeat(64))) ?? assert.fail();
    assert.deepEqual([algorithm, accessKey, scope], ['V11-HMAC-SHA256', 'AK', { text: '20191115/eu-1/iotdm', date: '20191115', region: 'eu-1', service: 'iotdm' }]);
  });

  const BROKEN = [
    'SDK-HMAC-SHA256', good.replace('SDK', 'V11'), good.replace('Access=', 'access='), good.replace('=AK', '='), good.replace('aaaa', 'AAAA'), `${good}a`, good.slice(0, -1), `${good} `,
    good.replace('host;', ';'), good.replace('host;', 'host;;'), good.replace('host;', 'x-sdk-date;'), good.replace('host;', 'X-SDK-DATE;'), good.replace(', S', ',S'), good.replace('SHA256 ', 'SHA256  '),
    v11('AK', 'host', 'a'.repeat(64)), v11('AK/2019111/r/s', 'host', 'a'.repeat(64)), v11('AK/20191115/r', 'host', 'a'.repeat(64)), v11('AK/20191115//s', 'host', 'a'.repeat(64)), v11('AK/20191115/r/s/t', 'host', 'a'.repeat(64)),
  ];

  it('is nothing in any other form', () => {
    for (const authorization of BROKEN) {
      assert.ok(isRequestSignature(authorization), authorization);
      assert.equal(parseRequestSignature(authorization), undefined, authorization);
    }
  });

  it('is no signature under another name', () => {
    for (const authorization of ['', 'Bearer SDK-HMAC-SHA256', 'sdk-hmac-sha256 x', ' SDK-HMAC-SHA256', 'HMAC-SHA256']) assert.ok(!isRequestSignature(authorization));
  });
});
