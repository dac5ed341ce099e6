import type { HttpRule } from '../../../gen/google/api/http.ts';
import { Query } from '../../../gen/keyturn/options/v1/options.ts';
import type { Method } from '../../contract/model.ts';
import { patternOf } from '../../transport/rest/binding/checks.ts';
import { parseTemplate } from '../../transport/rest/routing/template.ts';
import { commentOf } from '../comments.ts';
import { headerParameters } from './headers.ts';
import { restOf, summaryOf } from './markdown.ts';
import type { Making } from './making.ts';
import { pathParameters, queryParameters } from './parameters.ts';
import { partOf } from './part.ts';
import type { Part } from './part.ts';
import type { OpenApiPath } from './paths.ts';
import { refusalsOf } from './refusals.ts';
import { requestBody } from './request_body.ts';
import { securityOf } from './security.ts';
import { successesOf } from './success.ts';

/** The operation of one rule of a method, on a path that was made of its template. */
export function operationOf(making: Making, method: Method, rule: HttpRule, { parameters, isPlain }: OpenApiPath): Part {
  const { desc, service, rules } = method;
  const { template } = patternOf(rule);
  const bound = parseTemplate(template).variables.map(({ path }) => path);
  const body = requestBody(making, method, rule, bound);
  const comment = commentOf(desc);
  const all = [...pathParameters(making, parameters), ...queryParameters(making, method, rule, bound), ...headerParameters(method, body !== undefined)];
  return partOf({
    operationId: operationId(method, rule),
    tags: [service.desc.name],
    summary: comment === '' ? undefined : summaryOf(comment),
    description: [restOf(comment), ...notesOf(method)].filter((text) => text !== '').join('\n\n') || undefined,
    deprecated: desc.proto.options?.deprecated === true ? true : undefined,
    security: securityOf(rules.caller),
    parameters: all.length > 0 ? all : undefined,
    requestBody: body,
    responses: Object.fromEntries([...successesOf(making, method, rule), ...refusalsOf(method, rule)]),
    'x-google-http-template': isPlain ? undefined : template,
  });
}

/** `DeviceSecretService_ResetDeviceSecret`; a further rule of a method has its number behind that. */
function operationId({ desc, service, http }: Method, rule: HttpRule): string {
  const index = http.indexOf(rule);
  return `${service.desc.name}_${desc.name}${index > 0 ? `_${index + 1}` : ''}`;
}

/** What the options say and nothing else of the operation shows. */
function notesOf({ rules }: Method): string[] {
  const keys = rules.ignoredQueryKeys.map((key) => `\`${key}\``).join(', ');
  return [
    rules.permission === '' ? '' : `A caller whose rights are limited needs the action \`${rules.permission}\`.`,
    rules.query === Query.QUERY_IGNORED ? 'The query is ignored.' : '',
    rules.query === Query.QUERY_KNOWN ? 'Unknown keys of the query are ignored.' : '',
    rules.query !== Query.QUERY_IGNORED && keys !== '' ? `These keys of the query are ignored: ${keys}.` : '',
  ];
}
