import assert from 'node:assert/strict';
import { WIRES, assertAnswer, withoutRequestId } from './answer.ts';
import type { Wire } from './answer.ts';
import { EVERY_ALGORITHM, makeUpdate } from './harness.ts';
import type { Update, WireRequest } from './harness.ts';
import { newJti, newPair, proof } from './jwt.ts';
import type { Draft } from './jwt.ts';
import { REST, runRows, withBench } from './rows.ts';
import type { Row } from './rows.ts';

const stranger = newPair();
const badSignature = (draft: Draft) => void (draft.signer = stranger.privateKey);
const badKey = (draft: Draft) => void (draft.payload['public_key'] = 'x');
const badJti = (draft: Draft) => void (draft.payload['jti'] = 'x');

const noPop = (): WireRequest => ({ pop: '' });
const wrongPop = ({ jwt }: Update): WireRequest => ({ pop: proof(jwt, stranger) });
const noJson = (): WireRequest => ({ body: '{' });
const noType = (): WireRequest => ({ type: null });
const large = (): WireRequest => ({ body: 'x'.repeat(16_385) });
const frozen = { frozen: true };
const forbidden = { updatesAllowed: false };

/** Pairs of faults: the first step that fails decides (7.1). */
const PAIRS: readonly Row[] = [
  { name: '2 before 3: too large, no JWT', want: 'E400', wires: REST, request: () => ({ ...large(), authorization: undefined }) },
  { name: '2 before 4: too large, bad jti', want: 'E400', wires: REST, edit: badJti, request: large },
  { name: '2 before 7: too large, bad signature', want: 'E400', wires: REST, edit: badSignature, request: large },
  { name: '2 before 9: too large, frozen', want: 'E400', reason: 'DEVICE_REQUEST_MALFORMED', wires: REST, device: frozen, request: large },
  { name: '3 before 10: no JWT, no body', want: 'E401', request: () => ({ authorization: undefined, pop: '', body: '' }) },
  { name: '3 before 10: no JWT, no type', want: 'E401', wires: REST, request: () => ({ ...noType(), authorization: undefined }) },
  { name: '4 before 10: bad jti, not JSON', want: 'E401', wires: REST, edit: badJti, request: noJson },
  { name: '4 before 9: bad jti, frozen', want: 'E401', device: frozen, edit: badJti },
  { name: '7 before 9: bad signature, frozen', want: 'E401', device: frozen, edit: badSignature },
  { name: '7 before 9: bad signature, updates forbidden', want: 'E401', device: forbidden, edit: badSignature },
  { name: '7 before 10: bad signature, bad key', want: 'E401', edit: (draft) => void [badSignature(draft), badKey(draft)] },
  { name: '7 before 10: bad signature, not JSON', want: 'E401', wires: REST, edit: badSignature, request: noJson },
  { name: '7 before 10: bad signature, no type', want: 'E401', wires: REST, edit: badSignature, request: noType },
  { name: '7 before 10: bad signature, no pop', want: 'E401', edit: badSignature, request: noPop },
  { name: '7 before 11: bad signature, wrong pop', want: 'E401', edit: badSignature, request: wrongPop },
  { name: '9: frozen', want: 'E403', reason: 'DEVICE_FROZEN', device: frozen },
  { name: '9: updates forbidden', want: 'E403', reason: 'KEY_UPDATES_NOT_ALLOWED', device: forbidden },
  { name: '9: both', want: 'E403', device: { ...frozen, ...forbidden } },
  { name: '9 before 10: frozen, bad key', want: 'E403', reason: 'DEVICE_FROZEN', device: frozen, edit: badKey },
  { name: '9 before 10: frozen, not JSON', want: 'E403', wires: REST, device: frozen, request: noJson },
  { name: '9 before 10: frozen, no type', want: 'E403', wires: REST, device: frozen, request: noType },
  { name: '9 before 10: updates forbidden, no pop', want: 'E403', reason: 'KEY_UPDATES_NOT_ALLOWED', device: forbidden, request: noPop },
  { name: '9 before 11: frozen, wrong pop', want: 'E403', reason: 'DEVICE_FROZEN', device: frozen, request: wrongPop },
  { name: '10 before 11: bad key, wrong pop', want: 'E400', reason: 'PUBLIC_KEY_INVALID', edit: badKey, request: wrongPop },
  { name: '10: no pop', want: 'E400', request: noPop },
  { name: '11: wrong pop', want: 'E403', reason: 'PROOF_OF_POSSESSION_MISMATCH', request: wrongPop },
];

describe('section 7.1: the first failure decides', () => {
  const bench = withBench(EVERY_ALGORITHM);
  runRows(bench, PAIRS);

  for (const wire of WIRES) {
    it(`${wire}: 8 before 9 to 12: a used jti is E401 whatever else is wrong`, async () => {
      const device = await bench().device();
      const jti = newJti();
      // As if another call of the device had used it: the current key stays.
      await bench().sql.query(`insert into used_jti select device_id, $2, current_key, now() from device where device_id = $1`, [device.id, jti.toLowerCase()]);
      const cases: readonly [jti: string, (draft: Draft) => void, WireRequest][] = [
        [jti, () => {}, {}],
        [jti.toLowerCase(), () => {}, {}],
        [jti, badKey, {}],
        [jti, () => {}, { pop: '' }],
        [jti, () => {}, { pop: 'AAAA' }],
      ];
      for (const [spelling, edit, request] of cases) {
        const { jwt, pop } = makeUpdate(device, { jti: spelling, edit });
        assertAnswer(await bench().send(wire, { authorization: jwt, pop, ...request }), 'E401');
      }
      await bench().operator('POST', `/v1/devices/${device.id}:freeze`);
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(device, { jti })), 'E401');
      await bench().operator('POST', `/v1/devices/${device.id}:unfreeze`);
      assertAnswer(await bench().sendUpdate(wire, makeUpdate(device)), 'OK');
    });

    it(`${wire}: 11 before 12: a wrong pop for a key that is in use tells nothing of it`, async () => {
      const [device, owner] = [await bench().device(), await bench().device()];
      const { jwt, pop } = makeUpdate(device, { next: owner.pair });
      assertAnswer(await bench().send(wire, { authorization: jwt, pop: proof(jwt, stranger) }), 'E403', { reason: 'PROOF_OF_POSSESSION_MISMATCH' });
      assertAnswer(await bench().send(wire, { authorization: jwt, pop: '' }), 'E400');
      assertAnswer(await bench().send(wire, { authorization: jwt, pop }), 'E403', { reason: 'PUBLIC_KEY_REUSED' });
    });

    it(`${wire}: callers that are not known cannot be told apart`, async () => {
      const texts = (await strangers(wire)).map((answer) => JSON.stringify(answer));
      assert.equal(new Set(texts).size, 1, texts.join('\n'));
    });
  }

  /** The answers to an unknown device, a device without a key, a wrong signature, a misfit and others. */
  async function strangers(wire: Wire): Promise<object[]> {
    const device = await bench().device();
    const rsa = await bench().device({ kind: 'RSA' });
    await bench().operator('POST', '/v1/devices', { device_id: `keyless-${wire}` });
    const frozenDevice = await bench().device({ frozen: true });
    const removed = await bench().device();
    await bench().operator('DELETE', `/v1/devices/${removed.id}`);
    const jwts = [
      makeUpdate({ ...device, id: 'nobody' }).jwt,
      makeUpdate({ ...device, id: `keyless-${wire}` }).jwt,
      makeUpdate(device, { edit: badSignature }).jwt,
      makeUpdate(device, { edit: (draft) => void (draft.header['alg'] = 'ES384') }).jwt,
      makeUpdate(device, { edit: (draft) => void (draft.header['alg'] = 'none') }).jwt,
      makeUpdate(device, { edit: badJti }).jwt,
      makeUpdate(rsa, { alg: 'ES256', edit: badSignature }).jwt,
      makeUpdate(frozenDevice, { edit: badSignature }).jwt,
      makeUpdate(removed).jwt,
      'x',
    ];
    const answers: object[] = [];
    for (const jwt of jwts) {
      for (const pop of ['', 'AAAA', proof(jwt, stranger)]) {
        const answer = await bench().send(wire, { authorization: jwt, pop });
        assertAnswer(answer, 'E401');
        answers.push(withoutRequestId(answer));
      }
    }
    return answers;
  }
});
