import type { Run } from './database.ts';
import type { Origin } from './origin.ts';

/** How long a token is remembered that has ended by time, so that its holder can be told so. */
export const REMEMBERED = "interval '24 hours'";

/** A user as it signs in. */
export interface SignIn {
  readonly userId: string;
  readonly projectId: string;
  readonly projectName: string;
  /** Hashed. */
  readonly password: Buffer;
  readonly disabled: boolean;
  /** Tokens of another generation have ended. */
  readonly generation: number;
}

/** A token to issue. */
export interface NewToken {
  readonly tokenSha256: Buffer;
  readonly userId: string;
  /** That of the user when its password was read. */
  readonly generation: number;
  readonly expiresAt: Date;
}

const FIND_USER = {
  name: 'token_find_user',
  text: `select user_id as "userId", project_id as "projectId", password, disabled, token_generation as generation,
      (select project.name from project where project.project_id = iam_user.project_id) as "projectName"
    from iam_user where domain = $1 and name = $2`,
};

const ISSUE = {
  name: 'token_issue',
  text: `with
    tok as (
      insert into iam_token (token_sha256, user_id, generation, issued_at, expires_at)
      select $1, user_id, token_generation, $4, $5::timestamptz + ${REMEMBERED} from iam_user where user_id = $2 and token_generation = $3 and not disabled
      returning user_id),
    au as (
      insert into audit_event (occurred_at, project_id, device_id, action, actor, request_id, peer, details)
      select $4, project_id, '', 'token.issued', $6, $7, $8, json_build_object('user_id', user_id) from tok join iam_user using (user_id))
    select count(*)::int as issued from tok`,
};

/** Tokens of users. */
export class TokenStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async findUser(domain: string, name: string): Promise<SignIn | undefined> {
    const [user] = await this.#run<SignIn>(FIND_USER, [domain, name]);
    return user;
  }

  /** Issues a token; false if the user was changed, disabled or removed since its password was read. */
  async issue({ tokenSha256, userId, generation, expiresAt }: NewToken, { at, actor, requestId, peer }: Origin): Promise<boolean> {
    const [row] = await this.#run<{ issued: number }>(ISSUE, [tokenSha256, userId, generation, at, expiresAt, actor, requestId, peer]);
    return row?.issued === 1;
  }
}
