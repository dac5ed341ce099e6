import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { HttpRule } from '../../../gen/google/api/http.ts';
import { Query } from '../../../gen/keyturn/options/v1/options.ts';
import { isTextField } from '../../contract/json/text.ts';
import type { Method } from '../../contract/model.ts';
import { checkRule, patternOf } from '../../transport/rest/binding/checks.ts';
import { areSiblings } from '../../transport/rest/binding/fields.ts';
import type { FieldPath } from '../../transport/rest/binding/fields.ts';
import { FORM, JSON_TYPE } from '../../transport/rest/body/media.ts';
import { rawKindOf } from '../../transport/rest/body/raw.ts';
import type { RawKind } from '../../transport/rest/body/raw.ts';
import { parseTemplate } from '../../transport/rest/routing/template.ts';
import type { Segment, Template } from '../../transport/rest/routing/template.ts';
import type { BodyPlan, PathPart } from './runtime/route.ts';
import { percentEncode } from './runtime/target.ts';
import { nameIn, requestStyleOf } from './style.ts';

/** What a route asks of its requests. */
export interface RoutePlan {
  readonly method: Method;
  /** Such as `GET /v1/devices/{device_id}`. */
  readonly name: string;
  readonly httpMethod: string;
  readonly path: readonly PathPart[];
  readonly body: BodyPlan | undefined;
  /** The fields that may go into the query. */
  readonly queryFields: readonly DescField[];
  /** The fields that every request has: those in the path, and a body that may not be left out. */
  readonly needed: ReadonlySet<DescField>;
  /** The fields that no request can have. */
  readonly without: ReadonlySet<DescField>;
  /** A body of which no JSON is made: that of a field, or of the whole message. */
  readonly raw: { readonly kind: RawKind; readonly field: DescField | undefined } | undefined;
  readonly responseField: DescField | undefined;
}

/** What `fetch` does not send: a body with these methods (fetch.spec.whatwg.org), and these methods at all. */
const WITHOUT_BODY = new Set(['GET', 'HEAD']);
const FORBIDDEN = new Set(['CONNECT', 'TRACE', 'TRACK']);

/** A method for a rule that takes any, which others of the same shape are least likely to have. */
const ANY_METHOD = 'PATCH';

/** The plan of a rule; undefined for one that no `fetch` can call. */
export function planRoute(method: Method, rule: HttpRule): RoutePlan | undefined {
  const { method: kind, template } = patternOf(rule);
  const httpMethod = kind === '*' ? ANY_METHOD : kind;
  if (FORBIDDEN.has(httpMethod) || (rule.body !== '' && WITHOUT_BODY.has(httpMethod))) return undefined;
  const { bound, bodyField, responseField } = checkRule(method, rule);
  const { desc, rules } = method;
  const style = requestStyleOf(method);
  const takesQuery = rules.query !== Query.QUERY_IGNORED && rule.body !== '*';
  const body = rule.body === '' ? undefined : bodyPlanOf(method, bodyField);
  const rawKind = rule.body === '' || body?.as === 'json' || body?.as === 'form' ? undefined : rawKindOf(desc.input, bodyField);
  const given = [...bound, ...(bodyField === undefined ? [] : [[bodyField]])];
  const needed = new Set(bound.flatMap(([first]) => first ?? []));
  if (bodyField !== undefined && body?.optional !== true) needed.add(bodyField);
  const without = desc.input.fields.filter((field) => {
    if (given.some(([first]) => first === field)) return false;
    return given.some((path) => areSiblings(path, [field])) || (rule.body !== '*' && !(takesQuery && fitsQuery(field)));
  });
  return {
    method,
    name: `${kind} ${template}`,
    httpMethod,
    path: pathPartsOf(parseTemplate(template), bound, (field) => nameIn(field, style)),
    body,
    queryFields: takesQuery ? desc.input.fields.filter((field) => !without.includes(field) && field !== bodyField && !bound.some(([first, ...rest]) => first === field && rest.length === 0)) : [],
    needed,
    without: new Set(without),
    raw: rawKind === undefined ? undefined : { kind: rawKind, field: bodyField },
    responseField,
  };
}

/** A message can be given by its fields. */
function fitsQuery(field: DescField): boolean {
  return isTextField(field) || (field.fieldKind === 'message' && isFollowed(field.message));
}

/** Whether a query can name the fields of a message, one by one. */
export function isFollowed({ typeName, fields }: DescMessage): boolean {
  return typeName !== 'google.protobuf.Any' && fields.length > 0;
}

function bodyPlanOf(method: Method, field: DescField | undefined): BodyPlan {
  const { desc, rules } = method;
  const of = field === undefined ? '*' : nameIn(field, requestStyleOf(method));
  const kind = rawKindOf(desc.input, field);
  const optional = rules.emptyBody === true && field !== undefined ? { optional: true } : {};
  if (kind === 'http_body') return { of, as: 'content', type: '', ...optional };
  const bare = kind === undefined ? undefined : rules.mediaTypes.find((type) => type !== JSON_TYPE && type !== FORM);
  if (bare !== undefined) return { of, as: 'raw', type: bare === '*/*' ? (kind === 'text' ? 'text/plain;charset=utf-8' : 'application/octet-stream') : bare, ...optional };
  const as = rules.mediaTypes.includes(FORM) && !rules.mediaTypes.some((type) => type === JSON_TYPE || type === '*/*') ? 'form' : 'json';
  return { of, as, type: as === 'form' ? FORM : JSON_TYPE, ...optional };
}

function pathPartsOf({ segments, variables, verb }: Template, bound: readonly FieldPath[], nameOf: (field: DescField) => string): PathPart[] {
  const parts: PathPart[] = [];
  const add = (part: PathPart): void => {
    const last = parts.at(-1);
    if (typeof last === 'string' && typeof part === 'string') parts[parts.length - 1] = last + part;
    else parts.push(part);
  };
  for (let index = 0; index < segments.length; ) {
    const position = variables.findIndex(({ start }) => start === index);
    const variable = variables[position];
    add('/');
    if (variable === undefined) add(segments.slice(index, index + 1).map((segment) => (segment.kind === 'any' ? '-' : patternText(segment).replace('**', ''))).join(''));
    else {
      const like = segments.slice(variable.start, variable.end).map(patternText).join('/');
      add({ of: (bound[position] ?? []).map(nameOf), ...(like === '*' ? {} : { like }) });
    }
    index = variable?.end ?? index + 1;
  }
  if (verb !== undefined) add(`:${percentEncode(verb)}`);
  return parts;
}

function patternText(segment: Segment): string {
  return segment.kind === 'literal' ? percentEncode(segment.text) : segment.kind === 'any' ? '*' : '**';
}
