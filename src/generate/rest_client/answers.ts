import type { DescField } from '@bufbuild/protobuf';
import type { Printable } from '@bufbuild/protoplugin';
import { hasContent } from '../../contract/http_status.ts';
import { rawKindOf } from '../../transport/rest/body/raw.ts';
import { hasPresence, isOwnMessage, typeOfField, typeOfMessage } from './field_types.ts';
import type { Names } from './field_types.ts';
import type { RoutePlan } from './route_plan.ts';
import type { AnswerForm } from './runtime/route.ts';
import { answerStyleOf } from './style.ts';
import { quote, unionOf } from './text.ts';

/** How the answers of a route are read, and the types of what is read. */
export interface AnswerPlan {
  /** The usual form. */
  readonly form: AnswerForm;
  /** The forms of other media types. */
  readonly forms: Readonly<Record<string, AnswerForm>>;
  readonly neverNull: boolean;
  /** The named headers of a success. */
  readonly headers: readonly string[];
}

const ESSENCE = /^[^; ]+/;

export function planAnswer({ method: { desc, rules }, responseField }: RoutePlan): AnswerPlan {
  const raw = rawKindOf(desc.output, responseField);
  const form = raw === 'http_body' ? 'content' : rules.responseMediaType === '' ? 'json' : raw === 'text' ? 'text' : 'bytes';
  const forms: Record<string, AnswerForm> = {};
  for (const { mediaType, field: name } of rules.responseForms) {
    const field = desc.output.fields.find((candidate) => candidate.name === name);
    const kind = field === undefined ? form : rawKindOf(desc.output, field) === 'text' ? 'text' : 'bytes';
    // Two forms of one type cannot be told apart: both are left as they come.
    forms[mediaType] = (forms[mediaType] ?? kind) === kind ? kind : 'text';
  }
  return {
    form,
    forms,
    neverNull: form === 'json' && isResource(responseField),
    headers: [...rules.responseHeaders, ...(rules.maxAgeSeconds > 0 ? ['etag'] : [])],
  };
}

/** Whether an answer is a message that every success has: only one of a oneof may be another one instead. */
function isResource(field: DescField | undefined): boolean {
  return field?.fieldKind === 'message' && isOwnMessage(field.message) && field.oneof === undefined;
}

/** The type of an answer's usual content, or of a message of a stream. */
export function contentType(plan: RoutePlan, names: Names): Printable {
  const { method, responseField: field } = plan;
  const style = answerStyleOf(method);
  const { form } = planAnswer(plan);
  if (form !== 'json') return ofForm(form, names);
  if (field === undefined) return typeOfMessage(method.desc.output, style, names);
  const type = typeOfField(field, style, names);
  return hasPresence(field) && !isResource(field) ? [type, ' | null'] : type;
}

function ofForm(form: AnswerForm, names: Names): Printable {
  return form === 'text' ? 'string' : form === 'bytes' ? 'Uint8Array' : names.runtime('ReceivedContent');
}

/** The union of the answers of a route. */
export function answerType(plan: RoutePlan, names: Names): Printable {
  const { rules } = plan.method;
  const { forms, form, headers } = planAnswer(plan);
  const full = rules.statuses.filter((status) => hasContent(status) && plan.httpMethod !== 'HEAD');
  const empty = rules.statuses.filter((status) => !full.includes(status));
  const types = Object.entries(forms);
  const usual = types.length === 0 ? undefined : form === 'content' ? 'string' : quote(ESSENCE.exec(rules.responseMediaType || 'application/json')?.[0] ?? '');
  const print = (statuses: readonly number[], content: Printable, mediaType: string | undefined): Printable => {
    const more = mediaType === undefined ? (headers.length === 0 ? [] : [', ', unionOf(headers)]) : [', ', unionOf(headers), ', ', mediaType];
    return [names.runtime('Answer'), '<', statuses.join(' | '), ', ', content, ...more, '>'];
  };
  const answers: Printable[] = [];
  if (full.length > 0) {
    answers.push(print(full, contentType(plan, names), usual));
    for (const [type, kind] of types) answers.push(print(full, kind === 'json' ? contentType(plan, names) : ofForm(kind, names), quote(type)));
  }
  if (empty.length > 0) answers.push(print(empty, 'undefined', usual === undefined ? undefined : 'undefined'));
  return answers.flatMap((answer, index) => (index === 0 ? [answer] : [' | ', answer]));
}

/** The answer to `If-None-Match` where what is kept still counts. */
export function unchangedType(plan: RoutePlan, names: Names): Printable {
  return [names.runtime('Answer'), '<304, undefined, ', unionOf(planAnswer(plan).headers), '>'];
}
