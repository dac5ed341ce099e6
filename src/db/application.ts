import type { Run } from './database.ts';
import type { Origin } from './origin.ts';
import { REMEMBERED } from './token.ts';

const PROJECT_EXISTS = { name: 'application_project_exists', text: 'select from project where project_id = $1' };

const FIND_TOKEN = {
  name: 'application_find_token',
  text: `select user_id, domain, project_id, actions, expires_at - ${REMEMBERED} as expires_at
    from iam_token join iam_user using (user_id)
    where token_sha256 = $1 and generation = token_generation and not disabled`,
};

const FIND_ACCESS_KEY = {
  name: 'application_find_access_key',
  text: 'select project_id, key_id, box, actions from access_key where access_key = $1',
};

const SPEND_SIGNATURE = {
  name: 'application_spend_signature',
  text: `insert into used_signature (signature_sha256, expires_at) values ($1, $2)
    on conflict (signature_sha256) do nothing returning true as spent`,
};

const PROJECTS = 'select project_id, name from project';
/** Far more than anyone reads in one answer, which has no pages. */
const MOST_PROJECTS = 1000;

const OWN_PROJECT = { name: 'application_own_project', text: `${PROJECTS} where project_id = $1` };
const ALL_PROJECTS = { name: 'application_all_projects', text: `with
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      values ($1, '', '', 'project.listed', $2, $3, $4, '{}'))
    ${PROJECTS} order by project_id limit ${MOST_PROJECTS}` };
const NAMED_PROJECTS = { name: 'application_named_projects', text: `with
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      values ($1, '', '', 'project.listed', $2, $3, $4, '{}'))
    ${PROJECTS} where name = $5 order by project_id limit ${MOST_PROJECTS}` };

/** A token that has not ended, with its user. */
export interface TokenState {
  readonly userId: string;
  readonly domain: string;
  readonly projectId: string;
  /** Null: all. */
  readonly actions: readonly string[] | null;
  readonly expiresAt: Date;
}

/** An access key with its sealed secret key. */
export interface AccessKeyState {
  readonly projectId: string;
  readonly keyId: string;
  readonly box: Buffer;
  /** Null: all. */
  readonly actions: readonly string[] | null;
}

export interface NamedProject {
  readonly projectId: string;
  readonly name: string;
}

interface ProjectColumns {
  readonly project_id: string;
  readonly name: string;
}

/** What tells who an application is. */
export class ApplicationStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async hasProject(projectId: string): Promise<boolean> {
    return (await this.#run(PROJECT_EXISTS, [projectId])).length > 0;
  }

  /** A token by its SHA-256; undefined if there is none or it has ended otherwise than by time. */
  async findToken(tokenSha256: Buffer): Promise<TokenState | undefined> {
    const [row] = await this.#run<{ user_id: string; domain: string; project_id: string; actions: string[] | null; expires_at: Date }>(FIND_TOKEN, [tokenSha256]);
    return row && { userId: row.user_id, domain: row.domain, projectId: row.project_id, actions: row.actions, expiresAt: row.expires_at };
  }

  async findAccessKey(accessKey: string): Promise<AccessKeyState | undefined> {
    const [row] = await this.#run<{ project_id: string; key_id: string; box: Buffer; actions: string[] | null }>(FIND_ACCESS_KEY, [accessKey]);
    return row && { projectId: row.project_id, keyId: row.key_id, box: row.box, actions: row.actions };
  }

  /** Takes a signature, once for all nodes; false if it was taken before. */
  async spendSignature(signatureSha256: Buffer, expiresAt: Date): Promise<boolean> {
    return (await this.#run(SPEND_SIGNATURE, [signatureSha256, expiresAt])).length > 0;
  }

  async project(projectId: string): Promise<NamedProject | undefined> {
    const [project] = (await this.#run<ProjectColumns>(OWN_PROJECT, [projectId])).map(toProject);
    return project;
  }

  /** All projects, or those of a name, at most 1000 in the order of their ids, with an audit event that they were shown. */
  async showProjects(name: string | undefined, origin: Origin): Promise<NamedProject[]> {
    const values = [origin.at, origin.actor, origin.requestId, origin.peer];
    const rows = name === undefined
      ? await this.#run<ProjectColumns>(ALL_PROJECTS, values)
      : await this.#run<ProjectColumns>(NAMED_PROJECTS, [...values, name]);
    return rows.map(toProject);
  }
}

function toProject({ project_id: projectId, name }: ProjectColumns): NamedProject {
  return { projectId, name };
}
