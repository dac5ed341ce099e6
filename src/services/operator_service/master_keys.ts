import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type { MasterKey as ShownKey } from '../../../gen/keyturn/v1/key_ring.ts';
import type { ListMasterKeysResponse, RotateMasterKeyResponse } from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import { newMasterKey } from '../../crypto/key_ring.ts';
import type { KeyRing, MasterKey } from '../../crypto/key_ring.ts';
import { SEALED_TABLES } from '../../db/sealed.ts';
import type { SealedStore } from '../../db/sealed.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';

/** The parts that the calls on master keys work with. */
export interface MasterKeyParts {
  readonly ring: KeyRing;
  /** Keeps other keys in the place of those of the ring; undefined if the settings give them. */
  readonly keep: ((keys: readonly MasterKey[]) => void) | undefined;
  readonly store: SealedStore;
  readonly clock: Clock;
}

/** The calls of OperatorService that list and rotate master keys. */
export class MasterKeys {
  readonly #parts: MasterKeyParts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: MasterKeyParts) {
    this.#parts = parts;
  }

  /** Those of the ring in its order, then those that only the database knows. */
  async list(): Promise<ListMasterKeysResponse> {
    const { ring, store } = this.#parts;
    const used = (await store.examples()).map(({ keyId }) => keyId);
    const ids = [...new Set([...ring.ids, ...used])];
    const masterKeys: ShownKey[] = [];
    for (const keyId of ids) masterKeys.push({ ...this.#show(keyId), values: BigInt(await this.#count(keyId)) });
    return { masterKeys };
  }

  /** One after the other: each begins with the keys that the one before has kept. */
  async rotate(call: Call): Promise<RotateMasterKeyResponse> {
    const turn = this.#last.then(() => this.#rotate(call));
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** The file first, so that nothing is ever encrypted with a key that a crash could take away. */
  async #rotate(call: Call): Promise<RotateMasterKeyResponse> {
    const { ring, keep, store, clock } = this.#parts;
    if (keep === undefined) throw new ApiError(ErrorReason.ERROR_REASON_KEY_RING_GIVEN, 'the key ring is given by KEYTURN_MASTER_KEYS');
    const before = ring.keys;
    const key = newMasterKey(clock.now());
    keep([key, ...before]);
    try {
      await store.record('master_key.rotated', { key_id: key.id, previous_key_id: before[0]?.id ?? '' }, originOf(call, clock));
    } catch (error) {
      // Nothing without its audit event, and nothing was encrypted with it yet.
      keep(before);
      throw error;
    }
    ring.activate(key);
    return { masterKey: { ...this.#show(key.id), values: 0n } };
  }

  #show(keyId: string): Omit<ShownKey, 'values'> {
    const { ids } = this.#parts.ring;
    return { keyId, active: keyId === ids[0], missing: !ids.includes(keyId) };
  }

  async #count(keyId: string): Promise<number> {
    let count = 0;
    for (const table of SEALED_TABLES) count += await this.#parts.store.count(table, keyId);
    return count;
  }
}
