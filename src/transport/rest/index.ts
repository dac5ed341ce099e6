import { Fault, OtherMethods } from '../../../gen/keyturn/options/v1/options.ts';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Contract, Service } from '../../contract/model.ts';
import { compileRule } from './binding/rule.ts';
import type { RouteBinding } from './binding/rule.ts';
import { hasEnvelope } from './envelopes.ts';
import { compileRoutes } from './routing/routes.ts';
import type { Routes } from './routing/routes.ts';
import { splitTarget } from './routing/target.ts';
import { RouteError } from './routing/template.ts';

export { compileRoutes } from './routing/routes.ts';
export type { Match, RouteSpec, Routes } from './routing/routes.ts';
export { RouteError };

/** A route: one REST binding of an endpoint. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly binding: RouteBinding;
}

/** What a request line leads to. */
export type Found =
  | { readonly kind: 'route'; readonly route: Route; readonly variables: Readonly<Record<string, string>> }
  /** An OPTIONS request that is answered with the methods of its path. */
  | { readonly kind: 'options'; readonly allow: readonly string[] }
  /** A refusal in the envelope of the service that owns the path. */
  | { readonly kind: 'fault'; readonly service: Service; readonly fault: Fault; readonly allow: readonly string[] };

/**
 * The transcoder: serves the google.api.http rules of its endpoints, and
 * refuses what they do not serve in the envelope of the service that owns the
 * path. Throws a RouteError for a rule that is invalid, ambiguous or not served
 * yet.
 */
export class Transcoder {
  readonly routes: readonly Route[];
  readonly #matcher: Routes;
  readonly #owners: readonly Owner[];

  constructor(endpoints: readonly Endpoint[], { image, services }: Pick<Contract, 'image' | 'services'>) {
    this.routes = endpoints.flatMap((endpoint) =>
      endpoint.method.http.map((rule) => ({ endpoint, binding: compileRule(image, endpoint.method, rule) })),
    );
    this.#matcher = compileRoutes(
      this.routes.map(({ binding }) => ({ method: binding.httpMethod, template: binding.template })),
    );
    this.#owners = ownersOf(services);
    for (const { endpoint, binding } of this.routes) {
      const { service, desc } = endpoint.method;
      if (this.#ownerOf(binding.template) !== service) throw new RouteError(desc.toString(), `${binding.template} is under a prefix of another service`);
    }
  }

  /** Finds what serves a request by its method and raw target. */
  find(method: string, rawTarget: string): Found {
    const match = this.#matcher.match(method, rawTarget);
    const service = this.#ownerOf(rawTarget);
    switch (match.kind) {
      case 'match':
        return this.#found(match.index, match.variables);
      case 'bad_request':
        return { kind: 'fault', service, fault: Fault.FAULT_TARGET_MALFORMED, allow: [] };
      case 'not_found':
        return { kind: 'fault', service, fault: Fault.FAULT_ROUTE_NOT_FOUND, allow: [] };
      default:
        return this.#otherMethod(service, method, rawTarget, match.allow);
    }
  }

  #otherMethod(service: Service, method: string, rawTarget: string, methods: readonly string[]): Found {
    const fault = Fault.FAULT_METHOD_NOT_ALLOWED;
    if (service.rules.otherMethods === OtherMethods.OTHER_METHODS_NOT_FOUND) return { kind: 'fault', service, fault, allow: [] };
    const allow = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].toSorted();
    if (method === 'OPTIONS') return { kind: 'options', allow };
    const get = method === 'HEAD' ? this.#matcher.match('GET', rawTarget) : undefined;
    return get?.kind === 'match' ? this.#found(get.index, get.variables) : { kind: 'fault', service, fault, allow };
  }

  #found(index: number, variables: Readonly<Record<string, string>>): Found {
    const route = this.routes[index];
    if (route === undefined) throw new Error(`no route ${index}`);
    return { kind: 'route', route, variables };
  }

  /** The service whose prefix of whole segments is the longest; in a malformed path the segments count as written. */
  #ownerOf(rawTarget: string): Service {
    const segments = splitTarget(rawTarget)?.texts ?? rawTarget.split(/[?#]/, 1)[0]?.slice(1).split('/') ?? [];
    const owner = this.#owners.find(({ prefix }) => prefix.every((segment, index) => segment === segments[index]));
    if (owner === undefined) throw new Error('no service owns the path /');
    return owner.service;
  }
}

/** A service and one of its path prefixes, by segments; none for `/`. */
interface Owner {
  readonly prefix: readonly string[];
  readonly service: Service;
}

function ownersOf(services: readonly Service[]): Owner[] {
  const owners = new Map<string, Service>();
  for (const service of services) {
    if (!hasEnvelope(service.rules.envelope)) throw new Error(`${service.desc.toString()}: its envelope cannot be written`);
    for (const prefix of service.rules.pathPrefixes) {
      if (owners.has(prefix)) throw new Error(`path prefix ${prefix} has two owners`);
      owners.set(prefix, service);
    }
  }
  if (!owners.has('/')) throw new Error('no service owns the path prefix /');
  return [...owners]
    .map(([prefix, service]) => ({ prefix: prefix.split('/').filter((segment) => segment !== ''), service }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
}
