import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { compileContract } from '../../src/contract/contract.ts';
import { editOption, editedImage, methodOf, removeOption, serviceOf } from './images.ts';
import type { Options } from './images.ts';

/** What the start says of one method with these rules. */
function startWith(service: string, method: string, rules: Options): void {
  const image = editedImage((edited) => editOption(edited, methodOf(edited, service, method), 'keyturn.options.v1.method', (own) => Object.assign(own, rules)));
  compileContract(image, 'keyturn.v1');
}

describe('max_age_seconds in the contract', () => {
  it('is refused for all but GET: a POST, a PUT, a DELETE, a stream, a method without a path', () => {
    for (const [service, method] of [
      ['OperatorService', 'CreateDevice'], ['OperatorService', 'DeleteDevice'], ['IdentityBindingService', 'KeyBind'], ['OperatorService', 'WatchEvents'], ['DeviceTokenService', 'VerifyDeviceJwt'],
    ] as const) {
      assert.throws(() => startWith(service, method, { maxAgeSeconds: 1 }), { message: new RegExp(`rpc keyturn.v1.${service}.${method}: has max_age_seconds, and is no GET`) });
    }
  });

  it('is refused for a GET that is something else too, by a further binding', () => {
    const image = editedImage((edited) => {
      const method = methodOf(edited, 'OperatorService', 'GetDeviceKeySet');
      editOption(edited, method, 'google.api.http', (rule) => {
        (rule['additionalBindings'] as Options[]).push({ $typeName: 'google.api.HttpRule', selector: '', body: '', responseBody: '', additionalBindings: [], pattern: { case: 'delete', value: '/v1/devices/{device_id}/jwks.json' } });
      });
    });
    assert.throws(() => compileContract(image, 'keyturn.v1'), { message: /GetDeviceKeySet: has max_age_seconds, and is no GET/ });
  });

  it('is refused beside an etag of the method', () => {
    assert.throws(() => startWith('OperatorService', 'GetDeviceKeySet', { responseHeaders: ['etag'] }), { message: /GetDeviceKeySet: has max_age_seconds, and an etag of its own/ });
  });

  it('is refused as a default of a service that does more than GET, each of its methods named', () => {
    const image = editedImage((edited) => editOption(edited, serviceOf(edited, 'IamService'), 'keyturn.options.v1.service', (own) => Object.assign(own['defaults'] as Options, { maxAgeSeconds: 5 })));
    assert.throws(() => compileContract(image, 'keyturn.v1'), ({ message }: Error) => message.includes('IamService.CreateToken: has max_age_seconds') && !message.includes('IamService.ListProjects: has max_age_seconds'));
  });

  it('is taken for a GET, however long', () => {
    for (const maxAgeSeconds of [1, 4_294_967_295]) assert.doesNotThrow(() => startWith('OperatorService', 'GetDevice', { maxAgeSeconds }));
  });

  it('is taken where it is: of the key set of a device, half a minute', () => {
    const contract = compileContract(editedImage(() => {}), 'keyturn.v1');
    const kept = contract.services.flatMap(({ methods }) => methods.filter(({ rules }) => rules.maxAgeSeconds > 0).map(({ desc, rules }) => [desc.name, rules.maxAgeSeconds]));
    assert.deepEqual(kept, [['GetDeviceKeySet', 30]]);
  });

  it('is not there without the option', () => {
    const image = editedImage((edited) => removeOption(edited, methodOf(edited, 'OperatorService', 'ListProjects'), 'keyturn.options.v1.method'));
    const { methods } = compileContract(image, 'keyturn.v1').services.find(({ desc }) => desc.name === 'OperatorService') ?? { methods: [] };
    assert.equal(methods.find(({ desc }) => desc.name === 'ListProjects')?.rules.maxAgeSeconds, 0);
  });
});
