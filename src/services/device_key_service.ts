import { randomUUID } from 'node:crypto';
import { DeviceKeyServiceService } from '../../gen/keyturn/v1/device_key_service.ts';
import type { UpdatePublicKeyRequest, UpdatePublicKeyResponse } from '../../gen/keyturn/v1/device_key_service.ts';
import { ErrorReason } from '../../gen/keyturn/v1/error_reason.ts';
import { mayRepeat } from '../call/authenticate/retry_rule.ts';
import type { Call } from '../call/call.ts';
import { bind } from '../call/endpoints.ts';
import type { Binding } from '../call/endpoints.ts';
import type { DeviceUpdatePrincipal } from '../call/authenticate/principal.ts';
import type { Clock } from '../clock.ts';
import type { CompactJws } from '../crypto/jws.ts';
import { parseProof, verifyProof } from '../crypto/proof_of_possession.ts';
import { importPublicKey, loadPublicKey, parsePem } from '../crypto/public_key.ts';
import type { LoadedPublicKey } from '../crypto/public_key.ts';
import type { NewRotation, RotationStore } from '../db/rotation.ts';
import { ApiError } from '../errors.ts';
import type { IothentixSettings } from '../settings.ts';
import { originOf } from './origin.ts';

const UPDATED: UpdatePublicKeyResponse = { success: 'Public key updated' };

/** DeviceKeyService: steps 10 to 12 of contracts/iothentix.md 7.1; those before are the authenticator's. */
export class DeviceKeyService {
  readonly #rotations: RotationStore;
  readonly #settings: IothentixSettings;
  readonly #clock: Clock;
  readonly #count: (outcome: 'rotated' | 'replayed') => void;

  /** `count` hears of every success. */
  constructor(rotations: RotationStore, settings: IothentixSettings, clock: Clock, count: (outcome: 'rotated' | 'replayed') => void) {
    this.#rotations = rotations;
    this.#settings = settings;
    this.#clock = clock;
    this.#count = count;
  }

  bindings(): Binding[] {
    return bind(DeviceKeyServiceService, { updatePublicKey: (request, call) => this.updatePublicKey(request, call) });
  }

  async updatePublicKey(request: UpdatePublicKeyRequest, call: Call): Promise<UpdatePublicKeyResponse> {
    const device = deviceOf(call);
    if (device.spent) return this.#repeat(request, device, call);
    const newKey = this.#newKeyOf(device.jwt);
    const proof = parseProof(request.pop, newKey);
    if (proof === undefined) {
      throw new ApiError(ErrorReason.ERROR_REASON_PROOF_OF_POSSESSION_MALFORMED, 'pop cannot be read for the new key', {
        violations: [{ field: 'pop', description: 'is not a signature in the form that the new key makes' }],
      });
    }
    if (!(await this.#proves(proof, device.jwt, newKey))) {
      throw new ApiError(ErrorReason.ERROR_REASON_PROOF_OF_POSSESSION_MISMATCH, 'pop does not verify with the new key');
    }
    return this.#rotate(device, newKey, call);
  }

  async #rotate(device: DeviceUpdatePrincipal, newKey: LoadedPublicKey, call: Call): Promise<UpdatePublicKeyResponse> {
    const rotation: NewRotation = {
      rotationId: randomUUID(),
      deviceId: device.deviceId,
      jwtSha256: device.jwt.sha256,
      jti: device.jti,
      oldThumbprint: device.currentKey.thumbprint,
      newThumbprint: newKey.thumbprint,
      newKind: newKey.kind,
      newSpki: newKey.spki,
    };
    switch (await this.#rotations.write(rotation, originOf(call, this.#clock))) {
      case 'rotated':
        this.#count('rotated');
        return UPDATED;
      case 'key_known':
        throw new ApiError(ErrorReason.ERROR_REASON_PUBLIC_KEY_REUSED, 'the new key is or was the key of a device');
      case 'jti_used':
        throw unauthenticated('the jti was used while this call was checked');
      default:
        return this.#overtaken(rotation, call);
    }
  }

  /** Another change came first. If it was this very JWT, its success is repeated: the proof is verified already. */
  async #overtaken(rotation: NewRotation, call: Call): Promise<UpdatePublicKeyResponse> {
    const state = await this.#rotations.read(rotation);
    if (state?.committed !== undefined && mayRepeat(state, this.#settings)) return this.#repeated(call);
    if (state?.currentThumbprint === rotation.oldThumbprint && state.frozen) {
      throw new ApiError(ErrorReason.ERROR_REASON_DEVICE_FROZEN, 'the device was frozen while this call was checked');
    }
    if (state?.currentThumbprint === rotation.oldThumbprint && !state.updatesAllowed) {
      throw new ApiError(ErrorReason.ERROR_REASON_KEY_UPDATES_NOT_ALLOWED, 'updates were forbidden while this call was checked');
    }
    throw unauthenticated('the key was replaced while this call was checked');
  }

  async #repeat(request: UpdatePublicKeyRequest, device: DeviceUpdatePrincipal, call: Call): Promise<UpdatePublicKeyResponse> {
    const key = importPublicKey(device.currentKey);
    const proof = key && parseProof(request.pop, key);
    if (key === undefined || proof === undefined || !(await this.#proves(proof, device.jwt, key))) {
      throw unauthenticated('the JWT was spent, and pop does not verify with the current key');
    }
    return this.#repeated(call);
  }

  #repeated(call: Call): UpdatePublicKeyResponse {
    call.setMetadata('idempotent-replayed', 'true');
    this.#count('replayed');
    return UPDATED;
  }

  #newKeyOf(jwt: CompactJws): LoadedPublicKey {
    const text = jwt.payload['public_key'];
    const der = typeof text === 'string' ? parsePem(text) : undefined;
    const key = der && loadPublicKey(der, this.#settings.algorithms);
    if (key === undefined) {
      throw new ApiError(ErrorReason.ERROR_REASON_PUBLIC_KEY_INVALID, 'public_key is not a canonical key of an enabled type', {
        violations: [{ field: 'public_key', description: 'is missing from the JWT or not a key of an enabled type as PEM' }],
      });
    }
    return key;
  }

  #proves(proof: Buffer, jwt: CompactJws, key: LoadedPublicKey): Promise<boolean> {
    return verifyProof(proof, jwt, key, { hexText: this.#settings.popHexText, algorithms: this.#settings.algorithms });
  }
}

function deviceOf(call: Call): DeviceUpdatePrincipal {
  if (call.principal.kind !== 'device_update') throw new Error('UpdatePublicKey was called by someone other than a device');
  return call.principal;
}


function unauthenticated(detail: string): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_DEVICE_UNAUTHENTICATED, detail);
}
