import { randomInt } from 'node:crypto';
import type { AccessKey } from '../../../gen/keyturn/v1/access_key.ts';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type {
  CreateAccessKeyRequest,
  CreateAccessKeyResponse,
  DeleteAccessKeyRequest,
  DeleteAccessKeyResponse,
  ListAccessKeysRequest,
  ListAccessKeysResponse,
} from '../../../gen/keyturn/v1/operator_service.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import { placeOf } from '../../crypto/key_ring.ts';
import type { KeyRing } from '../../crypto/key_ring.ts';
import type { AccessKeyRow, AccessKeyStore } from '../../db/access_key.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import { readPage } from './page.ts';
import { projectNotFound, toTimestamp } from './resources.ts';

const DIGITS_AND_CAPITALS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ALPHANUMERIC = `${DIGITS_AND_CAPITALS}abcdefghijklmnopqrstuvwxyz`;

/** The calls of OperatorService that concern access keys. */
export class AccessKeys {
  readonly #store: AccessKeyStore;
  readonly #keyRing: KeyRing;
  readonly #clock: Clock;

  constructor(store: AccessKeyStore, keyRing: KeyRing, clock: Clock) {
    this.#store = store;
    this.#keyRing = keyRing;
    this.#clock = clock;
  }

  async create({ projectId, actions }: CreateAccessKeyRequest, call: Call): Promise<CreateAccessKeyResponse> {
    const accessKey = randomText(DIGITS_AND_CAPITALS, 20);
    const secretKey = randomText(ALPHANUMERIC, 40);
    const sealed = this.#keyRing.seal(placeOf.accessKey(accessKey), secretKey);
    const key = { accessKey, projectId, ...sealed, actions: actions.length === 0 ? null : actions };
    if (!(await this.#store.create(key, originOf(call, this.#clock)))) throw projectNotFound();
    return { accessKey, secretKey, projectId };
  }

  async list(request: ListAccessKeysRequest): Promise<ListAccessKeysResponse> {
    const projectId = request.projectId || undefined;
    const page = await readPage(
      request,
      1,
      (after, limit) => this.#store.list(projectId, after?.[0], limit),
      (row) => [row.accessKey],
    );
    return { accessKeys: page.rows.map(toAccessKey), nextPageToken: page.nextPageToken };
  }

  async delete({ accessKey }: DeleteAccessKeyRequest, call: Call): Promise<DeleteAccessKeyResponse> {
    if (!(await this.#store.remove(accessKey, originOf(call, this.#clock)))) {
      throw new ApiError(ErrorReason.ERROR_REASON_ACCESS_KEY_NOT_FOUND, 'there is no such access key');
    }
    return {};
  }
}

function toAccessKey({ accessKey, projectId, actions, createdAt }: AccessKeyRow): AccessKey {
  return { accessKey, projectId, actions: [...(actions ?? [])], createdAt: toTimestamp(createdAt) };
}

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
}
