import type { Run } from './database.ts';
import type { Origin } from './origin.ts';

/** An access key to create; its secret key is sealed already. */
export interface NewAccessKey {
  readonly accessKey: string;
  readonly projectId: string;
  readonly keyId: string;
  readonly box: Buffer;
  /** Null: all. */
  readonly actions: readonly string[] | null;
}

/** An access key without its secret key. */
export interface AccessKeyRow {
  readonly accessKey: string;
  readonly projectId: string;
  readonly actions: readonly string[] | null;
  readonly createdAt: Date;
}

const CREATE = {
  name: 'access_key_create',
  text: `with
    neu as (
      insert into access_key (access_key, project_id, key_id, box, actions, created_at)
      select $1, project_id, $3, $4, $5, $6 from project where project_id = $2
      returning access_key, project_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $6, project_id, '', 'access_key.created', $7, $8, $9, json_build_object('access_key', access_key) from neu)
    select count(*)::int as created from neu`,
};

const COLUMNS = 'access_key as "accessKey", project_id as "projectId", actions, created_at as "createdAt"';
const LIST = { name: 'access_key_list', text: `select ${COLUMNS} from access_key where access_key > $1 order by access_key limit $2` };
const LIST_OF_PROJECT = {
  name: 'access_key_list_of_project',
  text: `select ${COLUMNS} from access_key where project_id = $3 and access_key > $1 order by access_key limit $2`,
};

const REMOVE = {
  name: 'access_key_remove',
  text: `with
    old as (
      delete from access_key where access_key = $1 returning access_key, project_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $2, project_id, '', 'access_key.removed', $3, $4, $5, json_build_object('access_key', access_key) from old)
    select count(*)::int as removed from old`,
};

/** Access keys, as the operator knows them. */
export class AccessKeyStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Creates an access key; false if there is no such project. */
  async create({ accessKey, projectId, keyId, box, actions }: NewAccessKey, origin: Origin): Promise<boolean> {
    const values = [accessKey, projectId, keyId, box, actions, origin.at, origin.actor, origin.requestId, origin.peer];
    const [row] = await this.#run<{ created: number }>(CREATE, values);
    return row?.created === 1;
  }

  /** Access keys after `after` in their order. */
  async list(projectId: string | undefined, after: string | undefined, limit: number): Promise<AccessKeyRow[]> {
    const values = [after ?? '', limit];
    return projectId === undefined ? this.#run<AccessKeyRow>(LIST, values) : this.#run<AccessKeyRow>(LIST_OF_PROJECT, [...values, projectId]);
  }

  /** Removes an access key; false if there is none. */
  async remove(accessKey: string, origin: Origin): Promise<boolean> {
    const [row] = await this.#run<{ removed: number }>(REMOVE, [accessKey, origin.at, origin.actor, origin.requestId, origin.peer]);
    return row?.removed === 1;
  }
}
