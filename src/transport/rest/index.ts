import type { HttpRule } from '../../../gen/google/api/http.ts';
import { Fault, OtherMethods } from '../../../gen/keyturn/options/v1/options.ts';
import type { Endpoint } from '../../call/endpoints.ts';
import type { Contract, Service } from '../../contract/model.ts';
import { patternOf, placeOf } from './binding/checks.ts';
import { compileRule } from './binding/rule.ts';
import type { RouteBinding } from './binding/rule.ts';
import { Owners } from './owners.ts';
import { RouteTable } from './routing/routes.ts';
import { RouteError } from './routing/template.ts';

export { compileRoutes } from './routing/routes.ts';
export type { Match, RouteSpec, Routes } from './routing/routes.ts';
export { RouteError };

/** A route: one REST binding of an endpoint. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly binding: RouteBinding;
}

/** A token of HTTP that no route has for its method. */
const NO_METHOD = '-';

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
 * path. Throws a RouteError that lists every rule that cannot be served and
 * every two rules that take the same requests.
 */
export class Transcoder {
  readonly routes: readonly Route[];
  readonly #table: RouteTable;
  readonly #owners: Owners;

  constructor(endpoints: readonly Endpoint[], { image, services }: Pick<Contract, 'image' | 'services'>) {
    this.#owners = new Owners(services);
    const rules = endpoints.flatMap((endpoint) => endpoint.method.http.map((rule) => ({ endpoint, rule })));
    this.#table = new RouteTable(rules.map(({ rule }) => patternOf(rule)));
    const faults = twinsOf(rules, this.#table);
    this.routes = rules.flatMap((each) => this.#compile(image, each, faults) ?? []);
    if (faults.length > 0) throw new RouteError('rules of google.api.http that cannot be served', [faults.length, ...faults].join('\n  '));
  }

  #compile(image: Contract['image'], { endpoint, rule }: Rule, faults: string[]): Route | undefined {
    const { method } = endpoint;
    const { template } = patternOf(rule);
    try {
      const binding = compileRule(image, method, rule);
      const objection = this.#owners.objection(template, method.service);
      if (objection === undefined) return { endpoint, binding };
      faults.push(`${placeOf(method, rule)}: ${objection}`);
    } catch (error) {
      if (!(error instanceof RouteError)) throw error;
      faults.push(error.message);
    }
    return undefined;
  }

  /** Finds what serves a request by its method and raw target. */
  find(method: string, rawTarget: string): Found {
    const standIn = method === 'HEAD' && this.#answersOtherMethods(rawTarget) ? 'GET' : undefined;
    const match = this.#table.match(method, rawTarget, standIn);
    switch (match.kind) {
      case 'match':
        return this.#found(match.index, match.variables);
      case 'bad_request':
        return this.#fault(rawTarget, Fault.FAULT_TARGET_MALFORMED);
      case 'not_found':
        return this.#fault(rawTarget, Fault.FAULT_ROUTE_NOT_FOUND);
      default:
        return this.#otherMethod(method, rawTarget, match.allow);
    }
  }

  #otherMethod(method: string, rawTarget: string, methods: readonly string[]): Found {
    const { otherMethods } = this.ownerOf(rawTarget).rules;
    if (otherMethods === OtherMethods.OTHER_METHODS_NOT_FOUND) return this.#fault(rawTarget, Fault.FAULT_METHOD_NOT_ALLOWED);
    const answersOptions = otherMethods === OtherMethods.OTHER_METHODS_NOT_ALLOWED;
    const allow = [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), ...(answersOptions ? ['OPTIONS'] : [])])].toSorted();
    return answersOptions && method === 'OPTIONS' ? { kind: 'options', allow } : { ...this.#fault(rawTarget, Fault.FAULT_METHOD_NOT_ALLOWED), allow };
  }

  /** The methods of a path that has routes, for `Allow`; none where other methods are not told apart from an unknown path. */
  allowedAt(rawTarget: string): readonly string[] {
    const found = this.find(NO_METHOD, rawTarget);
    return found.kind === 'fault' ? found.allow : [];
  }

  /** Whether HEAD and a 405 mean what they mean in HTTP; some APIs treat such a path as unknown. */
  #answersOtherMethods(rawTarget: string): boolean {
    return this.ownerOf(rawTarget).rules.otherMethods !== OtherMethods.OTHER_METHODS_NOT_FOUND;
  }

  #fault(rawTarget: string, fault: Fault): Found & { kind: 'fault' } {
    return { kind: 'fault', service: this.ownerOf(rawTarget), fault, allow: [] };
  }

  #found(index: number, variables: Readonly<Record<string, string>>): Found {
    const route = this.routes[index];
    if (route === undefined) throw new Error(`no route ${index}`);
    return { kind: 'route', route, variables };
  }

  /** The service in whose envelope a raw target is refused, whether there is a route for it or not. */
  ownerOf(rawTarget: string): Service {
    return this.#owners.of(rawTarget);
  }

  /** As ownerOf `/`, for bytes in which no target counts. */
  get root(): Service {
    return this.#owners.root;
  }
}

/** One rule of an endpoint. */
interface Rule {
  readonly endpoint: Endpoint;
  readonly rule: HttpRule;
}

/** The rules that take the same requests as one before them; other faults of the table are those of single rules. */
function twinsOf(rules: readonly Rule[], { faults }: RouteTable): string[] {
  return faults.flatMap(({ index, twin }) => {
    const [here, there] = [rules[index], twin === undefined ? undefined : rules[twin]].map((each) => each && placeOf(each.endpoint.method, each.rule));
    return here === undefined || there === undefined ? [] : [`${here}: it takes the same requests as ${there}`];
  });
}
