import assert from 'node:assert/strict';
import { cpuUsage } from 'node:process';
import { after, before, describe, it } from 'mocha';
import { DeviceTokenServiceService as Service } from '../../gen/keyturn/v1/device_token_service.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import { Bench } from '../wire/harness.ts';
import type { Device } from '../wire/harness.ts';
import { compactOf, newJti } from '../wire/jwt.ts';
import { INTROSPECT, ISSUE, RENEW, authenticationJwt } from '../wire/tokens/kit.ts';

/** CPU time of client and service together that one request may take, milliseconds: ten times what any of them takes. */
const MOST_CPU = 30;
const TIMES = 10;
/** Bytes of a body, and about as much as fits in one header. */
const BODY = 16_384;
const HEADER = 12_000;

type Headers = readonly (readonly [string, string])[];

const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const FORM_TYPE = ['Content-Type', 'application/x-www-form-urlencoded'] as const;

/** Fills up to a size. */
function filled(start: string, unit: string, end: string, size = BODY): string {
  return start + unit.repeat(Math.floor((size - start.length - end.length) / unit.length)) + end;
}

const AUTHORIZATIONS: readonly (readonly [string, string])[] = [
  ['white space', filled('a', ' ', 'a', HEADER)],
  ['white space after a scheme', filled('Bearer', ' ', 'a', HEADER)],
  ['words of the scheme', filled('', 'Bearer ', 'x', HEADER)],
  ['dots', '.'.repeat(HEADER)],
  ['one long word', filled('Bearer ', 'A', '!', HEADER)],
  ['a JWT of 8192 characters', `${'A'.repeat(2_730)}.${'A'.repeat(2_730)}.${'A'.repeat(2_730)}`],
  ['a long Basic', filled('Basic ', 'A', '==', HEADER)],
  ['a long Basic that is none', filled('Basic ', 'A', '!', HEADER)],
  ['Basic with a long name', filled('Basic ', 'eHh4', '', HEADER)],
  ['padding', filled('Basic ', '=', '', HEADER)],
];

const BODIES: readonly (readonly [string, string, readonly [string, string]])[] = [
  ['white space in JSON', filled('{', ' ', '}'), JSON_TYPE],
  ['white space after JSON', filled('{}', ' \n', 'x'), JSON_TYPE],
  ['deep lists', filled('{"a":', '[', ''), JSON_TYPE],
  ['deep objects', filled('', '{"a":', '1'), JSON_TYPE],
  ['many members', filled('{', '"":1,', '"x":1}'), JSON_TYPE],
  ['different members', `{${Array.from({ length: 1_300 }, (_, index) => `"m${index}":1`).join(',')}}`, JSON_TYPE],
  ['escapes', filled('{"token":"', '\\u0041', '"}'), JSON_TYPE],
  ['a scope of single words', filled('{"client_id":"x","scope":"', 'a ', 'a"}'), JSON_TYPE],
  ['a scope of 1024 characters', filled('{"client_id":"x","scope":"', 'a ', 'a"}', 1_050), JSON_TYPE],
  ['a scope of 1024 characters that fails at its end', filled('{"client_id":"x","scope":"', 'a ', ' a"}', 1_050), JSON_TYPE],
  ['spaces for a scope', filled('{"client_id":"x","scope":"', ' ', '"}'), JSON_TYPE],
  ['a long client', filled('{"client_id":"', 'x', '"}'), JSON_TYPE],
  ['a long token', filled('{"token":"', 'x', '"}'), JSON_TYPE],
  ['a number of many digits', filled('{"client_id":', '9', '}'), JSON_TYPE],
  ['commas', filled('{"client_id":[', ',', ']}'), JSON_TYPE],
  ['a form of many fields', filled('', 'a=b&', ''), FORM_TYPE],
  ['a form of separators', filled('', '&', ''), FORM_TYPE],
  ['a form of signs', filled('client_id=', '+', ''), FORM_TYPE],
  ['a form of escapes', filled('token=', '%41', ''), FORM_TYPE],
  ['a form of broken escapes', filled('token=', '%', ''), FORM_TYPE],
  ['a form of signs of equality', filled('', '=', ''), FORM_TYPE],
];

const CONDITIONS: readonly (readonly [string, string])[] = [
  ['many tags', filled('', '"a",', '"b"', HEADER)],
  ['white space', filled('"a"', ' ', 'x', HEADER)],
  ['commas', ','.repeat(HEADER)],
  ['commas and white space', filled('', ', ', '"', HEADER)],
  ['one long tag', filled('"', 'a', '"', HEADER)],
  ['a tag without an end', filled('"', 'a', '', HEADER)],
  ['tags without an end', filled('', ',"a', '', HEADER)],
  ['weak signs', filled('', 'W/', '', HEADER)],
  ['quotes', '"'.repeat(HEADER)],
  ['tabs between tags', filled('"a"', '\t', ',"b"', HEADER)],
];

/** Payloads within a JWT that is well signed. */
const PAYLOADS: readonly (readonly [string, (payload: object) => string])[] = [
  ['white space', (payload) => filled(JSON.stringify(payload).slice(0, -1), ' ', '}', 5_700)],
  ['deep lists', (payload) => filled(`${JSON.stringify(payload).slice(0, -1)},"a":`, '[', '', 5_700)],
  ['many members', (payload) => filled(`${JSON.stringify(payload).slice(0, -1)},`, '"a":1,', '"b":1}', 5_700)],
  ['a long member', (payload) => filled(`${JSON.stringify(payload).slice(0, -1)},"a":"`, 'x', '"}', 5_700)],
];

/** Milliseconds of CPU time for each; the least of three attempts, because the process has other things to do. */
async function cpuOf(send: () => Promise<unknown>): Promise<number> {
  const attempts: number[] = [];
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const start = cpuUsage();
    for (let count = 0; count < TIMES; count += 1) await send();
    const { user, system } = cpuUsage(start);
    attempts.push((user + system) / 1_000 / TIMES);
  }
  return Math.min(...attempts);
}

async function assertQuick(name: string, send: () => Promise<{ status: number; body: string }>): Promise<void> {
  const { status, body } = await send();
  assert.ok(status < 500 && status !== 13, `${name}: ${status} ${body.slice(0, 300)}`);
  const milliseconds = await cpuOf(send);
  assert.ok(milliseconds < MOST_CPU, `${name} takes ${milliseconds} ms`);
}

/** A JWT whose header is mostly white space. */
function longHeader({ pair }: Device): string {
  return compactOf({ header: {}, headerText: filled('{"alg":"ES256",', ' ', '}', 5_700), payload: { jti: newJti() }, signer: pair.privateKey, signAs: 'ES256' });
}

describe('hostile requests of up to 16 KiB about tokens', () => {
  let bench: Bench;
  let device: Device;
  before(async () => {
    bench = await Bench.start({ KEYTURN_PEER_FAILURES_PER_MINUTE: '1000000', KEYTURN_OPERATOR_CALLS_PER_MINUTE: '1000000' });
    device = await bench.device({ scopes: ['a'] });
  });
  after(() => bench[Symbol.asyncDispose]());

  for (const target of [ISSUE, RENEW, INTROSPECT]) {
    it(`are answered at once by ${target}, whatever their headers`, async () => {
      for (const [name, value] of AUTHORIZATIONS) {
        const all: [string, Headers][] = [['authorization', [['Authorization', value]]], ['authorisation', [['Authorisation', value]]]];
        for (const [header, headers] of all) await assertQuick(`${target} ${header}: ${name}`, () => bench.rest.send({ target, headers: [...headers, JSON_TYPE], body: '{"token":"x"}' }));
      }
      for (const unit of [' ', '\t', ';', 'a=b;', ' ;', '"', 'a', ',']) {
        const odd = filled('application/json;', unit, 'a', HEADER);
        await assertQuick(`${target} content-type ${unit}`, () => bench.rest.send({ target, headers: [['Content-Type', odd]], body: '{"token":"x"}' }));
      }
    });
  }

  it('are answered at once whatever their bodies, where somebody has signed them', async () => {
    for (const [name, body, type] of BODIES) {
      await assertQuick(`introspect ${name}`, () => bench.rest.send({ target: INTROSPECT, headers: [type], body }));
      await assertQuick(`issue ${name}`, () => bench.rest.send({ target: ISSUE, headers: [type, ['Authorization', authenticationJwt(device)]], body }));
    }
  });

  it('are answered at once whatever is in a JWT', async () => {
    for (const [name, payloadOf] of PAYLOADS) {
      const jwt = (): string => authenticationJwt(device, { edit: (draft) => void (draft.payloadText = payloadOf(draft.payload)) });
      assert.ok(jwt().length <= 8_192);
      await assertQuick(`issue ${name}`, () => bench.rest.send({ target: ISSUE, headers: [['Authorization', jwt()], JSON_TYPE], body: `{"client_id":"${device.id}"}` }));
      const operator: Headers = [['authorization', `Bearer ${OPERATOR_TOKEN}`]];
      await assertQuick(`verify ${name}`, () => bench.grpc.call(Service.verifyDeviceJwt, { jwt: jwt() }, operator));
    }
    await assertQuick('issue with a long header', () => bench.rest.send({ target: ISSUE, headers: [['Authorization', longHeader(device)], JSON_TYPE], body: '{}' }));
    for (const [name, text] of AUTHORIZATIONS) await assertQuick(`verify ${name}`, () => bench.grpc.call(Service.verifyDeviceJwt, { jwt: text }, [['authorization', `Bearer ${OPERATOR_TOKEN}`]]));
  });

  it('are answered at once whatever their conditions', async () => {
    for (const [name, value] of CONDITIONS) {
      await assertQuick(`jwks.json ${name}`, () => bench.operator('GET', `/v1/devices/${device.id}/jwks.json`, undefined, [['If-None-Match', value]]));
    }
    const many = Array.from({ length: 90 }, () => ['If-None-Match', filled('', '"a",', '"b"', 100)] as const);
    await assertQuick('jwks.json many conditions', () => bench.operator('GET', `/v1/devices/${device.id}/jwks.json`, undefined, many));
  });
});
