import type { DescField, DescMessage, JsonObject, JsonValue, Registry } from '@bufbuild/protobuf';
import type { HttpRule } from '../../../../gen/google/api/http.ts';
import type { Violation } from '../../../contract/fault.ts';
import type { Image } from '../../../contract/image.ts';
import { checkJson, contentInvalid, jsonToBytes } from '../../../contract/json/read.ts';
import { describeText, textToJson } from '../../../contract/json/text.ts';
import { compileJsonWriter, memberName } from '../../../contract/json/write.ts';
import type { Method } from '../../../contract/model.ts';
import { compileBodyParser } from '../body/media.ts';
import type { BodyParser, TypedBody } from '../body/media.ts';
import { findPath, setAt, valueAt } from './fields.ts';
import type { FieldPath } from './fields.ts';
import { compileQuery } from './query.ts';
import { RouteError, parseTemplate } from '../routing/template.ts';

/** What a request of a route brings along. */
export interface RouteRequest {
  /** Decoded text by field path, from the matched template. */
  readonly variables: Readonly<Record<string, string>>;
  /** The raw query. */
  readonly query: string | undefined;
  readonly body: TypedBody;
}

/** One REST binding of a method: how requests become messages, and messages answers. */
export interface RouteBinding {
  readonly httpMethod: string;
  readonly template: string;
  /** The request message, serialized. Throws a FaultError. */
  read(request: RouteRequest): Uint8Array;
  /** The JSON body for a serialized response message. */
  write(message: Uint8Array): string;
}

/**
 * Compiles one rule of google.api.http. Throws a RouteError that names the
 * method and the reason if the rule does not fit its messages or asks for
 * something that is not served yet.
 */
export function compileRule(image: Image, method: Method, rule: HttpRule): RouteBinding {
  const { httpMethod, template } = patternOf(method, rule);
  const { input } = method.desc;
  refuseRaw(method, input);
  refuseRaw(method, method.desc.output);
  const bound = named(method, () => parseTemplate(template)).variables.map((variable) => pathVariable(method, variable.path));
  const bodyField = bodyFieldOf(method, rule, httpMethod, bound);
  const parseBody = rule.body === '' ? undefined : named(method, () => compileBodyParser(image, input, method.rules));
  const bindQuery = named(method, () => compileQuery(input, method.rules.query, bound, rule.body));
  return {
    httpMethod,
    template,
    read({ variables, query, body }) {
      const json = readBodyJson(method, image.registry, parseBody, bodyField, body);
      bindQuery(query, json);
      bindPath(bound, variables, json);
      return jsonToBytes(input, json, image.registry);
    },
    write: compileWriter(image, method, rule),
  };
}

function fail(method: Method, reason: string): never {
  throw new RouteError(method.desc.toString(), reason);
}

function patternOf(method: Method, { pattern, additionalBindings }: HttpRule): { httpMethod: string; template: string } {
  if (pattern === undefined) return fail(method, 'its google.api.http rule has no pattern');
  if (pattern.$case === 'custom') return fail(method, 'custom kinds are not served yet');
  if (additionalBindings.some((inner) => inner.additionalBindings.length > 0)) {
    return fail(method, 'additional_bindings inside of additional_bindings are not allowed');
  }
  return { httpMethod: pattern.$case.toUpperCase(), template: pattern.value };
}

function refuseRaw(method: Method, desc: DescMessage | undefined): void {
  if (desc?.typeName === 'google.api.HttpBody') fail(method, 'google.api.HttpBody is not served yet');
}

/** A part that knows nothing of methods fails in the name of this one. */
function named<T>(method: Method, compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    return fail(method, error instanceof Error ? error.message : String(error));
  }
}

function pathVariable(method: Method, name: string): FieldPath {
  const path = findPath(method.desc.input, name, false);
  const field = path?.at(-1);
  if (path === undefined || field === undefined) return fail(method, `path variable ${name} is not a field`);
  if (field.fieldKind !== 'scalar' && field.fieldKind !== 'enum') return fail(method, `path variable ${name} is not a single scalar`);
  return path;
}

/** The field that the body is; undefined if the body is the message, or if there is none. */
function bodyFieldOf(method: Method, rule: HttpRule, httpMethod: string, bound: readonly FieldPath[]): DescField | undefined {
  if (rule.body === '') return undefined;
  if (httpMethod === 'GET' || httpMethod === 'DELETE') return fail(method, `${httpMethod} with a body is not served yet`);
  if (rule.body === '*') return undefined;
  const field = method.desc.input.fields.find((candidate) => candidate.name === rule.body);
  if (field === undefined) return fail(method, `body ${rule.body} is not a top-level field`);
  if (bound.some((path) => path[0] === field)) return fail(method, `body ${rule.body} is bound by the path`);
  refuseRaw(method, field.message);
  return field;
}

function readBodyJson(
  method: Method,
  registry: Registry,
  parse: BodyParser | undefined,
  field: DescField | undefined,
  body: TypedBody,
): JsonObject {
  if (parse === undefined) return {};
  const value = parse(body);
  return checkJson(method.desc.input, field === undefined ? value : { [field.name]: value }, method.rules.jsonInput, registry);
}

/** A value that the body gives too must be the same. */
function bindPath(bound: readonly FieldPath[], variables: Readonly<Record<string, string>>, json: JsonObject): void {
  const violations: Violation[] = [];
  for (const path of bound) {
    const name = path.map((field) => field.name).join('.');
    const field = path.at(-1);
    const value = field && textToJson(field, variables[name] ?? '');
    if (field === undefined || value === undefined) {
      violations.push({ field: name, description: `must be ${field === undefined ? 'text' : describeText(field)}` });
      continue;
    }
    const inBody = valueAt(json, path);
    if (inBody !== undefined && asText(inBody) !== asText(value)) {
      violations.push({ field: name, description: 'differs from the value that the path gives' });
    }
    setAt(json, path, value);
  }
  if (violations.length > 0) throw contentInvalid(violations);
}

/** An integer is a number in a body and text in a path. */
function asText(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function compileWriter(image: Image, method: Method, { responseBody }: HttpRule): (message: Uint8Array) => string {
  const { output } = method.desc;
  const write = compileJsonWriter(output, method.rules, image.registry);
  if (responseBody === '') return (message) => JSON.stringify(write(message));
  const field = output.fields.find((candidate) => candidate.name === responseBody);
  if (field === undefined) return fail(method, `response_body ${responseBody} is not a top-level field`);
  refuseRaw(method, field.message);
  const name = memberName(field, method.rules);
  return (message) => JSON.stringify(memberOf(write(message), name));
}

function memberOf(json: JsonValue, name: string): JsonValue {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? (json[name] ?? null) : null;
}
