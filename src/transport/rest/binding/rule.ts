import type { HttpRule } from '../../../../gen/google/api/http.ts';
import { JsonInput } from '../../../../gen/keyturn/options/v1/options.ts';
import type { Image } from '../../../contract/image.ts';
import { compileDirectReader } from '../../../contract/json/direct_read.ts';
import { jsonToBytes } from '../../../contract/json/read.ts';
import type { Method } from '../../../contract/model.ts';
import type { TypedBody } from '../body/media.ts';
import { compileBodyReader } from '../body/reader.ts';
import { compileAnswerWriter } from '../body/writer.ts';
import type { AnswerWriter } from '../body/writer.ts';
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
  /** The body without its content coding. Rejects with a FaultError. */
  unpack(body: TypedBody): Promise<TypedBody>;
  /**
   * The request as ts-proto's message, which `decode` reads where it had to be
   * serialized; its body is without content coding. Throws a FaultError.
   */
  read(request: RouteRequest, decode: (bytes: Uint8Array) => object): object;
  /** The body for a response. Throws an Error if it cannot be written. */
  readonly write: AnswerWriter;
}

/**
 * Compiles one rule of google.api.http. Throws a RouteError that names the
 * file, the method, the route and every reason if the rule does not fit its
 * messages or asks for something that is not served.
 */
export function compileRule(image: Image, method: Method, rule: HttpRule): RouteBinding {
  const { input } = method.desc;
  const { bound, bodyField, responseField, faults: found } = checkRule(method, rule);
  const faults = [...found];
  const attempt = <T>(compile: () => T): T | undefined => {
    try {
      return compile();
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const hasBody = rule.body === '*' || bodyField !== undefined;
  const body = hasBody ? attempt(() => compileBodyReader(image, method, bodyField)) : undefined;
  const bindQuery = compileQuery(input, { rules: method.rules, bound, body: rule.body });
  // What the body, the query and the path have given is canonical JSON, whatever the method takes.
  const readDirectly = compileDirectReader(input, JsonInput.JSON_INPUT_STRICT);
  const write = attempt(() => compileAnswerWriter(image, method, responseField));
  if (faults.length > 0 || write === undefined) throw new RouteError(placeOf(method, rule), faults.join('; '));
  const { method: httpMethod, template } = patternOf(rule);
  const isAlone = rule.body === '*' && bound.length === 0;
  return {
    httpMethod,
    template,
    unpack: async (packed) => body?.unpack(packed) ?? packed,
    read({ variables, query, body: given }, decode) {
      const { json, raw, message } = body?.read(given, isAlone && query === undefined) ?? { json: {} };
      if (message !== undefined) return message;
      bindQuery(query, json);
      bindPath(bound, variables, json);
      const direct = raw === undefined ? readDirectly?.(json) : undefined;
      if (direct !== undefined) return direct;
      const bytes = jsonToBytes(input, json, image.registry);
      // Messages that follow one another are one (protobuf's merge).
      return decode(raw === undefined ? bytes : Buffer.concat([raw, bytes]));
    },
    write,
  };
}
