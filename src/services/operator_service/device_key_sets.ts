import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { JsonWebKey } from '../../../gen/keyturn/v1/device_key_set.ts';
import type { GetDeviceKeySetRequest, GetDeviceKeySetResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import { toJwk } from '../../crypto/public_jwk.ts';
import { readPublicKey } from '../../crypto/public_key.ts';
import type { DeviceKeySetStore, KeyOfSet } from '../../db/device_key_set.ts';
import { ApiError } from '../../errors.ts';
import { toTimestamp } from './resources.ts';

/** Keys in one set: the current one and those before it. */
const MOST_KEYS = 101;

/** OperatorService.GetDeviceKeySet: the keys by which others verify the JWTs of a device themselves. */
export class DeviceKeySets {
  readonly #store: DeviceKeySetStore;

  constructor(store: DeviceKeySetStore) {
    this.#store = store;
  }

  async get({ deviceId, includeRetired }: GetDeviceKeySetRequest, call: Call): Promise<GetDeviceKeySetResponse> {
    const projectId = call.principal.kind === 'application' ? call.principal.projectId : undefined;
    const rows = await (includeRetired ? this.#store.readAll(deviceId, projectId, MOST_KEYS) : this.#store.readCurrent(deviceId, projectId));
    if (rows === undefined) throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_NOT_FOUND, 'there is no such device');
    return { keys: rows.map((row) => toKey(deviceId, row)) };
  }
}

function toKey(deviceId: string, { state, spki, retiredAt }: KeyOfSet): JsonWebKey {
  const key = readPublicKey(spki);
  if (key === undefined) throw new Error('a stored key cannot be read');
  const { kty, crv, x, y, n, e, alg } = toJwk(key);
  const { thumbprint } = key;
  // No device's id has a colon; some are the thumbprint of a key.
  const kid = state === 'CURRENT' ? deviceId : `retired:${thumbprint}`;
  return { kty, crv, x, y, n, e, kid, use: 'sig', alg, thumbprint, state, retiredAt: retiredAt === null ? undefined : toTimestamp(retiredAt) };
}
