import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage } from '../../src/contract/image.ts';
import type { Image } from '../../src/contract/image.ts';
import { editOption, editedImage, methodOf, reasonOf, removeOption, serviceOf } from './images.ts';
import type { Options } from './images.ts';

const METHOD = 'keyturn.options.v1.method';
const SERVICE = 'keyturn.options.v1.service';
const REASON = 'keyturn.options.v1.reason';
const HTTP = 'google.api.http';
const UPDATE = 'rpc keyturn.v1.DeviceKeyService.UpdatePublicKey';
const DEVICE_KEY = 'service keyturn.v1.DeviceKeyService';
const OPERATOR = 'service keyturn.v1.OperatorService';

interface Hole {
  readonly name: string;
  readonly edit: (image: Image) => void;
  /** What the error says, among other things. */
  readonly says: readonly string[];
}

const ofUpdate = (values: Options) => (image: Image): void =>
  editOption(image, methodOf(image, 'DeviceKeyService', 'UpdatePublicKey'), METHOD, (rules) => Object.assign(rules, values));
const ofDeviceKeys = (values: Options) => (image: Image): void =>
  editOption(image, serviceOf(image, 'DeviceKeyService'), SERVICE, (rules) => Object.assign(rules, values));
const ofReason = (name: string, values: Options) => (image: Image): void =>
  editOption(image, reasonOf(image, name), REASON, (rules) => Object.assign(rules, values));
const addFault = (name: string, fault: number) => (image: Image): void =>
  editOption(image, reasonOf(image, name), REASON, (rules) => (rules['faults'] as number[]).push(fault));

const HOLES: readonly Hole[] = [
  { name: 'a method without a caller', edit: ofUpdate({ caller: 0 }), says: [`${UPDATE}: does not say who may call: set caller`] },
  { name: 'a method without a limit', edit: ofUpdate({ maxBodyBytes: 0 }), says: [`${UPDATE}: has no limit`] },
  { name: 'a method without statuses', edit: ofUpdate({ statuses: [] }), says: [`${UPDATE}: has no status of success`] },
  { name: 'a status that is no success', edit: ofUpdate({ statuses: [200, 404] }), says: [`${UPDATE}: status 404`] },
  { name: 'a method without json_input', edit: ofUpdate({ jsonInput: 0 }), says: [`${UPDATE}: does not say json_input`] },
  { name: 'a method without json_names', edit: ofUpdate({ jsonNames: 0 }), says: [`${UPDATE}: does not say json_names`] },
  { name: 'a method without json_unset', edit: ofUpdate({ jsonUnset: 0 }), says: [`${UPDATE}: does not say json_unset`] },
  { name: 'a method without query', edit: ofUpdate({ query: 0 }), says: [`${UPDATE}: does not say what becomes of the query`] },
  { name: 'a body without media types', edit: ofUpdate({ mediaTypes: [] }), says: [`${UPDATE}: takes a body but no media type`] },
  ...['json', 'application/json; charset=utf-8', 'application/*', '*', 'a/b/c', ''].map((type) => ({
    name: `the media type '${type}'`,
    edit: ofUpdate({ mediaTypes: [type] }),
    says: [`${UPDATE}: media type ${type} is not type/subtype`],
  })),
  ...['x-gzip', 'GZIP', 'identity', 'zstd', ''].map((coding) => ({
    name: `the content coding '${coding}'`,
    edit: ofUpdate({ contentCodings: [coding] }),
    says: [`${UPDATE}: content coding ${coding} is not gzip, deflate or br`],
  })),
  ...['jwt', 'text/plain\r\nx: y', 'text/plain;', '*/*', 'text/plain; a'].map((type) => ({
    name: `the response_media_type ${JSON.stringify(type)}`,
    edit: ofUpdate({ responseMediaType: type }),
    says: [`${UPDATE}: response_media_type ${type} is no media type`],
  })),
  { name: 'a media type in upper case', edit: ofUpdate({ mediaTypes: ['Application/JSON'] }), says: ['media type Application/JSON'] },
  { name: 'an unknown reason', edit: ofUpdate({ reasons: ['NO_SUCH_REASON'] }), says: [`${UPDATE}: NO_SUCH_REASON is not a reason`] },
  { name: 'a reason with its prefix', edit: ofUpdate({ reasons: ['ERROR_REASON_DEVICE_FROZEN'] }), says: ['is not a reason'] },
  { name: 'a reason of another envelope', edit: ofUpdate({ reasons: ['DEVICE_NOT_FOUND'] }), says: [`${UPDATE}: DEVICE_NOT_FOUND is of another envelope`] },
  { name: 'a response header in upper case', edit: ofUpdate({ responseHeaders: ['Retry-After'] }), says: ['Retry-After is not in lower case'] },
  {
    name: 'a method without any rules',
    edit: (image) => removeOption(image, methodOf(image, 'DeviceKeyService', 'UpdatePublicKey'), METHOD),
    says: [`${UPDATE}: does not say who may call`, `${UPDATE}: has no limit`, `${UPDATE}: has no status`],
  },
  {
    name: 'a method without a REST binding',
    edit: (image) => removeOption(image, methodOf(image, 'DeviceKeyService', 'UpdatePublicKey'), HTTP),
    says: [`keyturn/v1/device_key_service.proto: ${UPDATE}: has no google.api.http rule`],
  },
  {
    name: 'a method that streams its request',
    edit: (image) => (methodOf(image, 'OperatorService', 'ListDevices').proto.clientStreaming = true),
    says: ['keyturn/v1/operator_service.proto: rpc keyturn.v1.OperatorService.ListDevices: streams its request'],
  },
  {
    name: 'a method that streams both',
    edit: (image) => Object.assign(methodOf(image, 'OperatorService', 'ListDevices').proto, { clientStreaming: true, serverStreaming: true }),
    says: ['keyturn/v1/operator_service.proto: rpc keyturn.v1.OperatorService.ListDevices: streams its request'],
  },
  { name: 'a service without an envelope', edit: ofDeviceKeys({ envelope: 0 }), says: [`${DEVICE_KEY}: has no envelope`] },
  { name: 'a service with an envelope that nothing maps', edit: ofDeviceKeys({ envelope: 77 }), says: [`${DEVICE_KEY}: `] },
  { name: 'a service without other_methods', edit: ofDeviceKeys({ otherMethods: 0 }), says: [`${DEVICE_KEY}: does not say what other_methods get`] },
  ...['device', '/device/', '/a//b', ''].map((prefix) => ({
    name: `the path prefix '${prefix}'`,
    edit: ofDeviceKeys({ pathPrefixes: [prefix] }),
    says: [`${DEVICE_KEY}: path prefix ${prefix} is not`],
  })),
  {
    name: 'a service without any rules',
    edit: (image) => removeOption(image, serviceOf(image, 'OperatorService'), SERVICE),
    says: [`${OPERATOR}: has no envelope`, 'rpc keyturn.v1.OperatorService.GetDevice: does not say who may call'],
  },
  {
    name: 'a reason without a wire mapping',
    edit: (image) => removeOption(image, reasonOf(image, 'DEVICE_FROZEN'), REASON),
    says: ['ERROR_REASON_DEVICE_FROZEN has no wire mapping', `${UPDATE}: DEVICE_FROZEN is not a reason`],
  },
  { name: 'a reason without an envelope', edit: ofReason('DEVICE_FROZEN', { envelope: 0 }), says: ['reason DEVICE_FROZEN has no envelope'] },
  { name: 'a reason without a gRPC code', edit: ofReason('DEVICE_FROZEN', { code: 0 }), says: ['reason DEVICE_FROZEN has no gRPC code'] },
  { name: 'a reason with a status of success', edit: ofReason('DEVICE_FROZEN', { httpStatus: 200 }), says: ['DEVICE_FROZEN has no HTTP status of refusal'] },
  { name: 'a reason without a sentence', edit: ofReason('DEVICE_FROZEN', { sentence: '' }), says: ['reason DEVICE_FROZEN has no public sentence'] },
  { name: 'two reasons for one fault', edit: addFault('DEVICE_FROZEN', 9), says: ['another reason of its envelope stands for FAULT_UNAUTHENTICATED'] },
  { name: 'a fault named twice by one reason', edit: addFault('DEVICE_UNAUTHENTICATED', 9), says: ['stands for FAULT_UNAUTHENTICATED'] },
  { name: 'FAULT_UNSPECIFIED, which is not a fault', edit: addFault('DEVICE_FROZEN', 0), says: ['DEVICE_FROZEN'] },
  ...[
    'ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED', 'BODY_TOO_LARGE', 'UNAUTHENTICATED', 'DEADLINE_EXCEEDED', 'CANCELLED',
    'UNAVAILABLE', 'INTERNAL',
  ].map((name) => ({
    name: `an envelope without a reason for FAULT_${name}`,
    edit: ofReason(name, { faults: [] }),
    says: [`${OPERATOR}: its envelope has no reason for fault FAULT_${name}`],
  })),
];

describe('the contract refuses holes', () => {
  it('finds none in the contract as it is', () => {
    const contract = compileContract(loadImage(), 'keyturn.v1');
    assert.deepEqual(contract.services.map((service) => service.desc.name), [
      'DeviceKeyService', 'DeviceSecretService', 'DeviceTokenService', 'IamService', 'IdentityBindingService', 'IotDeviceService', 'OperatorService',
    ]);
  });

  for (const { name, edit, says } of HOLES) {
    it(name, () => {
      const image = editedImage(edit);
      assert.throws(
        () => compileContract(image, 'keyturn.v1'),
        (error: Error) => {
          assert.match(error.message, /^the contract has holes:\n {2}/);
          for (const hole of says) assert.ok(error.message.includes(hole), `${hole}\nnot in\n${error.message}`);
          return true;
        },
      );
    });
  }

  it('lists every hole at once', () => {
    const image = editedImage((broken) => {
      ofUpdate({ caller: 0 })(broken);
      ofReason('DEVICE_EXISTS', { sentence: '' })(broken);
    });
    assert.throws(() => compileContract(image, 'keyturn.v1'), { message: /DEVICE_EXISTS has no public sentence[^]*does not say who may call/ });
  });

  it('a package without services or reasons', () => {
    assert.throws(() => compileContract(loadImage(), 'google.rpc'), { message: /no enum google\.rpc\.ErrorReason/ });
  });

  it('an image without the vocabulary', () => {
    const image = editedImage((broken) => {
      broken.files.file = broken.files.file.filter((file) => !file.name.startsWith('keyturn/'));
    });
    assert.throws(() => compileContract(image, 'keyturn.v1'), Error);
  });
});
