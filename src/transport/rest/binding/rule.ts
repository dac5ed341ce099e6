import type { DescField, DescMessage, JsonObject, JsonValue, Registry } from '@bufbuild/protobuf';
import type { HttpRule } from '../../../../gen/google/api/http.ts';
import type { Image } from '../../../contract/image.ts';
import { checkJson, jsonToBytes } from '../../../contract/json/read.ts';
import { compileJsonWriter, memberName } from '../../../contract/json/write.ts';
import type { Method } from '../../../contract/model.ts';
import { compileBodyParser } from '../body/media.ts';
import type { BodyParser, TypedBody } from '../body/media.ts';
import { RouteError } from '../routing/template.ts';
import { checkRule, patternOf, placeOf } from './checks.ts';
import { bindPath } from './path.ts';
import type { Variables } from './path.ts';
import { compileQuery } from './query.ts';

/** What a request of a route brings along. */
export interface RouteRequest {
  readonly variables: Variables;
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
 * file, the method, the route and every reason if the rule does not fit its
 * messages or asks for something that is not served.
 */
export function compileRule(image: Image, method: Method, rule: HttpRule): RouteBinding {
  const { input, output } = method.desc;
  const { bound, bodyField, faults: found } = checkRule(method, rule);
  const faults = [...found];
  const attempt = <T>(compile: () => T): T | undefined => {
    try {
      return compile();
    } catch (error) {
      faults.push(reasonOf(error));
      return undefined;
    }
  };
  for (const desc of [input, output, bodyField?.message]) attempt(() => refuseRaw(method, desc));
  const parseBody = rule.body === '' ? undefined : attempt(() => compileBodyParser(image, input, method.rules));
  const bindQuery = compileQuery(input, { rules: method.rules, bound, body: rule.body });
  const write = attempt(() => compileWriter(image, method, rule));
  if (faults.length > 0 || write === undefined) throw new RouteError(placeOf(method, rule), faults.join('; '));
  const { method: httpMethod, template } = patternOf(rule);
  return {
    httpMethod,
    template,
    read({ variables, query, body }) {
      const json = readBodyJson(method, image.registry, parseBody, bodyField, body);
      bindQuery(query, json);
      bindPath(bound, variables, json);
      return jsonToBytes(input, json, image.registry);
    },
    write,
  };
}

/** The parts of a rule know nothing of where it stands. */
function reasonOf(error: unknown): string {
  if (error instanceof RouteError) return error.reason;
  return error instanceof Error ? error.message : String(error);
}

function fail(method: Method, reason: string): never {
  throw new RouteError(method.desc.toString(), reason);
}

function refuseRaw(method: Method, desc: DescMessage | undefined): void {
  if (desc?.typeName === 'google.api.HttpBody') fail(method, 'google.api.HttpBody is not served yet');
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
