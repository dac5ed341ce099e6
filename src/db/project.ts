import type { Database } from './database.ts';
import { ProjectEntity } from './entities.ts';
import type { ProjectRow } from './entities.ts';
import type { Origin } from './origin.ts';

const CREATE = {
  name: 'project_create',
  text: `with
    neu as (
      insert into project (project_id, name, created_at, app_id) values ($1, $2, $3, replace(gen_random_uuid()::text, '-', ''))
      on conflict (project_id) do nothing returning project_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $3, project_id, '', 'project.created', $4, $5, $6, '{}' from neu)
    select count(*)::int as created from neu`,
};

/** Projects. */
export class ProjectStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Creates a project; false if the id is taken. */
  async create(projectId: string, name: string, origin: Origin): Promise<boolean> {
    const values = [projectId, name, origin.at, origin.actor, origin.requestId, origin.peer];
    const [row] = await this.#database.run<{ created: number }>(CREATE, values);
    return row?.created === 1;
  }

  /** Projects after `after` in the order of their ids. */
  async list(after: string | undefined, limit: number): Promise<ProjectRow[]> {
    const where = after === undefined ? {} : { projectId: { $gt: after } };
    return this.#database.read('project_list', (em) => em.find(ProjectEntity, where, { orderBy: { projectId: 'asc' }, limit }));
  }
}
