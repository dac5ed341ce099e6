import { randomBytes } from 'node:crypto';
import { ErrorReason } from '../../../gen/keyturn/v1/error_reason.ts';
import type {
  CreateUserRequest,
  CreateUserResponse,
  DeleteUserRequest,
  DeleteUserResponse,
  ListUsersRequest,
  ListUsersResponse,
  SetUserPasswordRequest,
} from '../../../gen/keyturn/v1/operator_service.ts';
import type { User } from '../../../gen/keyturn/v1/user.ts';
import type { Call } from '../../call/call.ts';
import type { Clock } from '../../clock.ts';
import type { UserRow, UserStore } from '../../db/user.ts';
import { ApiError } from '../../errors.ts';
import { originOf } from '../origin.ts';
import type { Passwords } from '../passwords.ts';
import { readPage } from './page.ts';
import { projectNotFound, toTimestamp } from './resources.ts';

/** The calls of OperatorService that concern users. */
export class Users {
  readonly #store: UserStore;
  readonly #passwords: Passwords;
  readonly #clock: Clock;

  constructor(store: UserStore, passwords: Passwords, clock: Clock) {
    this.#store = store;
    this.#passwords = passwords;
    this.#clock = clock;
  }

  async create({ name, domain, password, projectId, actions }: CreateUserRequest, call: Call): Promise<CreateUserResponse> {
    const origin = originOf(call, this.#clock);
    const user = { userId: randomBytes(16).toString('hex'), name, domain, projectId, actions: actions.length === 0 ? null : actions };
    switch (await this.#store.create({ ...user, password: await this.#passwords.hash(password, call.peer) }, origin)) {
      case 'created':
        return { user: toUser({ ...user, disabled: false, createdAt: origin.at }) };
      case 'user_exists':
        throw new ApiError(ErrorReason.ERROR_REASON_USER_EXISTS, 'the name is taken in its domain');
      default:
        throw projectNotFound();
    }
  }

  async list(request: ListUsersRequest): Promise<ListUsersResponse> {
    const projectId = request.projectId || undefined;
    const page = await readPage(
      request,
      1,
      (after, limit) => this.#store.list(projectId, after?.[0], limit),
      (row) => [row.userId],
    );
    return { users: page.rows.map(toUser), nextPageToken: page.nextPageToken };
  }

  async setPassword({ userId, password }: SetUserPasswordRequest, call: Call): Promise<{ user: User }> {
    const hash = await this.#passwords.hash(password, call.peer);
    await this.#store.setPassword(userId, hash, originOf(call, this.#clock));
    return { user: await this.#find(userId) };
  }

  async setDisabled({ userId }: { userId: string }, disabled: boolean, call: Call): Promise<{ user: User }> {
    await this.#store.setDisabled(userId, disabled, originOf(call, this.#clock));
    return { user: await this.#find(userId) };
  }

  async delete({ userId }: DeleteUserRequest, call: Call): Promise<DeleteUserResponse> {
    if (!(await this.#store.remove(userId, originOf(call, this.#clock)))) throw notFound();
    return {};
  }

  async #find(userId: string): Promise<User> {
    const row = await this.#store.get(userId);
    if (row === undefined) throw notFound();
    return toUser(row);
  }
}

function toUser({ userId, name, domain, projectId, actions, disabled, createdAt }: UserRow): User {
  return { userId, name, domain, projectId, actions: [...(actions ?? [])], disabled, createdAt: toTimestamp(createdAt) };
}

function notFound(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_USER_NOT_FOUND, 'there is no such user');
}
