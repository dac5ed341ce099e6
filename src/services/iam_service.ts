import { createHash } from 'node:crypto';
import { ErrorReason } from '../../gen/keyturn/v1/error_reason.ts';
import { IamServiceService } from '../../gen/keyturn/v1/iam_service.ts';
import type {
  CreateTokenRequest,
  CreateTokenResponse,
  IamCredentials,
  IamDomain,
  IamProject,
  IamScopeProject,
  IamServiceListProjectsRequest,
  IamServiceListProjectsResponse,
} from '../../gen/keyturn/v1/iam_service.ts';
import type { ApplicationPrincipal } from '../call/authenticate/principal.ts';
import type { Call } from '../call/call.ts';
import { bind } from '../call/endpoints.ts';
import type { Binding } from '../call/endpoints.ts';
import type { Clock } from '../clock.ts';
import { newToken, tokenDigest } from '../crypto/token.ts';
import type { ApplicationStore, NamedProject } from '../db/application.ts';
import type { SignIn, TokenStore } from '../db/token.ts';
import { ApiError } from '../errors.ts';
import { originOf } from './origin.ts';
import type { Passwords } from './passwords.ts';

export interface IamServiceParts {
  readonly tokens: TokenStore;
  readonly applications: ApplicationStore;
  readonly passwords: Passwords;
  readonly clock: Clock;
  /** The base of links, without a slash at its end. */
  readonly publicUrl: () => string;
}

/** What a request for a token asks. */
interface Asked {
  readonly name: string;
  readonly password: string;
  readonly domain: string;
  readonly project: IamScopeProject;
}

const DAY = 86_400_000;

/** IamService: contracts/iotda.md section 8. */
export class IamService {
  readonly #parts: IamServiceParts;

  constructor(parts: IamServiceParts) {
    this.#parts = parts;
  }

  bindings(): Binding[] {
    return bind(IamServiceService, {
      createToken: (request, call) => this.createToken(request, call),
      listProjects: (request, call) => this.listProjects(request, call),
    });
  }

  async createToken({ credentials, nocatalog }: CreateTokenRequest, call: Call): Promise<CreateTokenResponse> {
    const { tokens, passwords, clock } = this.#parts;
    const asked = readCredentials(credentials);
    const user = await tokens.findUser(asked.domain, asked.name);
    const isPassword = await passwords.verify(asked.password, user?.password, call.peer);
    if (user === undefined || !isPassword || user.disabled || !isProject(asked.project, user)) throw wrong();
    const token = newToken();
    const origin = { ...originOf(call, clock), actor: `user:${user.userId}` };
    const expiresAt = new Date(origin.at.getTime() + DAY);
    const { userId, generation } = user;
    const tokenSha256 = tokenDigest(token);
    if (!(await tokens.issue({ tokenSha256, userId, generation, expiresAt }, origin))) throw wrong();
    call.setMetadata('x-subject-token', token);
    return describe(user, asked, { issuedAt: origin.at, expiresAt, hasCatalog: nocatalog === undefined });
  }

  async listProjects({ name }: IamServiceListProjectsRequest, call: Call): Promise<IamServiceListProjectsResponse> {
    const base = `${this.#parts.publicUrl()}/v3/projects`;
    const { principal } = call;
    if (principal.kind !== 'application') throw new Error('projects are listed for applications alone');
    const domainId = principal.domain === '' ? '' : domainOf(principal.domain).id ?? '';
    const projects = await this.#projectsOf(principal, name || undefined, call);
    return { projects: projects.map((project) => toProject(project, domainId, base)), links: { self: base } };
  }

  async #projectsOf({ actor, projectId }: ApplicationPrincipal, name: string | undefined, call: Call): Promise<NamedProject[]> {
    const { applications, clock } = this.#parts;
    if (actor === 'operator') return applications.showProjects(name, originOf(call, clock));
    const own = projectId === undefined ? undefined : await applications.project(projectId);
    return own === undefined || (name !== undefined && own.name !== name) ? [] : [own];
  }
}

/** Throws an ApiError unless it asks for a project by a password. */
function readCredentials(credentials: IamCredentials | undefined): Asked {
  const { identity, scope } = credentials?.auth ?? {};
  const user = identity?.password?.user;
  const project = scope?.project;
  const isByPassword = identity?.methods.length === 1 && identity.methods[0] === 'password';
  if (!isByPassword || user?.domain === undefined || project === undefined || !(project.id || project.name)) {
    throw new ApiError(ErrorReason.ERROR_REASON_IAM_REQUEST_INVALID, 'the request asks for no project by a password');
  }
  return { name: user.name, password: user.password, domain: user.domain.name, project };
}

/** A project is named by its name or, in the place of it, by its id. */
function isProject({ id, name }: IamScopeProject, { projectId, projectName }: SignIn): boolean {
  return (!id || id === projectId) && (!name || name === projectName || name === projectId);
}

function describe({ userId, projectId, projectName }: SignIn, { name, domain: domainName }: Asked, { issuedAt, expiresAt, hasCatalog }: { issuedAt: Date; expiresAt: Date; hasCatalog: boolean }): CreateTokenResponse {
  const domain = domainOf(domainName);
  return {
    token: {
      catalog: hasCatalog ? [] : undefined,
      expiresAt: toText(expiresAt),
      issuedAt: toText(issuedAt),
      methods: ['password'],
      project: { domain, id: projectId, name: projectName },
      roles: [{ id: '0', name: '' }],
      user: { domain, id: userId, name, passwordExpiresAt: '' },
    },
  };
}

/** A domain is nothing but its name; its id is made of that. */
function domainOf(name: string): IamDomain {
  return { id: createHash('sha256').update(name).digest('hex').slice(0, 32), name };
}

function toProject({ projectId, name }: NamedProject, domainId: string, base: string): IamProject {
  return { id: projectId, name, domainId, parentId: domainId, isDomain: false, enabled: true, description: '', links: { self: `${base}/${projectId}` } };
}

/** With six decimals, as clients read it. */
function toText(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}

function wrong(): ApiError {
  return new ApiError(ErrorReason.ERROR_REASON_IAM_CREDENTIALS_WRONG, 'user, password, domain or project are wrong');
}
