import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage } from '../../src/contract/image.ts';
import type { Image } from '../../src/contract/image.ts';
import { editOption, editedImage, messageOf, methodOf, reasonOf } from './images.ts';
import type { Options } from './images.ts';

const UPDATE = 'rpc keyturn.v1.IdentityBindingService.SignUpdate';
const CONFIRM = 'rpc keyturn.v1.IdentityBindingService.SignConfirm';
const WATCH = 'rpc keyturn.v1.OperatorService.WatchEvents';

const ofMethod = (service: string, name: string, values: Options) => (image: Image): void =>
  editOption(image, methodOf(image, service, name), 'keyturn.options.v1.method', (rules) => Object.assign(rules, values));
/** `forms`: of the service's method. */
const ofForms = (service: string, name: string, ...forms: readonly Options[]) => (image: Image): void => {
  const type = messageOf(image, 'keyturn.options.v1.ResponseForm');
  ofMethod(service, name, { responseForms: forms.map((values) => create(type, values)) })(image);
};
const ofUpdate = (...forms: readonly Options[]) => ofForms('IdentityBindingService', 'SignUpdate', ...forms);
const ofRetrieve = (...forms: readonly Options[]) => ofForms('IdentityBindingService', 'SignRetrieve', ...forms);
const ofReason = (name: string, values: Options) => (image: Image): void =>
  editOption(image, reasonOf(image, name), 'keyturn.options.v1.reason', (rules) => Object.assign(rules, values));
const form = (values: Options): Options => ({ name: 'jwt', mediaType: 'application/jwt', field: 'jwt', ...values });
/** SignUpdate with this form alone. */
const ofForm = (values: Options) => ofUpdate(form(values));

/** What is forgotten or stated in vain, and what the error says, among other things. */
const HOLES: readonly (readonly [name: string, edit: (image: Image) => void, says: string])[] = [
  ['two forms of one name', ofUpdate(form({}), form({ field: '' })), `${UPDATE}: has two response_forms of one name`],
  ['a form without a name', ofForm({ name: '' }), `${UPDATE}: has a response form without a name`],
  ...['', 'jwt', '*/*', 'application/*', 'Application/JWT', 'application/jwt; charset=utf-8', 'a/b/c', 'text/plain\r\nx: y'].map(
    (mediaType) => [`a form of the type ${JSON.stringify(mediaType)}`, ofForm({ mediaType }), `${UPDATE}: media type ${mediaType} of its response form jwt is not type/subtype`] as const,
  ),
  ['a form of a field that there is not', ofForm({ field: 'token' }), `${UPDATE}: the field token of its response form jwt is neither a string nor bytes`],
  ['a form of a field of a field', ofRetrieve(form({ field: 'claims.sub' })), 'the field claims.sub of its response form jwt is neither'],
  ['a form of a field that is a message', ofRetrieve(form({ field: 'claims' })), 'the field claims of its response form jwt is neither'],
  ['a form of a field that is a list', ofForms('OperatorService', 'ListDevices', form({ field: 'devices' })), 'the field devices of its response form jwt is neither'],
  ['a form of a number', ofForms('IotDeviceService', 'DeviceAuth', form({ field: 'expires_in' })), 'the field expires_in of its response form jwt is neither'],
  ['forms of a stream', ofForms('OperatorService', 'WatchEvents', form({ field: '' })), `${WATCH}: answers with a stream, which has one form: leave out response_forms`],
  ['refuses_jwt where there is no body', ofMethod('IdentityBindingService', 'SignDelete', { refusesJwt: true }), 'rpc keyturn.v1.IdentityBindingService.SignDelete: takes no body: leave out refuses_jwt'],
  ['a reason without the title that its envelope shows', ofReason('AUTHENTIQ_UNKNOWN_JOB', { title: '' }), 'reason AUTHENTIQ_UNKNOWN_JOB lacks the title that its envelope shows'],
  ['a reason with a title that no one sees', ofReason('DEVICE_FROZEN', { title: 'Frozen' }), 'reason DEVICE_FROZEN has a title, which its envelope does not show'],
  ['an envelope without a reason for another method', ofReason('AUTHENTIQ_NOT_SUPPORTED', { faults: [] }), 'its envelope has no reason for fault FAULT_METHOD_NOT_ALLOWED'],
];

/** What is no hole. */
const WHOLE: readonly (readonly [name: string, edit: (image: Image) => void])[] = [
  ['several forms, of a field or of a type alone', ofUpdate(form({}), form({ name: 'JWT' }), form({ name: 'strict', field: '' }), form({ name: 'x', mediaType: 'application/vnd.a+json', field: 'status' }))],
  ['a method without forms', ofUpdate()],
  ['refuses_jwt beside media types of its own', ofMethod('IdentityBindingService', 'SignConfirm', { mediaTypes: ['application/json', 'application/x-www-form-urlencoded'] })],
];

describe('the contract refuses holes in the forms of answers', () => {
  for (const [name, edit, says] of HOLES) {
    it(name, () => {
      const image = editedImage(edit);
      assert.throws(() => compileContract(image, 'keyturn.v1'), (error: Error) => {
        assert.ok(error.message.includes(says), `${says}\nnot in\n${error.message}`);
        return true;
      });
    });
  }

  for (const [name, edit] of WHOLE) {
    it(`but not ${name}`, () => void compileContract(editedImage(edit), 'keyturn.v1'));
  }

  it('and one method of a service refuses JWTs while another has forms', () => {
    const methods = compileContract(loadImage(), 'keyturn.v1').services.flatMap((service) => service.methods);
    const of = (name: string) => methods.find(({ desc }) => desc.toString() === name);
    assert.deepEqual([of(CONFIRM)?.rules.refusesJwt, of(UPDATE)?.rules.refusesJwt], [true, false]);
    assert.deepEqual(of(UPDATE)?.rules.responseForms.map(({ name, field }) => [name, field]), [['jwt', 'jwt'], ['strict', '']]);
  });
});
