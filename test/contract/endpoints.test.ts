import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { FieldOptionsSchema } from '@bufbuild/protobuf/wkt';
import { describe, it } from 'mocha';
import { Caller } from '../../gen/keyturn/options/v1/options.ts';
import { DeviceKeyServiceService } from '../../gen/keyturn/v1/device_key_service.ts';
import { bind, joinEndpoints } from '../../src/call/endpoints.ts';
import type { Binding } from '../../src/call/endpoints.ts';
import type { Observer } from '../../src/call/observer.ts';
import { Pipeline } from '../../src/call/pipeline.ts';
import type { Authenticators } from '../../src/call/pipeline.ts';
import { Turnstile } from '../../src/call/turnstile.ts';
import { systemClock } from '../../src/clock.ts';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage } from '../../src/contract/image.ts';
import type { Image } from '../../src/contract/image.ts';
import { editOption, editedImage, messageOf } from './images.ts';

const UPDATE = '/keyturn.v1.DeviceKeyService/UpdatePublicKey';

describe('endpoints', () => {
  const contract = compileContract(loadImage(), 'keyturn.v1');
  const paths = contract.services.flatMap((service) => service.methods).map((method) => method.path);
  const bindings = paths.map(bindingOf);

  it('gives every method its handler, in the order of the contract', () => {
    assert.deepEqual(joinEndpoints(contract, bindings.toReversed()).map((endpoint) => endpoint.path), paths);
    assert.deepEqual(paths.filter((path) => path.startsWith('/keyturn.v1.DeviceKeyService/')), [UPDATE]);
  });

  for (const path of paths) {
    it(`misses the handler of ${path}`, () => {
      const others = bindings.filter((binding) => binding.path !== path);
      assert.throws(() => joinEndpoints(contract, others), { message: `${path} has no handler` });
    });
  }

  it('refuses a handler that no method has', () => {
    const foreign = bindingOf('/keyturn.v1.DeviceKeyService/NoSuchMethod');
    assert.throws(() => joinEndpoints(contract, [...bindings, foreign]), { message: `${foreign.path} has a handler but is not in the contract` });
  });

  it('refuses two handlers of one method', () => {
    assert.throws(() => joinEndpoints(contract, [...bindings, bindingOf(UPDATE)]), { message: `${UPDATE} has two handlers` });
  });

  it('misses a method of the generated definition', () => {
    assert.throws(() => bind(DeviceKeyServiceService, {} as never), { message: `${UPDATE} has no handler` });
  });

  it('refuses rules of text on a field that is none', () => {
    const image = editedImage((edited) => fieldRules(edited, 'updates_allowed', { required: true }));
    assert.throws(() => joinEndpoints(compileContract(image, 'keyturn.v1'), bindings), {
      message: 'field keyturn.v1.CreateDeviceRequest.updates_allowed: required is a rule for text, messages, lists and maps',
    });
  });

  it('refuses a pattern that is no regular expression, and says whose', () => {
    const image = editedImage((edited) => fieldRules(edited, 'device_id', { pattern: '(' }));
    assert.throws(() => joinEndpoints(compileContract(image, 'keyturn.v1'), bindings), { message: /device_id/ });
  });

  describe('in the pipeline', () => {
    const observer: Observer = { begin: () => () => {}, unrouted: () => {}, request: () => {} };
    const authenticator = { authenticate: () => assert.fail(), authorize() {}, limit() {} };

    it('need an authenticator for each kind of caller', () => {
      const endpoints = joinEndpoints(contract, bindings);
      const turnstile = new Turnstile(300, systemClock);
      const pipelineOf = (authenticators: Authenticators): Pipeline =>
        new Pipeline({ contract, endpoints, authenticators, turnstile, observer });
      const callers = [...new Set(endpoints.map(({ method }) => method.rules.caller))];
      assert.ok(callers.includes(Caller.CALLER_OPERATOR) && callers.includes(Caller.CALLER_DEVICE_UPDATE_JWT));
      assert.ok(pipelineOf(new Map(callers.map((caller) => [caller, authenticator]))));
      for (const missing of callers) {
        const given = new Map(callers.filter((caller) => caller !== missing).map((caller) => [caller, authenticator]));
        assert.throws(() => pipelineOf(given), {
          message: /^\/keyturn\.v1\.\w+\/\w+: nothing authenticates its caller$/,
        });
      }
    });
  });
});

function bindingOf(path: string): Binding {
  return { path, decode: () => ({}), encode: () => new Uint8Array(), handle: () => Promise.resolve({}) };
}

function fieldRules(image: Image, name: string, values: object): void {
  const field = messageOf(image, 'keyturn.v1.CreateDeviceRequest').fields.find((candidate) => candidate.name === name);
  assert.ok(field);
  field.proto.options ??= create(FieldOptionsSchema);
  editOption(image, field, 'keyturn.options.v1.field', (rules) => Object.assign(rules, values));
}
