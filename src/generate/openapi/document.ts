import type { HttpRule } from '../../../gen/google/api/http.ts';
import type { Contract, Method } from '../../contract/model.ts';
import { patternOf } from '../../transport/rest/binding/checks.ts';
import { parseTemplate } from '../../transport/rest/routing/template.ts';
import { commentOf } from '../comments.ts';

/** A JSON object of the document. */
type Part = Record<string, unknown>;

/** The OpenAPI 3.1 document of a contract. */
export function openApiDocument({ services }: Contract): Part {
  const methods = services.flatMap((service) => service.methods);
  return {
    openapi: '3.1.1',
    info: { title: 'Keyturn', version: 'v1', summary: 'Changes and checks the credentials of devices.' },
    servers: [{ url: '/' }],
    tags: services.map(({ desc }) => ({ name: desc.name, description: commentOf(desc) })),
    paths: pathsOf(methods),
  };
}

function pathsOf(methods: readonly Method[]): Part {
  const paths: Record<string, Part> = {};
  for (const method of methods) {
    for (const rule of method.http) {
      const { method: verb, template } = patternOf(rule);
      paths[template] = { ...paths[template], [verb.toLowerCase()]: operationOf(method, rule) };
    }
  }
  return paths;
}

function operationOf(method: Method, rule: HttpRule): Part {
  const { desc, service, rules } = method;
  const { variables } = parseTemplate(patternOf(rule).template);
  return {
    operationId: desc.name,
    tags: [service.desc.name],
    description: commentOf(desc),
    parameters: variables.map(({ path }) => ({ name: path, in: 'path', required: true, schema: { type: 'string' } })),
    responses: Object.fromEntries(rules.statuses.map((status) => [status, { description: 'Done.' }])),
  };
}
