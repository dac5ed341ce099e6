import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { describe, it } from 'mocha';
import { loadImage } from '../../src/contract/image.ts';
import { compileRedactor } from '../../src/contract/redact.ts';
import { messageOf } from './images.ts';
import { sample } from './samples.ts';

const HUSH = 'hush-hush';
const SECRETS = { secret: HUSH, secrets: [HUSH], key: Buffer.from(HUSH), secretMap: { a: HUSH }, maybe: HUSH };

/** A message as ts-proto decodes it. */
function hiding(values: object): object {
  return {
    open: '', secret: '', secrets: [], key: Buffer.alloc(0), nested: undefined, many: [], byName: {}, whole: undefined,
    choice: undefined, big: 0n, secretMap: {}, maybe: undefined, byFlag: new Map(), ...values,
  };
}

/** As the log would write it. */
function shown(values: object): string {
  return JSON.stringify(compileRedactor(sample('Hiding'))(hiding(values)));
}

describe('redaction', () => {
  const whole = hiding({ open: 'seen', ...SECRETS });
  const places: readonly (readonly [name: string, values: object])[] = [
    ['the message itself', { open: 'seen', ...SECRETS }],
    ['a nested message', { nested: whole }],
    ['a nested message of a nested message', { nested: hiding({ nested: whole }) }],
    ['a list of messages', { many: [hiding({}), whole] }],
    ['a map of messages', { byName: { a: whole } }],
    ['a map of messages under the name of a field', { byName: { open: whole, nested: whole, many: whole, big: whole } }],
    ['a map of messages by flags', { byFlag: new Map([[true, whole]]) }],
    ['a message that is secret as a whole', { whole }],
    ['a text of a oneof', { choice: { $case: 'chosen', value: HUSH } }],
    ['a message of a oneof', { choice: { $case: 'other', value: whole } }],
  ];

  for (const [name, values] of places) {
    it(`never shows a secret in ${name}`, () => {
      const text = shown(values);
      for (const spelling of [HUSH, Buffer.from(HUSH).toString('base64'), JSON.stringify([...Buffer.from(HUSH)]).slice(1, -1)]) {
        assert.ok(!text.includes(spelling), text);
      }
    });
  }

  it('shows what is no secret, by proto names', () => {
    assert.equal(shown({ open: 'seen', secret: HUSH, nested: hiding({ open: 'too' }), big: 2n ** 60n }).includes('"open":"seen"'), true);
    assert.ok(shown({ byFlag: new Map([[true, hiding({ open: 'three' })]]) }).includes('"by_flag":{"true":{"open":"three"'));
    const text = shown({ many: [hiding({ open: 'one' })], big: 2n ** 60n });
    assert.ok(text.includes('"open":"one"') && text.includes('"big":"1152921504606846976"'), text);
  });

  it('leaves the message as it is', () => {
    const message = hiding({ ...SECRETS, nested: whole });
    const before = inspect(message, { depth: null });
    compileRedactor(sample('Hiding'))(message);
    assert.equal(inspect(message, { depth: null }), before);
  });

  it('hides the proof of possession and the secret of a device', () => {
    const image = loadImage();
    const requests = [['UpdatePublicKeyRequest', { pop: HUSH }], ['CreateDeviceRequest', { deviceId: 'd', publicKey: HUSH, secret: HUSH, scopes: [] }]] as const;
    for (const [name, message] of requests) {
      assert.ok(!JSON.stringify(compileRedactor(messageOf(image, `keyturn.v1.${name}`))(message)).includes(HUSH), name);
    }
  });

  it('covers every field whose name says that it is secret', () => {
    const suspicious = /(^|_)(secret|pop|password|token|private_key|jwt|credential)s?$/;
    const open = [...loadImage().registry]
      .flatMap((desc) => (desc.kind === 'message' && desc.typeName.startsWith('keyturn.v1.') ? desc.fields : []))
      .filter((field) => suspicious.test(field.name) && field.proto.options?.debugRedact !== true)
      // A message of ours has names of its own, which are looked at like these.
      .filter((field) => field.message?.typeName.startsWith('keyturn.v1.') !== true)
      .map((field) => field.toString())
      // They tell a place in a list, and let nobody in.
      .filter((name) => !/\.(?:(?:next_)?page|resume)_token$/.test(name));
    assert.deepEqual(open, []);
  });
});
