import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { isChallengeList } from '../../src/contract/challenge.ts';
import { compileContract } from '../../src/contract/contract.ts';
import { editOption, editedImage, methodOf, serviceOf } from './images.ts';
import type { Options } from './images.ts';

/** What the start says of one method with these rules. */
function startWith(rules: Options): void {
  const image = editedImage((edited) => {
    editOption(edited, methodOf(edited, 'OperatorService', 'ListDevices'), 'keyturn.options.v1.method', (own) => Object.assign(own, rules));
  });
  compileContract(image, 'keyturn.v1');
}

function startWithChallenge(challenge: string): void {
  const image = editedImage((edited) => {
    editOption(edited, serviceOf(edited, 'OperatorService'), 'keyturn.options.v1.service', (own) => Object.assign(own, { challenge }));
  });
  compileContract(image, 'keyturn.v1');
}

const TRANSPORT = [
  'connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'host', 'expect', 'http2-settings',
  'content-length', 'content-type', 'content-encoding', 'content-range', 'grpc-timeout', 'grpc-status', 'grpc-x',
];
const NO_NAMES = ['', 'X-Trace', ':path', 'x trace', 'x:trace', 'x\ntrace', 'é', 'x(', 'x,y'];
const OF_ANSWERS = ['cache-control', 'content-security-policy', 'referrer-policy', 'strict-transport-security', 'x-content-type-options', 'x-request-id', 'www-authenticate', 'allow', 'date', 'x-bin'];

describe('names of headers in the contract', () => {
  it('are refused as request headers if they belong to the transport', () => {
    for (const name of TRANSPORT) assert.throws(() => startWith({ requestHeaders: [name] }), { message: new RegExp(`rpc keyturn.v1.OperatorService.ListDevices: request header ${name} belongs to the transport`) });
    for (const name of NO_NAMES) assert.throws(() => startWith({ requestHeaders: [name] }), { message: /request header [^]* is not a name in lower case/ }, name);
  });

  it('are refused as response headers if they belong to the transport, or are those of every answer', () => {
    for (const name of [...TRANSPORT, ...OF_ANSWERS]) assert.throws(() => startWith({ responseHeaders: [name] }), { message: new RegExp(`response header ${name} (belongs to the transport|has bytes)`) });
    for (const name of NO_NAMES) assert.throws(() => startWith({ responseHeaders: [name] }), { message: /response header [^]* is not in lower case/ }, name);
  });

  it('are taken else', () => {
    startWith({ requestHeaders: ['x-trace', 'x-trace-bin', 'user-agent', 'x.y_z', 'authorization'], responseHeaders: ['etag', 'location', 'retry-after', 'content-disposition'] });
  });
});

const CHALLENGES = [
  'Bearer', 'Bearer realm="keyturn"', 'Basic realm="a", charset="UTF-8"', 'Bearer realm="a", error="b" , Basic realm="c"', 'Negotiate YWJj==', 'Negotiate, NTLM',
  'Bearer realm="say \\"hi\\""', 'Bearer realm=keyturn', 'Bearer realm = "a"', 'X realm=""', 'Bearer realm=', 'Digest realm="a,b", nonce="c=", Basic realm="d"', 'A-b.c~1 x=y',
];
const NO_CHALLENGES = [
  '', ' ', 'Bearer ', ' Bearer', 'Bearer realm="a', 'Bearer realm=a"', 'Bearer realm="a" error="b"', 'Bearer realm="a",', ',Bearer', 'Bearer,,Basic',
  'realm="a"', 'Bearer realm="a"\r\nX: y', 'Bearer realm="é"', 'Bearer realm="\u0001"', 'Bearer: realm="a"', 'Bearer a b', 'Bearer realm=a b', 'Bearer YWJj==x', '"Bearer"', 'the token is wrong.',
];

describe('the challenge of a service', () => {
  it('has the grammar of RFC 9110 section 11.6.1', () => {
    for (const text of CHALLENGES) assert.equal(isChallengeList(text), true, text);
    for (const text of NO_CHALLENGES) assert.equal(isChallengeList(text), false, text);
  });

  it('stops the start if it has not', () => {
    startWithChallenge('Bearer realm="a", Basic realm="b"');
    assert.throws(() => startWithChallenge('the token is wrong.'), { message: /service keyturn.v1.OperatorService: its challenge is none of RFC 9110 section 11.6.1/ });
  });
});
