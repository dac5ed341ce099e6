import { ScalarType } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import {
  Caller,
  Envelope,
  JsonInput,
  JsonNames,
  JsonUnset,
  OtherMethods,
  Query,
} from '../../gen/keyturn/options/v1/options.ts';
import type { ReasonRules } from '../../gen/keyturn/options/v1/options.ts';
import { isChallengeList } from './challenge.ts';
import { FAULTS, REQUIRED_FAULTS, faultName } from './faults.ts';
import { checkRequestHeader, checkResponseHeader } from './header_names.ts';
import type { Method, Reason, Service } from './model.ts';
import { hasNumber } from './sentence.ts';
import { checkResponseForms, isMediaType } from './response_forms.ts';
import { checkStream } from './stream.ts';

/** Who is asked for no rights: a permission, or a project, would be looked at by nobody. */
const WITHOUT_RIGHTS: ReadonlySet<Caller> = new Set([
  Caller.CALLER_ANYONE, Caller.CALLER_OPERATOR, Caller.CALLER_DEVICE_UPDATE_JWT, Caller.CALLER_DEVICE_JWT, Caller.CALLER_DEVICE_TOKEN,
  Caller.CALLER_INTROSPECTION_CLIENT,
]);
/** No method may take more: a gRPC message is never larger, whatever its method. */
export const MOST_BODY_BYTES = 1 << 20;

/** RFC 9110 section 8.3.1: with parameters, as it is sent. */
const CONTENT_TYPE = /^[a-zA-Z0-9][\w!#$&^.+-]*\/[\w!#$&^.+-]+(?:; ?[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[ !#-[\]-~]*"))*$/;
const CONTENT_CODINGS = new Set(['gzip', 'deflate', 'br']);

/** The envelope has a form and, with its fallback, exactly one reason for each fault that it needs. */
export function checkService(service: Service, holes: string[]): void {
  const { desc, rules, faults } = service;
  const say = (hole: string): unknown => holes.push(`${desc.toString()}: ${hole}`);
  if (!(rules.envelope > 0)) say('has no envelope');
  if (!(rules.otherMethods > OtherMethods.OTHER_METHODS_UNSPECIFIED)) say('does not say what other_methods get');
  for (const prefix of rules.pathPrefixes) {
    if (!/^\/$|^(\/[^/]+)+$/.test(prefix)) say(`path prefix ${prefix} is not / or whole segments`);
  }
  if (rules.challenge !== '' && !isChallengeList(rules.challenge)) say('its challenge is none of RFC 9110 section 11.6.1');
  if (rules.envelope === Envelope.ENVELOPE_UNSPECIFIED) return;
  if (rules.fallbackEnvelope === rules.envelope) say('its fallback_envelope is its envelope');
  for (const fault of REQUIRED_FAULTS) {
    if (!faults.has(fault)) say(`its envelope has no reason for fault ${faultName(fault)}`);
  }
}

/** Nothing that a call needs was forgotten. */
export function checkMethod(method: Method, holes: string[]): void {
  const { desc, rules } = method;
  const say = (hole: string): unknown => holes.push(`${desc.toString()}: ${hole}`);
  if (!(rules.caller > Caller.CALLER_UNSPECIFIED)) say('does not say who may call: set caller');
  if (rules.maxBodyBytes === 0) say('has no limit: set max_body_bytes');
  if (rules.maxBodyBytes > MOST_BODY_BYTES) say(`max_body_bytes is over ${MOST_BODY_BYTES}, which gRPC takes at most`);
  if (!(rules.jsonNames > JsonNames.JSON_NAMES_UNSPECIFIED)) say('does not say json_names');
  if (!(rules.jsonUnset > JsonUnset.JSON_UNSET_UNSPECIFIED)) say('does not say json_unset');
  if (!(rules.query > Query.QUERY_UNSPECIFIED)) say('does not say what becomes of the query');
  if (rules.statuses.length === 0) say('has no status of success: set statuses');
  for (const status of rules.statuses) if (status < 200 || status > 299) say(`status ${status} is not one of success`);
  checkStream(method, holes);
  checkResponseForms(method, say);
  if (method.http.length === 0 && rules.grpcOnly !== true) say('has no google.api.http rule: give it one, or set grpc_only');
  if (method.http.length > 0 && rules.grpcOnly === true) say('is grpc_only and has a google.api.http rule');
  if (rules.projectField !== '') checkProjectField(method, say);
  if (rules.permission !== '' && WITHOUT_RIGHTS.has(rules.caller)) say('has a permission that its caller is not asked for');
  for (const rule of method.http) {
    if (rule.body !== '' && rules.mediaTypes.length === 0) say('takes a body but no media type: set media_types');
  }
  if (rules.refusesJwt && method.http.every(({ body }) => body === '')) say('takes no body: leave out refuses_jwt');
  for (const type of rules.mediaTypes) {
    if (type !== '*/*' && !isMediaType(type)) say(`media type ${type} is not type/subtype in lower case without parameters`);
  }
  for (const coding of rules.contentCodings) if (!CONTENT_CODINGS.has(coding)) say(`content coding ${coding} is not gzip, deflate or br`);
  if (rules.maxAgeSeconds > 0) checkMaxAge(method, say);
  if (rules.responseMediaType !== '' && !CONTENT_TYPE.test(rules.responseMediaType)) say(`response_media_type ${rules.responseMediaType} is no media type`);
  if (rules.mediaTypes.includes('application/json') && !(rules.jsonInput > JsonInput.JSON_INPUT_UNSPECIFIED)) {
    say('does not say json_input');
  }
  for (const name of rules.requestHeaders) checkRequestHeader(name, say);
  for (const name of rules.responseHeaders) checkResponseHeader(name, say);
}

function checkMaxAge({ http, isStream, rules }: Method, say: (hole: string) => unknown): void {
  if (isStream || http.length === 0 || http.some(({ pattern }) => pattern?.$case !== 'get')) say('has max_age_seconds, and is no GET');
  if (rules.responseHeaders.includes('etag')) say('has max_age_seconds, and an etag of its own among its response_headers');
}

/** What it means for a path is up to those who compile paths. */
function checkProjectField({ desc, rules }: Method, say: (hole: string) => unknown): void {
  const { projectField: name } = rules;
  const field = desc.input.fields.find((candidate) => candidate.name === name);
  if (field?.fieldKind !== 'scalar' || field.scalar !== ScalarType.STRING) say(`its project_field ${name} is no string field`);
  // One that can be unset would name no project over gRPC, and so every one.
  else if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) say(`its project_field ${name} can be unset: it may be neither optional nor in a oneof`);
  if (WITHOUT_RIGHTS.has(rules.caller)) say(`has a project_field ${name} that its caller is not asked for`);
}

/** Each reason can leave over both wires; no two stand for one fault of an envelope. */
export function checkReasons(reasons: readonly Reason[], holes: string[]): void {
  const taken = new Set<string>();
  for (const { name, rules } of reasons) {
    if (rules.envelope === Envelope.ENVELOPE_UNSPECIFIED || rules.envelope < 0) holes.push(`reason ${name} has no envelope`);
    if (rules.code <= 0) holes.push(`reason ${name} has no gRPC code`);
    if (rules.httpStatus < 400 || rules.httpStatus > 599) holes.push(`reason ${name} has no HTTP status of refusal`);
    if (rules.sentence === '') holes.push(`reason ${name} has no public sentence`);
    checkWords(name, rules, holes);
    for (const fault of rules.faults) {
      if (!FAULTS.includes(fault)) holes.push(`reason ${name} stands for ${faultName(fault)}, which is not a fault`);
      const key = `${rules.envelope} ${fault}`;
      if (taken.has(key)) holes.push(`reason ${name}: another reason of its envelope stands for ${faultName(fault)}`);
      taken.add(key);
    }
  }
}

/** What a wire would never show, or show as it is written here. */
function checkWords(name: string, { envelope, sentence, gatewayWord, gatewaySentence, title, faults }: ReasonRules, holes: string[]): void {
  if ((title !== '') !== (envelope === Envelope.ENVELOPE_AUTHENTIQ)) holes.push(`reason ${name} ${title === '' ? 'lacks the title that its envelope shows' : 'has a title, which its envelope does not show'}`);
  if (gatewayWord + gatewaySentence !== '' && envelope !== Envelope.ENVELOPE_IOTDA) holes.push(`reason ${name} has words of the gateway, which its envelope does not show`);
  if (faults.length > 0 && [sentence, gatewaySentence].some(hasNumber)) holes.push(`reason ${name} stands for a fault, which brings no number for <N>`);
  if (!hasNumber(sentence) && hasNumber(gatewaySentence)) holes.push(`reason ${name} has <N> in its gateway_sentence alone`);
}
