import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { IssueTokenRequest } from '../../../gen/keyturn/v1/device_token_service.ts';
import { WIRES, withoutRequestId } from '../answer.ts';
import type { Want, Wire } from '../answer.ts';
import type { Bench, Device } from '../harness.ts';
import { EVERY_ALGORITHM } from '../harness.ts';
import { newJti, newPair, oneLine } from '../jwt.ts';
import type { Draft } from '../jwt.ts';
import { spkiOf } from '../../crypto/keys.ts';
import { REST, withBench } from '../rows.ts';
import { SCOPES, assertRefused, assertToken, sendIssue, storedTokens } from './issue_rows.ts';
import type { IssueRequest } from './issue_rows.ts';
import { authenticationJwt, newToken } from './kit.ts';

const stranger = newPair();

/** One thing that is wrong with a request, at one step of section 8.1. */
interface Fault {
  readonly name: string;
  readonly want: Want;
  readonly reason?: string;
  readonly wires?: readonly Wire[];
  /** Brings the device into the state that the fault needs. */
  readonly prepare?: (bench: Bench, device: Device, jti: string) => Promise<unknown>;
  readonly edit?: (draft: Draft) => void;
  readonly request?: (request: IssueRequest) => IssueRequest;
}

/** In the order of section 8.1. Each leaves what the others have made wrong as it is. */
const FAULTS: readonly Fault[] = [
  { name: 'no such path', want: 'E404', wires: REST, request: (request) => ({ ...request, target: '/as/token/' }) },
  { name: 'a body that is too large', want: 'E400', request: (request) => ({ ...request, body: 'large' }) },
  { name: 'a JWT that cannot be parsed', want: 'E401', request: ({ authorization = '', ...request }) => ({ ...request, authorization: `${authorization}.AAAA` }) },
  { name: 'a bad jti', want: 'E401', edit: ({ payload }) => void (payload['jti'] = 'x') },
  { name: 'an unknown device', want: 'E401', edit: both('nobody') },
  { name: 'a bad signature', want: 'E401', edit: badSignature },
  { name: 'a used jti', want: 'E401', prepare: ({ sql }, { id }, jti) => sql.query('insert into used_jti select device_id, $2, current_key, now() from device where device_id = $1', [id, jti.toLowerCase()]) },
  { name: 'public_key in the JWT', want: 'E401', edit: ({ payload }) => void (payload['public_key'] = oneLine(spkiOf(stranger))) },
  { name: 'a frozen device', want: 'E403', reason: 'DEVICE_FROZEN', prepare: (bench, { id }) => bench.operator('POST', `/v1/devices/${id}:freeze`) },
  { name: 'a malformed scope', want: 'E400', request: ({ scope = 'a', ...request }) => ({ ...request, scope: `${scope}  a` }) },
  { name: 'no media type', want: 'E400', wires: REST, request: (request) => ({ ...request, type: null }) },
  { name: 'a wrong client_id', want: 'E401', reason: 'CLIENT_ID_MISMATCH', request: (request) => ({ ...request, clientId: 'other' }) },
  { name: 'a scope beyond those of the device', want: 'E403', reason: 'SCOPE_NOT_ALLOWED', request: ({ scope, ...request }) => ({ ...request, scope: ['b', scope].join(' ').trim() }) },
  { name: 'too often', want: 'E429', prepare: (bench, device) => newToken(bench, 'grpc', device) },
];

const RANK = new Map(FAULTS.map(({ name }, index) => [name, index]));
const rankOf = ({ name }: Fault): number => RANK.get(name) ?? assert.fail();

function both(id: string): (draft: Draft) => void {
  return ({ header, payload }) => {
    header['kid'] = id;
    payload['sub'] = id;
  };
}

function badSignature(draft: Draft): void {
  draft.signer = stranger.privateKey;
}

function claim(alg: string): (draft: Draft) => void {
  return ({ header }) => void (header['alg'] = alg);
}

/** A request with one byte more than is taken, whatever else is in it. */
function tooLarge(wire: Wire, { clientId = '', scope = '' }: IssueRequest): string | Buffer {
  if (wire === 'rest') return JSON.stringify({ client_id: clientId, scope, x: '' }).replace('""}', () => `"${'x'.repeat(16_385)}"}`);
  const known = Buffer.from(IssueTokenRequest.encode({ clientId, scope }).finish());
  const rest = 16_385 - known.length - 3;
  // An unknown field fills it up: its key is one byte, its length two.
  return Buffer.concat([known, Buffer.from([0x7a, (rest & 0x7f) | 0x80, rest >> 7]), Buffer.alloc(rest)]);
}

/** Sends what has all these faults, of a device of its own, and expects the answer of the first of them. */
async function assertFirst(bench: Bench, wire: Wire, faults: readonly Fault[]): Promise<void> {
  const device = await bench.device({ scopes: SCOPES });
  const jti = newJti();
  // What spends the allowance comes before what ends it.
  for (const { prepare } of faults.toSorted((one, other) => rankOf(other) - rankOf(one))) await prepare?.(bench, device, jti);
  const jwt = authenticationJwt(device, { jti, edit: (draft) => faults.forEach(({ edit }) => edit?.(draft)) });
  let request: IssueRequest = { authorization: jwt, clientId: device.id };
  for (const fault of faults) request = fault.request?.(request) ?? request;
  if (request.body !== undefined) request = { ...request, body: tooLarge(wire, request) };
  const before = await storedTokens(bench.sql, device.id);
  const [first] = faults;
  assert.ok(first);
  const { want, reason } = first;
  assertRefused(await sendIssue(bench, wire, request), want, { reason });
  assert.deepEqual(await storedTokens(bench.sql, device.id), before);
}

describe('section 8.1: the first failure decides', () => {
  const bench = withBench({ KEYTURN_IOTHENTIX_TOKEN_REQUESTS_PER_MINUTE: '1' });

  for (const wire of WIRES) {
    const faults = FAULTS.filter(({ wires = WIRES }) => wires.includes(wire));
    for (const fault of faults) it(`${fault.want} ${wire}: ${fault.name}`, () => assertFirst(bench(), wire, [fault]));

    for (const [index, first] of faults.entries()) {
      for (const second of faults.slice(index + 1)) {
        it(`${first.want} ${wire}: ${first.name} before ${second.name}`, () => assertFirst(bench(), wire, [first, second]));
      }
    }

    for (const index of faults.keys()) {
      it(`${faults[index]?.want} ${wire}: everything from ${faults[index]?.name} on`, () => assertFirst(bench(), wire, faults.slice(index)));
    }
  }
});

describe('section 8.1: callers that are not known', () => {
  const bench = withBench(EVERY_ALGORITHM);

  for (const wire of WIRES) {
    it(`${wire}: cannot be told apart, whatever they ask for`, async () => {
      const texts = new Set<string>();
      for (const jwt of await strangers(wire)) {
        for (const request of [{}, { clientId: 'x' }, { clientId: 'nobody', scope: 'b' }, { clientId: 'x', scope: ' ' }]) {
          const answer = await sendIssue(bench(), wire, { authorization: jwt, ...request });
          assertRefused(answer, 'E401');
          texts.add(JSON.stringify(withoutRequestId(answer)));
        }
      }
      assert.equal(texts.size, 1, [...texts].join('\n'));
    });
  }

  /** JWTs of an unknown device, a device without a key, a wrong signature, a misfit, a removed and a frozen device and others. */
  async function strangers(wire: Wire): Promise<string[]> {
    const [device, removed] = [await bench().device(), await bench().device()];
    const [rsa, frozen] = [await bench().device({ kind: 'RSA' }), await bench().device({ frozen: true })];
    await bench().operator('POST', '/v1/devices', { device_id: `keyless-${wire}` });
    await bench().operator('DELETE', `/v1/devices/${removed.id}`);
    const spent = authenticationJwt(device);
    assertToken(await sendIssue(bench(), wire, { authorization: spent, clientId: device.id }), '');
    return [
      spent,
      'x',
      authenticationJwt({ ...device, id: 'nobody' }),
      authenticationJwt({ ...device, id: `keyless-${wire}` }),
      authenticationJwt(removed),
      authenticationJwt(device, { edit: badSignature }),
      authenticationJwt(frozen, { edit: badSignature }),
      authenticationJwt(device, { edit: claim('ES384') }),
      authenticationJwt(device, { edit: claim('none') }),
      authenticationJwt(rsa, { edit: (draft) => void [badSignature(draft), claim('ES256')(draft), (draft.signAs = 'ES256')] }),
      authenticationJwt(device, { edit: ({ payload }) => void (payload['public_key'] = null) }),
    ];
  }
});
