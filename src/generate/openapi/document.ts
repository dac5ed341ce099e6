import type { HttpRule } from '../../../gen/google/api/http.ts';
import type { Contract, Method } from '../../contract/model.ts';
import { patternOf } from '../../transport/rest/binding/checks.ts';
import { ENVELOPE_SCHEMAS } from './envelopes.ts';
import { refusalExamples } from './examples.ts';
import { SHARED_HEADERS, SHARED_PARAMETERS } from './headers.ts';
import { infoOf, tagsOf } from './info.ts';
import { beginMaking } from './making.ts';
import type { Making } from './making.ts';
import { operationOf } from './operation.ts';
import type { Part } from './part.ts';
import { pathOf } from './paths.ts';
import type { OpenApiPath } from './paths.ts';
import { reachable } from './registry.ts';
import { SCHEMES, securityOf } from './security.ts';
import { shareResponses } from './shared_responses.ts';

/** One method of HTTP on one path. */
interface Placed {
  readonly path: string;
  readonly verb: string;
  readonly operation: Part;
}

/** What OpenAPI 3.1 has a place for; `*` is all of them. */
const VERBS = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE'];

/** The OpenAPI 3.1 document of a contract: an operation for every rule of google.api.http. */
export function openApiDocument(contract: Contract): Part {
  const making = beginMaking(contract);
  const { shared, responses } = shareResponses(placed(making));
  const { document, schemas } = making.schemas.finish({ paths: pathsOf(shared), responses });
  const reasons = contract.image.registry.getEnum(`${making.packageName}.ErrorReason`);
  const paths = document['paths'];
  const components = reachable({ paths }, {
    schemas: { ...schemas, ...ENVELOPE_SCHEMAS },
    responses: document['responses'] as Record<string, Part>,
    examples: refusalExamples(contract, reasons),
    parameters: SHARED_PARAMETERS,
    headers: SHARED_HEADERS,
  });
  return {
    openapi: '3.1.1',
    info: infoOf(making),
    // As a reference from the document itself it holds behind a proxy that adds a prefix as well.
    servers: [{ url: '.', description: 'The service that this document came from.' }],
    tags: tagsOf(contract),
    paths,
    components: { ...components, securitySchemes: schemesOf(contract) },
  };
}

function schemesOf({ services }: Contract): Part {
  const used = new Set(services.flatMap(({ methods }) => methods.filter(({ http }) => http.length > 0).flatMap(({ rules }) => securityOf(rules.caller).flatMap(Object.keys))));
  return Object.fromEntries(Object.entries(SCHEMES).filter(([name]) => used.has(name)));
}

/** A rule with what it takes. */
interface Ruled {
  readonly method: Method;
  readonly rule: HttpRule;
  readonly verb: string;
  readonly template: string;
}

/** Rules for any method come last: they have those that are left on their paths. */
function placed(making: Making): Placed[] {
  const known = new Map<string, OpenApiPath>();
  const taken = new Set<string>();
  const rules = making.contract.services.flatMap(({ methods }) => methods).flatMap((method) => method.http.map((rule) => ruled(method, rule)));
  return [...rules.filter(({ verb }) => verb !== '*'), ...rules.filter(({ verb }) => verb === '*')].flatMap((each) => {
    const path = knownPath(pathOf(each.template, each.method.desc.input), known);
    const verbs = (each.verb === '*' ? VERBS : [each.verb]).filter((verb) => !taken.has(`${verb} ${path.path}`));
    return verbs.map((verb) => {
      taken.add(`${verb} ${path.path}`);
      const operation = operationOf(making, each.method, each.rule, path);
      const id = `${String(operation['operationId'])}_${verb.toLowerCase()}`;
      return { path: path.path, verb, operation: each.verb === '*' ? { ...operation, operationId: id } : operation };
    });
  });
}

function ruled(method: Method, rule: HttpRule): Ruled {
  const { method: verb, template } = patternOf(rule);
  return { method, rule, verb, template };
}

/** Two paths that differ by the names of their parameters alone are one in a document: the names are those of the first. */
function knownPath(path: OpenApiPath, known: Map<string, OpenApiPath>): OpenApiPath {
  const first = known.get(path.shape);
  if (first === undefined) known.set(path.shape, path);
  if (first === undefined || first.path === path.path) return path;
  const parameters = path.parameters.map((parameter, index) => ({ ...parameter, name: first.parameters[index]?.name ?? parameter.name }));
  return { ...path, path: first.path, parameters, isPlain: false };
}

/** What OpenAPI 3.1 has no place for stands where 3.2 has one. */
function pathsOf(all: readonly Placed[]): Part {
  const byPath = Map.groupBy(all, ({ path }) => path);
  return Object.fromEntries(
    Array.from(byPath, ([path, operations]) => {
      const [usual, others] = [operations.filter(({ verb }) => VERBS.includes(verb)), operations.filter(({ verb }) => !VERBS.includes(verb))];
      const item = Object.fromEntries(usual.map(({ verb, operation }) => [verb.toLowerCase(), operation]));
      const more = Object.fromEntries(others.map(({ verb, operation }) => [verb, operation]));
      return [path, others.length > 0 ? { ...item, 'x-additionalOperations': more } : item];
    }),
  );
}
