import assert from 'node:assert/strict';
import { DeviceKeyServiceClient } from '../../gen/rest/keyturn/v1/device_key_service.ts';
import { DeviceSecretServiceClient } from '../../gen/rest/keyturn/v1/device_secret_service.ts';
import { DeviceTokenServiceClient } from '../../gen/rest/keyturn/v1/device_token_service.ts';
import { IamServiceClient } from '../../gen/rest/keyturn/v1/iam_service.ts';
import { IdentityBindingServiceClient } from '../../gen/rest/keyturn/v1/identity_binding_service.ts';
import { IotDeviceServiceClient } from '../../gen/rest/keyturn/v1/iot_device_service.ts';
import { OperatorServiceClient } from '../../gen/rest/keyturn/v1/operator_service.ts';
import { bearer } from '../../gen/rest/runtime/index.ts';
import type { ClientOptions } from '../../gen/rest/runtime/index.ts';
import { compileContract } from '../../src/contract/contract.ts';
import { loadImage } from '../../src/contract/image.ts';
import { patternOf } from '../../src/transport/rest/binding/checks.ts';
import { compileRoutes } from '../../src/transport/rest/routing/routes.ts';
import { OPERATOR_TOKEN } from '../support/service.ts';
import type { TestService } from '../support/service.ts';

/** A client of every service of Keyturn that has REST paths. */
export interface Clients {
  readonly service: TestService;
  readonly operator: OperatorServiceClient;
  readonly keys: DeviceKeyServiceClient;
  readonly tokens: DeviceTokenServiceClient;
  readonly identities: IdentityBindingServiceClient;
  readonly secrets: DeviceSecretServiceClient;
  readonly devices: IotDeviceServiceClient;
  readonly iam: IamServiceClient;
}

/** All routes of the contract, as routes.golden begins their lines: `GET /v1/devices`. */
const SPECS = compileContract(loadImage(), 'keyturn.v1').services.flatMap(({ methods }) => methods).flatMap(({ http }) => http.map(patternOf));
const ROUTES = compileRoutes(SPECS);

/** Which routes have answered a client with success. */
export class Driven {
  readonly routes = new Set<string>();

  /** A `fetch` that keeps account. */
  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(url, init);
    const { pathname } = new URL(url);
    const match = ROUTES.match(init.method ?? '', pathname);
    const spec = match.kind === 'match' ? SPECS[match.index] : undefined;
    if (response.ok && spec !== undefined) this.routes.add(`${spec.method} ${spec.template}`);
    return response;
  };
}

/** Clients of a service. The operator's have its token, those of devices and identities nothing: each call brings its own proof. */
export function clientsOf(service: TestService, driven: Driven): Clients {
  const plain: ClientOptions = { baseUrl: service.url, fetch: driven.fetch, timeout: 30_000 };
  const application: ClientOptions = { ...plain, headers: { 'x-auth-token': OPERATOR_TOKEN } };
  return {
    service,
    operator: new OperatorServiceClient({ ...plain, headers: async () => ({ authorization: bearer(OPERATOR_TOKEN) }) }),
    keys: new DeviceKeyServiceClient(plain),
    tokens: new DeviceTokenServiceClient(plain),
    identities: new IdentityBindingServiceClient(plain),
    secrets: new DeviceSecretServiceClient(application),
    devices: new IotDeviceServiceClient(application),
    iam: new IamServiceClient(plain),
  };
}

/** The error of a call that must fail. */
export function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(() => assert.fail('it has not failed'), (error: unknown) => error);
}
