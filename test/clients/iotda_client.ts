import assert from 'node:assert/strict';
import { VendorSdk } from './vendor.ts';
import type { VendorAnswer, VendorClient, VendorError, VendorRequest } from './vendor.ts';

const DEVICES = '/v5/iot/{project_id}/devices';
const JSON_TYPE = 'application/json';

/** What every request of the generated client may have besides its own parameters. */
export interface CallOptions {
  readonly instanceId?: string;
  /** Headers that a user adds by hand. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The calls of the vendor's client for devices. Each hands the core package the
 * same method, template, parameters and body object as the generated one does.
 */
export class IotdaClient {
  readonly #sdk: VendorSdk;
  readonly #client: VendorClient;

  constructor(sdk: VendorSdk, client: VendorClient) {
    this.#sdk = sdk;
    this.#client = client;
  }

  addDevice(body: object, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('POST', DEVICES, { options, data: body });
  }

  listDevices(query: object = {}, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('GET', DEVICES, { options, query });
  }

  showDevice(deviceId: string, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('GET', `${DEVICES}/{device_id}`, { options, deviceId });
  }

  updateDevice(deviceId: string, body: object, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('PUT', `${DEVICES}/{device_id}`, { options, deviceId, data: body });
  }

  deleteDevice(deviceId: string, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('DELETE', `${DEVICES}/{device_id}`, { options, deviceId });
  }

  freezeDevice(deviceId: string, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('POST', `${DEVICES}/{device_id}/freeze`, { options, deviceId });
  }

  unfreezeDevice(deviceId: string, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('POST', `${DEVICES}/{device_id}/unfreeze`, { options, deviceId });
  }

  /** The generated client refuses a call without a body object. */
  resetDeviceSecret(deviceId: string, body: object, { actionId = 'resetSecret', ...options }: CallOptions & { actionId?: string } = {}): Promise<VendorAnswer> {
    return this.#send('POST', `${DEVICES}/{device_id}/action`, { options, deviceId, query: { action_id: actionId }, data: body });
  }

  resetFingerprint(deviceId: string, body: object, options?: CallOptions): Promise<VendorAnswer> {
    return this.#send('POST', `${DEVICES}/{device_id}/reset-fingerprint`, { options, deviceId, data: body });
  }

  #send(method: string, url: string, parts: { options?: CallOptions | undefined; deviceId?: string; query?: object; data?: object }): Promise<VendorAnswer> {
    const { options: { instanceId, headers = {} } = {}, deviceId, query = {}, data } = parts;
    const own = { ...headers, ...(instanceId === undefined ? {} : { 'Instance-Id': instanceId }), ...(data === undefined ? {} : { 'Content-Type': JSON_TYPE }) };
    const options: VendorRequest = {
      method, url, contentType: JSON_TYPE, queryParams: query, pathParams: deviceId === undefined ? {} : { device_id: deviceId }, headers: own, data,
    };
    return this.#sdk.send(this.#client, options);
  }
}

/** The members of an answer that must be one of success. */
export function responseOf(answer: VendorAnswer): Readonly<Record<string, unknown>> {
  assert.ok(answer.ok, answer.ok ? '' : JSON.stringify(answer.error));
  return answer.response;
}

/** The exception that must have been thrown. */
export function errorOf(answer: VendorAnswer): VendorError {
  assert.ok(!answer.ok, `succeeded: ${JSON.stringify(answer)}`);
  return answer.error;
}
