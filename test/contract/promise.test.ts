import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage, parseImage } from '../../src/contract/image.ts';
import type { Image } from '../../src/contract/image.ts';
import type { Contract } from '../../src/contract/model.ts';
import { editOption, editedImage, messageOf, methodOf, reasonOf, serviceOf } from './images.ts';
import type { Options } from './images.ts';
import { JUDGED, brokenPromises } from './promise.ts';

const BASELINE = new URL('../../proto/baseline.binpb', import.meta.url);
const now = compileContract(loadImage(), 'keyturn.v1');

/** What is broken if this contract is the released one, and the next one is edited so. */
function brokenBy(edit: (image: Image) => void): string[] {
  return brokenPromises(now, compileContract(editedImage(edit), 'keyturn.v1'));
}

const METHOD = 'keyturn.options.v1.method';
const update = (image: Image) => methodOf(image, 'DeviceKeyService', 'UpdatePublicKey');
const rules = (edit: (value: Options) => void) => (image: Image) => editOption(image, update(image), METHOD, edit);
const path = '/keyturn.v1.DeviceKeyService/UpdatePublicKey';

/** An edit, and what it is told. */
const BREAKING: readonly [string, (image: Image) => void, string][] = [
  ['another caller', rules((value) => void (value['caller'] = 1)), `${path}: caller has changed`],
  ['a smaller limit', rules((value) => void (value['maxBodyBytes'] = 16_383)), `${path}: max_body_bytes is smaller`],
  ['a media type less', rules((value) => void (value['mediaTypes'] = ['application/json'])), `${path}: mediaTypes has no "application/x-www-form-urlencoded" any more`],
  ['a response header less', rules((value) => void (value['responseHeaders'] = ['retry-after'])), `${path}: responseHeaders has no "idempotent-replayed" any more`],
  ['JSON that is read in another way', rules((value) => void (value['jsonInput'] = 1)), `${path}: jsonInput has changed`],
  ['a query that counts', rules((value) => void (value['query'] = 1)), `${path}: query is read in another way`],
  [
    'a query that does not count any more',
    (image) => editOption(image, methodOf(image, 'OperatorService', 'ListDevices'), METHOD, (value) => void (value['query'] = 2)),
    '/keyturn.v1.OperatorService/ListDevices: query is read in another way',
  ],
  [
    'an answer that may not be kept any more',
    (image) => editOption(image, methodOf(image, 'OperatorService', 'GetDeviceKeySet'), METHOD, (value) => void (value['maxAgeSeconds'] = 0)),
    '/keyturn.v1.OperatorService/GetDeviceKeySet: has no entity tag any more',
  ],
  [
    'an answer that may lack a member',
    (image) => {
      const [success] = messageOf(image, 'keyturn.v1.UpdatePublicKeyResponse').fields;
      assert.ok(success);
      editOption(image, success, 'keyturn.options.v1.field', (value) => void (value['required'] = false));
    },
    'keyturn.v1.UpdatePublicKeyResponse.success: may be away from answers',
  ],
  ['other names in answers', rules((value) => void (value['jsonNames'] = 1)), `${path}: jsonNames has changed`],
  ['another status', rules((value) => void (value['statuses'] = [204])), `${path}: statuses has changed`],
  [
    'another path',
    (image) => editOption(image, update(image), 'google.api.http', (value) => void (value['pattern'] = { case: 'post', value: '/device/update/key' })),
    `${path}: has no route POST /device/update/pubkey * - any more`,
  ],
  ['another envelope', (image) => editOption(image, serviceOf(image, 'DeviceKeyService'), 'keyturn.options.v1.service', (value) => void (value['challenge'] = 'Basic')), 'DeviceKeyService: challenge has changed'],
  ['another status of a reason', (image) => editOption(image, reasonOf(image, 'DEVICE_FROZEN'), 'keyturn.options.v1.reason', (value) => void (value['httpStatus'] = 423)), 'reason DEVICE_FROZEN: httpStatus has changed'],
  ['another word of a reason', (image) => editOption(image, reasonOf(image, 'DEVICE_FROZEN'), 'keyturn.options.v1.reason', (value) => void (value['word'] = 'Forbidden')), 'reason DEVICE_FROZEN: word has changed'],
  ['another reason for a fault', moveFault, 'reason DEVICE_REQUEST_MALFORMED: stands for FAULT_MEDIA_TYPE no more'],
  [
    'a path that another call had',
    (image) => editOption(image, methodOf(image, 'OperatorService', 'ListProjects'), 'google.api.http', (value) => void (value['pattern'] = { case: 'get', value: '/v1/devices/projects' })),
    '/keyturn.v1.OperatorService/ListProjects: has no route GET /v1/projects - - any more\nGET /v1/devices/projects takes requests of /v1/devices/{device_id}',
  ],
  ['a form that is read otherwise', (image) => editField(image, { formSpaceIsPlus: false }), 'keyturn.v1.UpdatePublicKeyRequest.pop: a space in a form is read otherwise'],
  ['a shorter text', (image) => editField(image, { maxLength: 2047 }), 'keyturn.v1.UpdatePublicKeyRequest.pop: max_length is smaller'],
  ['a pattern', (image) => editField(image, { pattern: '[A-Z]+' }), 'keyturn.v1.UpdatePublicKeyRequest.pop: its pattern has changed'],
];

function editField(image: Image, to: Options): void {
  const [pop] = messageOf(image, 'keyturn.v1.UpdatePublicKeyRequest').fields;
  assert.ok(pop);
  editOption(image, pop, 'keyturn.options.v1.field', (value) => void Object.assign(value, to));
}

function moveFault(image: Image): void {
  const MEDIA_TYPE = 6;
  const edit = (reason: string, change: (faults: number[]) => number[]): void =>
    editOption(image, reasonOf(image, reason), 'keyturn.options.v1.reason', (value) => void (value['faults'] = change(value['faults'] as number[])));
  edit('DEVICE_REQUEST_MALFORMED', (faults) => faults.filter((fault) => fault !== MEDIA_TYPE));
  edit('DEVICE_ROUTE_NOT_FOUND', (faults) => [...faults, MEDIA_TYPE]);
}

/** Takes and gives more than is released. */
function takeMore(image: Image): void {
  rules((value) => {
    value['maxBodyBytes'] = 32_768;
    value['mediaTypes'] = [...(value['mediaTypes'] as string[]), 'application/jwt'];
    value['reasons'] = [...(value['reasons'] as string[]), 'CLIENT_ID_MISMATCH'];
    value['responseHeaders'] = [...(value['responseHeaders'] as string[]), 'x-more'];
  })(image);
  editField(image, { maxLength: 4096, required: false });
}

/** The contract with key updates at these paths. */
function boundTo(...paths: string[]): Contract {
  const [first, ...others] = paths.map((each) => ({ $typeName: 'google.api.HttpRule', selector: '', body: '*', responseBody: '', additionalBindings: [], pattern: { case: 'post', value: each } }));
  const image = editedImage((edited) => editOption(edited, update(edited), 'google.api.http', (value) => void Object.assign(value, { pattern: first?.pattern, additionalBindings: others })));
  return compileContract(image, 'keyturn.v1');
}

describe('the promise to callers', () => {
  it('is kept since the last release', () => {
    const released = compileContract(parseImage(readFileSync(BASELINE)), 'keyturn.v1');
    assert.deepEqual(brokenPromises(released, now), []);
  });

  for (const [what, edit, told] of BREAKING) {
    it(`is broken by ${what}`, () => {
      assert.equal(brokenBy(edit).join('\n'), told);
    });
  }

  it('is broken by a new field that is required', () => {
    const released = editedImage((image) => void (messageOf(image, 'keyturn.v1.UpdatePublicKeyRequest').proto.field = []));
    assert.deepEqual(brokenPromises(compileContract(released, 'keyturn.v1'), now), ['keyturn.v1.UpdatePublicKeyRequest.pop: is new and required']);
  });

  it('is broken by another order of routes, and not by one behind the others', () => {
    const [own, other] = ['/device/update/pubkey', '/device/update/key'];
    assert.deepEqual(brokenPromises(boundTo(own, other), boundTo(other, own)), [`${path}: its routes have another order`]);
    assert.deepEqual(brokenPromises(boundTo(own), boundTo(own, other)), []);
  });

  it('judges every rule that the vocabulary has', () => {
    for (const [name, judged] of Object.entries(JUDGED)) {
      const { fields } = messageOf(now.image, `keyturn.options.v1.${name}`);
      assert.deepEqual(fields.map(({ localName }) => localName).toSorted(), judged.toSorted(), name);
    }
  });

  it('is not broken by what takes more: a larger limit, a media type, a reason, a looser field', () => {
    assert.deepEqual(brokenBy(takeMore), []);
  });
});
