import type { Run } from './database.ts';
import type { Origin } from './origin.ts';

/** A user to create; its password is hashed already. */
export interface NewUser {
  readonly userId: string;
  readonly name: string;
  readonly domain: string;
  readonly projectId: string;
  readonly password: Buffer;
  /** Null: all. */
  readonly actions: readonly string[] | null;
}

/** A user without its password. */
export interface UserRow extends Omit<NewUser, 'password'> {
  readonly disabled: boolean;
  readonly createdAt: Date;
}

export type CreateUserResult = 'created' | 'user_exists' | 'project_missing';

const CREATE = {
  name: 'user_create',
  text: `with
    neu as (
      insert into iam_user (user_id, domain, name, project_id, password, actions, disabled, token_generation, created_at)
      select $1, $3, $4, project_id, $5, $6, false, 0, $7 from project where project_id = $2
      on conflict (domain, name) do nothing
      returning user_id, project_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $7, project_id, '', 'user.created', $8, $9, $10, json_build_object('user_id', user_id) from neu)
    select (select count(*) from neu)::int as created, exists (select from project where project_id = $2) as project_exists`,
};

const COLUMNS = 'user_id as "userId", name, domain, project_id as "projectId", actions, disabled, created_at as "createdAt"';
const GET = { name: 'user_get', text: `select ${COLUMNS} from iam_user where user_id = $1` };
const LIST = { name: 'user_list', text: `select ${COLUMNS} from iam_user where user_id > $1 order by user_id limit $2` };
const LIST_OF_PROJECT = {
  name: 'user_list_of_project',
  text: `select ${COLUMNS} from iam_user where project_id = $3 and user_id > $1 order by user_id limit $2`,
};

/** The audit event of a change of `usr`; $1 is the user, $2 the time. */
function audited(action: string): string {
  return `au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $2, project_id, '', ${action}, $3, $4, $5, json_build_object('user_id', user_id) from usr)
    select count(*)::int as changed from usr`;
}

const SET_PASSWORD = {
  name: 'user_set_password',
  text: `with
    usr as (
      update iam_user set password = $6, token_generation = token_generation + 1 where user_id = $1
      returning user_id, project_id),
    ${audited("'user.password_changed'")}`,
};

const DISABLE = {
  name: 'user_disable',
  text: `with
    usr as (
      update iam_user set disabled = true, token_generation = token_generation + 1 where user_id = $1 and not disabled
      returning user_id, project_id),
    ${audited("'user.disabled'")}`,
};

const ENABLE = {
  name: 'user_enable',
  text: `with
    usr as (
      update iam_user set disabled = false where user_id = $1 and disabled
      returning user_id, project_id),
    ${audited("'user.enabled'")}`,
};

const REMOVE = {
  name: 'user_remove',
  text: `with
    usr as (
      delete from iam_user where user_id = $1 returning user_id, project_id),
    tok as (
      delete from iam_token using usr where iam_token.user_id = usr.user_id),
    ${audited("'user.removed'")}`,
};

/** Users, as the operator knows them. */
export class UserStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async create({ userId, projectId, domain, name, password, actions }: NewUser, origin: Origin): Promise<CreateUserResult> {
    const values = [userId, projectId, domain, name, password, actions, origin.at, origin.actor, origin.requestId, origin.peer];
    const [row] = await this.#run<{ created: number; project_exists: boolean }>(CREATE, values);
    if (row?.created === 1) return 'created';
    return row?.project_exists === true ? 'user_exists' : 'project_missing';
  }

  async get(userId: string): Promise<UserRow | undefined> {
    const [row] = await this.#run<UserRow>(GET, [userId]);
    return row;
  }

  /** Users after `after` in the order of their ids. */
  async list(projectId: string | undefined, after: string | undefined, limit: number): Promise<UserRow[]> {
    const values = [after ?? '', limit];
    return projectId === undefined ? this.#run<UserRow>(LIST, values) : this.#run<UserRow>(LIST_OF_PROJECT, [...values, projectId]);
  }

  /** Changes the password and ends all tokens. */
  async setPassword(userId: string, password: Buffer, origin: Origin): Promise<void> {
    await this.#run(SET_PASSWORD, [...valuesOf(userId, origin), password]);
  }

  /** Disables, which ends all tokens, or enables; a user that is so already stays as it is, without an event. */
  async setDisabled(userId: string, disabled: boolean, origin: Origin): Promise<void> {
    await this.#run(disabled ? DISABLE : ENABLE, valuesOf(userId, origin));
  }

  /** Removes a user with its tokens; false if there is none. */
  async remove(userId: string, origin: Origin): Promise<boolean> {
    const [row] = await this.#run<{ changed: number }>(REMOVE, valuesOf(userId, origin));
    return row?.changed === 1;
  }
}

function valuesOf(userId: string, { at, actor, requestId, peer }: Origin): unknown[] {
  return [userId, at, actor, requestId, peer];
}
