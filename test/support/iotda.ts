import assert from 'node:assert/strict';
import { OPERATOR_TOKEN } from './service.ts';
import type { TestClock } from './service.ts';
import { queryText, sign } from './signer.ts';
import type { Credentials, Signable } from './signer.ts';

/** Where a service is, as far as applications need to know. */
export interface Served {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly clock: TestClock;
}

/** A user with its password. */
export interface TestUser {
  readonly userId: string;
  readonly name: string;
  readonly domain: string;
  readonly password: string;
  readonly projectId: string;
}

export interface UserOptions {
  readonly projectId?: string;
  readonly name?: string;
  readonly domain?: string;
  readonly password?: string;
  readonly actions?: readonly string[];
}

let serial = 0;

/** Makes a call of the operator over REST, which must succeed, and returns its answer. */
export async function operate({ url }: Pick<Served, 'url'>, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${OPERATOR_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  assert.equal(response.status, 200, `${method} ${path}: ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

/** Creates a project with an id of its own. */
export async function createProject(served: Pick<Served, 'url'>, name?: string): Promise<string> {
  const projectId = `project-${++serial}`;
  await operate(served, 'POST', '/v1/projects', { project_id: projectId, name: name ?? projectId });
  return projectId;
}

export async function createUser(served: Pick<Served, 'url'>, options: UserOptions = {}): Promise<TestUser> {
  const { projectId = 'default', name = `user ${++serial}`, domain = 'acme', password = `pass word ${serial} \u00e4`, actions = [] } = options;
  const { user_id: userId } = await operate(served, 'POST', '/v1/users', { name, domain, password, project_id: projectId, actions });
  return { userId: String(userId), name, domain, password, projectId };
}

export async function createAccessKey(served: Pick<Served, 'url'>, projectId = 'default', actions: readonly string[] = []): Promise<Credentials> {
  const { access_key: accessKey, secret_key: secretKey } = await operate(served, 'POST', '/v1/access-keys', { project_id: projectId, actions });
  return { accessKey: String(accessKey), secretKey: String(secretKey) };
}

/** The body of a request for a token. */
export function tokenRequest({ name, password, domain, projectId }: TestUser): object {
  const user = { name, password, domain: { name: domain } };
  return { auth: { identity: { methods: ['password'], password: { user } }, scope: { project: { id: projectId } } } };
}

/** Gets a token for a user, which must succeed. */
export async function createToken({ url }: Pick<Served, 'url'>, user: TestUser): Promise<string> {
  const response = await fetch(`${url}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tokenRequest(user)),
  });
  assert.equal(response.status, 201, await response.text());
  return response.headers.get('x-subject-token') ?? assert.fail('there is no token');
}

/** A call of an application. */
export interface ApplicationRequest {
  readonly method?: string;
  /** Encoded as it is sent, without query. */
  readonly path: string;
  readonly query?: Signable['query'];
  /** In any case; `Host` is known. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | undefined;
  readonly scope?: Signable['scope'];
  /** In place of now, by the clock of the service. */
  readonly date?: Date;
}

/** A request with its signature, over `Host`, all its headers and the date. */
export function signed({ url, clock }: Served, credentials: Credentials, request: ApplicationRequest): { target: string; headers: (readonly [string, string])[] } {
  const { method = 'POST', path, query, headers = [], body, scope, date = clock.now() } = request;
  const own = sign(credentials, { method, path, query: query ?? [], headers: [['Host', new URL(url).host], ...headers], body, date, scope });
  const given = headers.filter(([name]) => name.toLowerCase() !== 'x-sdk-date');
  return { target: query === undefined ? path : `${path}?${queryText(query)}`, headers: [...given, ...Object.entries(own)] };
}

/** Signs a request and sends it. */
export async function signedFetch(served: Served, credentials: Credentials, request: ApplicationRequest): Promise<Response> {
  const { target, headers } = signed(served, credentials, request);
  const { method = 'POST', body } = request;
  return fetch(served.url + target, { method, headers: headers.map(([name, value]) => [name, value] as [string, string]), ...(body === undefined ? {} : { body }) });
}
