import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { Caller, Envelope } from '../../gen/keyturn/options/v1/options.ts';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage } from '../../src/contract/image.ts';
import type { Image } from '../../src/contract/image.ts';
import { editOption, editedImage, methodOf, reasonOf, serviceOf } from './images.ts';
import type { Options } from './images.ts';

const METHOD = 'keyturn.options.v1.method';
const SERVICE = 'keyturn.options.v1.service';
const REASON = 'keyturn.options.v1.reason';
const RESET = 'rpc keyturn.v1.DeviceSecretService.ResetDeviceSecret';
const AUTHENTICATE = 'rpc keyturn.v1.DeviceSecretService.AuthenticateConnection';
const TOKEN = 'rpc keyturn.v1.IamService.CreateToken';

const ofMethod = (service: string, name: string, values: Options) => (image: Image): void =>
  editOption(image, methodOf(image, service, name), METHOD, (rules) => Object.assign(rules, values));
const ofReset = (values: Options) => ofMethod('DeviceSecretService', 'ResetDeviceSecret', values);
const ofService = (name: string, values: Options) => (image: Image): void =>
  editOption(image, serviceOf(image, name), SERVICE, (rules) => Object.assign(rules, values));
const ofReason = (name: string, values: Options) => (image: Image): void =>
  editOption(image, reasonOf(image, name), REASON, (rules) => Object.assign(rules, values));

/** What is forgotten or stated in vain, and what the error says, among other things. */
const HOLES: readonly (readonly [name: string, edit: (image: Image) => void, says: string])[] = [
  ['a path with grpc_only', ofReset({ grpcOnly: true }), `${RESET}: is grpc_only and has a google.api.http rule`],
  ['grpc_only that a service states for all', ofService('IamService', { defaults: { ...serviceDefaults('IamService'), grpcOnly: true } }), `${TOKEN}: is grpc_only and has`],
  ['no path and no grpc_only', ofMethod('DeviceSecretService', 'AuthenticateConnection', { grpcOnly: false }), `${AUTHENTICATE}: has no google.api.http rule: give it one, or set grpc_only`],
  ['a project_field that is no field', ofReset({ projectField: 'project' }), `${RESET}: its project_field project is no string field`],
  ['one that is a message', ofReset({ projectField: 'reset' }), `${RESET}: its project_field reset is no string field`],
  ['one in JSON names', ofReset({ projectField: 'projectId' }), `${RESET}: its project_field projectId is no string field`],
  ['one within a message', ofReset({ projectField: 'reset.secret' }), `${RESET}: its project_field reset.secret is no string field`],
  ['one that is bytes or a list', ofMethod('OperatorService', 'CreateDevice', { caller: Caller.CALLER_APPLICATION, projectField: 'scopes' }), 'its project_field scopes is no string field'],
  ['one that can be unset', ofMethod('IamService', 'CreateToken', { projectField: 'nocatalog' }), `${TOKEN}: its project_field nocatalog can be unset: it may be neither optional nor in a oneof`],
  ['one with a caller who has no rights', ofReset({ caller: Caller.CALLER_ANYONE, permission: '' }), `${RESET}: has a project_field project_id that its caller is not asked for`],
  ['a permission with such a caller', ofReset({ caller: Caller.CALLER_ANYONE, projectField: '' }), `${RESET}: has a permission that its caller is not asked for`],
  ['a permission of the operator', ofReset({ caller: Caller.CALLER_OPERATOR }), `${RESET}: has a permission that its caller is not asked for`],
  ['a fallback_envelope that is the envelope', ofService('IamService', { fallbackEnvelope: Envelope.ENVELOPE_IAM }), 'service keyturn.v1.IamService: its fallback_envelope is its envelope'],
  ['no fallback_envelope where one is needed', ofService('IamService', { fallbackEnvelope: 0 }), 'service keyturn.v1.IamService: its envelope has no reason for fault FAULT_ROUTE_NOT_FOUND'],
  ['a fallback_envelope without a reason for a fault', ofReason('IOTDA_BODY_TOO_LARGE', { faults: [] }), 'service keyturn.v1.IamService: its envelope has no reason for fault FAULT_BODY_TOO_LARGE'],
  ['a reason of neither envelope', ofMethod('IamService', 'CreateToken', { reasons: ['DEVICE_FROZEN'] }), `${TOKEN}: DEVICE_FROZEN is of another envelope`],
  ['words of the gateway in another envelope', ofReason('DEVICE_FROZEN', { gatewayWord: 'X.1' }), 'reason DEVICE_FROZEN has words of the gateway, which its envelope does not show'],
  ['a sentence of the gateway in another envelope', ofReason('IAM_CREDENTIALS_WRONG', { gatewaySentence: 'no' }), 'reason IAM_CREDENTIALS_WRONG has words of the gateway'],
  ['a number in the sentence of a fault', ofReason('IOTDA_FAILED', { sentence: 'more than <N>' }), 'reason IOTDA_FAILED stands for a fault, which brings no number for <N>'],
  ['a number in the sentence of a fault for the gateway', ofReason('IOTDA_FAILED', { gatewaySentence: 'more than <N>' }), 'reason IOTDA_FAILED stands for a fault'],
  ['a number in the sentence of the gateway alone', ofReason('IOTDA_DEVICE_EXISTS', { gatewaySentence: '<N> exist' }), 'reason IOTDA_DEVICE_EXISTS has <N> in its gateway_sentence alone'],
];

/** What is no hole. */
const WHOLE: readonly (readonly [name: string, edit: (image: Image) => void])[] = [
  ['a reason of the fallback_envelope', ofMethod('IamService', 'CreateToken', { reasons: ['IAM_CREDENTIALS_WRONG', 'IOTDA_THROTTLED'] })],
  ['grpc_only of a service, taken back by its methods', (image) => {
    ofService('IamService', { defaults: { ...serviceDefaults('IamService'), grpcOnly: true } })(image);
    for (const name of ['CreateToken', 'ListProjects']) ofMethod('IamService', name, { grpcOnly: false })(image);
  }],
  ['an envelope without reasons for the finer faults', (image) => {
    for (const name of ['IOTDA_SIGNATURE_REFUSED', 'IOTDA_TOKEN_EXPIRED']) ofReason(name, { faults: [] })(image);
  }],
];

function serviceDefaults(name: string): Options {
  const image = loadImage();
  let defaults: Options = {};
  editOption(image, serviceOf(image, name), SERVICE, (rules) => (defaults = rules['defaults'] as Options));
  return defaults;
}

describe('the contract refuses holes of rights and envelopes', () => {
  for (const [name, edit, says] of HOLES) {
    it(name, () => {
      const image = editedImage(edit);
      assert.throws(
        () => compileContract(image, 'keyturn.v1'),
        (error: Error) => {
          assert.ok(error.message.includes(says), `${says}\nnot in\n${error.message}`);
          return true;
        },
      );
    });
  }

  for (const [name, edit] of WHOLE) {
    it(`but not ${name}`, () => assert.ok(compileContract(editedImage(edit), 'keyturn.v1')));
  }
});

describe('the reason for a fault', () => {
  const { services } = compileContract(loadImage(), 'keyturn.v1');
  const reasonsOf = (name: string): Record<string, string | undefined> => {
    const service = services.find(({ desc }) => desc.name === name);
    const faults = { 9: 'unauthenticated', 17: 'signature', 18: 'expired', 15: 'target', 5: 'size', 1: 'route', 14: 'rate' };
    return Object.fromEntries(Object.entries(faults).map(([fault, said]) => [said, service?.faults.get(Number(fault) as never)?.name]));
  };

  it('is finer where the envelope states it', () => {
    assert.deepEqual(reasonsOf('DeviceSecretService'), {
      unauthenticated: 'IOTDA_UNAUTHENTICATED', signature: 'IOTDA_SIGNATURE_REFUSED', expired: 'IOTDA_TOKEN_EXPIRED',
      target: 'IOTDA_ROUTE_NOT_FOUND', size: 'IOTDA_BODY_TOO_LARGE', route: 'IOTDA_ROUTE_NOT_FOUND', rate: undefined,
    });
  });

  it('is of the own envelope before that of the fallback, whatever the fallback states more finely', () => {
    assert.deepEqual(reasonsOf('IamService'), {
      unauthenticated: 'IAM_UNAUTHENTICATED', signature: 'IAM_UNAUTHENTICATED', expired: 'IAM_UNAUTHENTICATED',
      target: 'IOTDA_ROUTE_NOT_FOUND', size: 'IOTDA_BODY_TOO_LARGE', route: 'IOTDA_ROUTE_NOT_FOUND', rate: undefined,
    });
  });
});
