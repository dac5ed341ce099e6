import { METHODS } from 'node:http';
import type { DescField } from '@bufbuild/protobuf';
import { hasCustomJsonRepresentation } from '@bufbuild/protobuf/wkt';
import type { HttpRule } from '../../../../gen/google/api/http.ts';
import { Query } from '../../../../gen/keyturn/options/v1/options.ts';
import type { Method } from '../../../contract/model.ts';
import { rawKindOf } from '../body/raw.ts';
import type { RouteSpec } from '../routing/routes.ts';
import { RouteError, parseTemplate } from '../routing/template.ts';
import { areSiblings, follow, nameOf } from './fields.ts';
import type { FieldPath } from './fields.ts';

/** What a rule of google.api.http says, compared with the messages of its method. */
export interface CheckedRule {
  /** The fields that the path gives. */
  readonly bound: readonly FieldPath[];
  /** The field that the body is; undefined if the body is the message, or if there is none. */
  readonly bodyField: DescField | undefined;
  /** The field that the answer is; undefined if it is the message. */
  readonly responseField: DescField | undefined;
  /** Everything that is wrong with the rule; what else is said counts only if there is nothing. */
  readonly faults: readonly string[];
}

/** HTTP gives no meaning to a body of these (RFC 9110 section 9.3). */
const WITHOUT_BODY = new Set(['GET', 'HEAD', 'DELETE']);

/** The HTTP method (`*` for any) and the template of a rule; empty texts where it has none. */
export function patternOf({ pattern }: HttpRule): RouteSpec {
  if (pattern === undefined) return { method: '', template: '' };
  if (pattern.$case === 'custom') return { method: pattern.value.kind, template: pattern.value.path };
  return { method: pattern.$case.toUpperCase(), template: pattern.value };
}

/** Where a rule stands, for people: the file, the method and the route. */
export function placeOf({ desc }: Method, rule: HttpRule): string {
  const { method, template } = patternOf(rule);
  return `${desc.parent.file.proto.name}: ${desc.toString()}: ${method} "${template}"`;
}

/** Compares a rule with the messages of its method. The types of the bodies are left to those who read and write them. */
export function checkRule(method: Method, rule: HttpRule): CheckedRule {
  const faults = [...patternFaults(rule), ...bodyFaults(method, rule), ...ignoredKeyFaults(method)];
  const bound: FieldPath[] = [];
  for (const name of variablesOf(rule, faults)) {
    const path = variablePath(method, name, faults);
    if (path !== undefined) bound.push(path);
  }
  const bodyField = method.desc.input.fields.find((field) => field.name === rule.body);
  const { projectField } = method.rules;
  if (projectField !== '' && !bound.some((path) => nameOf(path) === projectField)) faults.push(`the path does not have the project_field ${projectField}`);
  faults.push(...collisions(bound, bodyField));
  if (rule.body === '*' && bound.length > 0 && rawKindOf(method.desc.input, undefined) !== undefined) {
    faults.push('the body is the whole message, path variables too');
  }
  faults.push(...formFaults(method, rule, bound));
  const responseField = method.desc.output.fields.find((field) => field.name === rule.responseBody);
  if (rule.responseBody !== '' && responseField === undefined) faults.push(`response_body ${rule.responseBody} is not a top-level field`);
  return { bound, bodyField, responseField, faults };
}

function* patternFaults({ pattern, additionalBindings }: HttpRule): Iterable<string> {
  if (pattern === undefined) yield 'the rule has no pattern';
  if (pattern?.$case === 'custom') yield* kindFaults(pattern.value.kind);
  if (additionalBindings.some((inner) => inner.additionalBindings.length > 0)) {
    yield 'additional_bindings inside of additional_bindings are not allowed';
  }
}

function* kindFaults(kind: string): Iterable<string> {
  if (kind === '') yield 'the custom kind is empty';
  else if (kind === 'CONNECT') yield 'the custom kind CONNECT asks for a tunnel and has no path';
  else if (kind !== '*' && !METHODS.includes(kind)) yield `the custom kind ${kind} is not a method that node:http can parse`;
}

function* bodyFaults({ desc, rules }: Method, rule: HttpRule): Iterable<string> {
  const { body } = rule;
  if (body === '') return;
  const { method } = patternOf(rule);
  if (WITHOUT_BODY.has(method) && rules.getOrDeleteBody !== true) yield `${method} with a body needs get_or_delete_body`;
  if (body !== '*' && !desc.input.fields.some((field) => field.name === body)) yield `body ${body} is not a top-level field`;
}

/** A message with a JSON form of its own, such as a Timestamp, has no members there that could come or leave by themselves. */
function* formFaults({ desc: { input, output } }: Method, rule: HttpRule, bound: readonly FieldPath[]): Iterable<string> {
  if (hasCustomJsonRepresentation(input) && (rule.body !== '*' || bound.length > 0)) yield `${input.typeName} can only be the whole body`;
  if (hasCustomJsonRepresentation(output) && rule.responseBody !== '') yield `${output.typeName} can only be the whole answer`;
}

function* ignoredKeyFaults({ desc, rules }: Method): Iterable<string> {
  if (rules.query === Query.QUERY_IGNORED) return;
  for (const key of rules.ignoredQueryKeys) {
    if (follow(desc.input, key, 'both').end === 'found') yield `ignored_query_keys names the field ${key}`;
  }
}

/** The names of the template's variables; adds to `faults` what is wrong with the template. */
function variablesOf(rule: HttpRule, faults: string[]): string[] {
  if (rule.pattern === undefined) return [];
  try {
    return parseTemplate(patternOf(rule).template).variables.map((variable) => variable.path);
  } catch (error) {
    if (!(error instanceof RouteError)) throw error;
    faults.push(error.reason);
    return [];
  }
}

function variablePath({ desc }: Method, name: string, faults: string[]): FieldPath | undefined {
  const { path, end } = follow(desc.input, name, 'proto');
  if (end !== 'found') {
    faults.push(`path variable ${name} ${end === 'too deep' ? 'leads too deep' : `is not a field of ${desc.input.typeName}`}`);
    return undefined;
  }
  const kind = path.at(-1)?.fieldKind;
  if (kind === 'scalar' || kind === 'enum') return path;
  faults.push(`path variable ${name} is ${kind === 'list' ? 'repeated' : `a ${kind}`}`);
  return undefined;
}

/** What path and body cannot give at once: one field, or two members of one oneof. */
function* collisions(bound: readonly FieldPath[], bodyField: DescField | undefined): Iterable<string> {
  for (const [index, path] of bound.entries()) {
    for (const other of bound.slice(index + 1)) {
      if (areSiblings(path, other)) yield `path variables ${nameOf(path)} and ${nameOf(other)} are of one oneof`;
    }
    if (bodyField === undefined) continue;
    if (path[0] === bodyField) yield `body ${bodyField.name} is bound by the path`;
    if (areSiblings(path, [bodyField])) yield `body ${bodyField.name} and path variable ${nameOf(path)} are of one oneof`;
  }
}
