import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type {
  CreateDeviceRequest,
  CreateDeviceResponse,
  GetDeviceRequest,
  ListDeviceKeysRequest,
  ListDeviceKeysResponse,
  ListDeviceSecretsRequest,
  ListDeviceSecretsResponse,
  OperatorServiceDeleteDeviceRequest,
  OperatorServiceDeleteDeviceResponse,
  OperatorServiceListDevicesRequest,
  OperatorServiceListDevicesResponse,
  SetDeviceScopesRequest,
} from '../../../gen/keyturn/v1/operator_service.ts';
import type { Device } from '../../../gen/keyturn/v1/device.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import type { JwsAlgorithm } from '../../crypto/algorithms.ts';
import { isHexadecimal } from '../../crypto/device_secret.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import { parsePublicKey } from '../../crypto/public_key.ts';
import type { PublicKey } from '../../crypto/public_key.ts';
import type { DeviceStore, NewDevice } from '../../db/device.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import { integerCursor, invalid, readPage } from './page.ts';
import { DEFAULT_PROJECT, projectNotFound, toDevice, toDeviceKey, toDeviceSecret } from './resources.ts';

export interface DeviceParts {
  readonly store: DeviceStore;
  readonly keyRing: KeyRing;
  readonly algorithms: ReadonlySet<JwsAlgorithm>;
  readonly clock: Clock;
}

/** The calls of OperatorService that concern devices, their keys and their secrets. */
export class Devices {
  readonly #store: DeviceStore;
  readonly #keyRing: KeyRing;
  readonly #algorithms: ReadonlySet<JwsAlgorithm>;
  readonly #clock: Clock;

  constructor({ store, keyRing, algorithms, clock }: DeviceParts) {
    this.#store = store;
    this.#keyRing = keyRing;
    this.#algorithms = algorithms;
    this.#clock = clock;
  }

  async create(request: CreateDeviceRequest, call: Call): Promise<CreateDeviceResponse> {
    const key = this.#keyOf(request);
    const origin = originOf(call, this.#clock);
    const device = {
      deviceId: request.deviceId,
      projectId: request.projectId || DEFAULT_PROJECT,
      nodeId: request.nodeId,
      productId: request.productId,
      scopes: request.scopes,
      updatesAllowed: request.updatesAllowed ?? true,
    };
    switch (await this.#store.create({ ...device, key, secret: this.#secretOf(request) }, origin)) {
      case 'created': {
        const currentKey = key?.thumbprint ?? null;
        return { device: toDevice({ ...device, state: 'ACTIVE', currentKey, createdAt: origin.at, updatedAt: origin.at }) };
      }
      case 'device_exists':
        throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_EXISTS, 'the device id is taken');
      case 'secret_refused':
        throw invalid('secret', 'expects hexadecimal characters, because the product is of NB-IoT');
      case 'key_known':
        throw new ApiError(ErrorReason.ERROR_REASON_PUBLIC_KEY_EXISTS, 'the key is or was the key of a device');
      default:
        throw projectNotFound();
    }
  }

  async get(request: GetDeviceRequest): Promise<{ device: Device }> {
    return { device: await this.#find(request.deviceId) };
  }

  async list(request: OperatorServiceListDevicesRequest): Promise<OperatorServiceListDevicesResponse> {
    const projectId = request.projectId || undefined;
    const page = await readPage(
      request,
      1,
      (after, limit) => this.#store.list(projectId, after?.[0], limit),
      (row) => [row.deviceId],
    );
    return { devices: page.rows.map(toDevice), nextPageToken: page.nextPageToken };
  }

  async delete(request: OperatorServiceDeleteDeviceRequest, call: Call): Promise<OperatorServiceDeleteDeviceResponse> {
    const result = await this.#store.remove(request.deviceId, originOf(call, this.#clock));
    if (result === 'missing') throw notFound();
    if (result === 'has_children') throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_HAS_CHILDREN, 'the device has children');
    return {};
  }

  async setState(request: { deviceId: string }, state: 'ACTIVE' | 'FROZEN', call: Call): Promise<{ device: Device }> {
    await this.#store.setState(request.deviceId, state, originOf(call, this.#clock));
    return { device: await this.#find(request.deviceId) };
  }

  async setScopes({ deviceId, scopes }: SetDeviceScopesRequest, call: Call): Promise<{ device: Device }> {
    await this.#store.setScopes(deviceId, scopes, originOf(call, this.#clock));
    return { device: await this.#find(deviceId) };
  }

  async listKeys(request: ListDeviceKeysRequest): Promise<ListDeviceKeysResponse> {
    const { deviceId } = request;
    const page = await readPage(
      request,
      1,
      (before, limit) => this.#store.listKeys(deviceId, integerCursor(before?.[0]), limit),
      (row) => [String(row.ordinal)],
    );
    if (page.rows.length === 0 && request.pageToken === '') await this.#find(deviceId);
    return { keys: page.rows.map(toDeviceKey), nextPageToken: page.nextPageToken };
  }

  async listSecrets({ deviceId }: ListDeviceSecretsRequest): Promise<ListDeviceSecretsResponse> {
    const secrets = await this.#store.listSecrets(deviceId);
    if (secrets === undefined) throw notFound();
    return { secrets: secrets.map(toDeviceSecret) };
  }

  async #find(deviceId: string): Promise<Device> {
    const row = await this.#store.get(deviceId);
    if (row === undefined) throw notFound();
    return toDevice(row);
  }

  #secretOf({ deviceId, secret }: CreateDeviceRequest): NewDevice['secret'] {
    if (secret === '') return undefined;
    return { sealed: this.#keyRing.seal(placeOf.deviceSecret(deviceId, 'PRIMARY'), secret), isHexadecimal: isHexadecimal(secret) };
  }

  #keyOf({ publicKey }: CreateDeviceRequest): PublicKey | undefined {
    if (publicKey === '') return undefined;
    const key = parsePublicKey(publicKey, this.#algorithms);
    if (key !== undefined) return key;
    const enabled = [...this.#algorithms].join(', ');
    throw invalid('public_key', `expects a canonical public key as PEM or JWK, of a type that an enabled algorithm uses (${enabled})`);
  }
}

function notFound(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_DEVICE_NOT_FOUND, 'there is no such device');
}
