import type { DescField } from '@bufbuild/protobuf';
import { STATUS_CODES } from 'node:http';
import type { HttpRule } from '../../../gen/google/api/http.ts';
import { Envelope } from '../../../gen/keyturn/options/v1/options.ts';
import { hasContent } from '../../contract/http_status.ts';
import type { Method } from '../../contract/model.ts';
import { ERROR_MEMBER } from '../../contract/stream.ts';
import { patternOf } from '../../transport/rest/binding/checks.ts';
import { ANY_TYPE, JSON_TYPE } from '../../transport/rest/body/media.ts';
import { rawKindOf } from '../../transport/rest/body/raw.ts';
import { commentOf } from '../comments.ts';
import { envelopeSchema } from './envelopes.ts';
import { successHeaders } from './headers.ts';
import { markdownOf } from './markdown.ts';
import type { Making } from './making.ts';
import type { Part } from './part.ts';
import { exampleMember, fieldSample, sampleOf } from './samples.ts';
import { fieldSchema, hasPresence, orNull } from './schemas/field.ts';
import { messageSchema } from './schemas/message.ts';
import type { Mode } from './schemas/mode.ts';
import { rulesOf } from './schemas/rules.ts';

const JSON_LINES = 'application/x-ndjson';

/** The answers of success of a route, by status. */
export function successesOf(making: Making, method: Method, rule: HttpRule): [status: string, response: Part][] {
  const { desc, rules } = method;
  const field = desc.output.fields.find(({ name }) => name === rule.responseBody);
  const description = markdownOf(commentOf(field ?? desc.output));
  const headers = successHeaders(method);
  const content = contentOf(making, method, field);
  const isHead = patternOf(rule).method === 'HEAD';
  const successes = [...new Set(rules.statuses)].map((status): [string, Part] => {
    const text = description === '' || !hasContent(status) ? `${STATUS_CODES[status] ?? 'Done'}.` : description;
    return [String(status), { description: text, headers, ...(hasContent(status) && !isHead ? { content } : {}) }];
  });
  if (rules.maxAgeSeconds > 0) successes.push(['304', { description: 'What the caller has kept is the same.', headers: { ...headers } }]);
  return successes;
}

/** The usual form and the others, by media type. */
function contentOf(making: Making, method: Method, field: DescField | undefined): Part {
  const { desc, rules, isStream } = method;
  const mode: Mode = { way: 'answer', jsonNames: rules.jsonNames, jsonUnset: rules.jsonUnset };
  const json = { schema: answerSchema(making, method, field, mode), sample: field === undefined ? sampleOf(making, desc.output, mode) : fieldSample(making, field, mode) };
  if (isStream) return { [JSON_LINES]: linesOf(json) };
  const raw = rawKindOf(desc.output, field);
  const usual: Form =
    rules.responseMediaType !== '' ? { type: rules.responseMediaType, ...rawForm(making, method, field) } : raw === 'http_body' ? { type: ANY_TYPE, schema: {} } : { type: JSON_TYPE, ...json };
  const forms = rules.responseForms.map(({ mediaType, field: name }) => {
    const { schema, sample } = name === '' ? usual : rawForm(making, method, desc.output.fields.find((each) => each.name === name));
    return { type: mediaType, schema, sample };
  });
  const byType = Map.groupBy([usual, ...forms], ({ type }) => type);
  return Object.fromEntries(
    Array.from(byType, ([type, all]) => [type, { schema: oneOrAnyOf(all.map(({ schema }) => schema)), ...exampleMember(all.find(({ sample }) => sample !== undefined)?.sample) }]),
  );
}

/** One form of an answer. */
interface Form {
  readonly type: string;
  readonly schema: Part;
  readonly sample?: unknown;
}

function rawForm(making: Making, { desc }: Method, field: DescField | undefined): Omit<Form, 'type'> {
  if (field === undefined || rawKindOf(desc.output, field) !== 'text') return { schema: {} };
  return { schema: { type: 'string' }, sample: fieldSample(making, field, { way: 'text' }) };
}

function oneOrAnyOf(schemas: readonly Part[]): Part {
  const different = [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
  return different.length === 1 ? (different[0] ?? {}) : { anyOf: different };
}

/** A field that is the whole answer is null if it is not set, whatever the style. */
function answerSchema(making: Making, { desc }: Method, field: DescField | undefined, mode: Mode): Part {
  if (field === undefined) return messageSchema(making, desc.output, mode);
  const schema = fieldSchema(making, field, mode, (message, way) => messageSchema(making, message, way));
  return orNull(schema, hasPresence(field) && !rulesOf(making.image, field).required);
}

/** Lines of JSON are, as OpenAPI 3.2 has them, a list of what each line is. */
function linesOf({ schema: line, sample }: Omit<Form, 'type'>): Part {
  const end = {
    type: 'object',
    description: 'The last line of a stream that ends with an error.',
    properties: { [ERROR_MEMBER]: envelopeSchema(Envelope.ENVELOPE_RPC_STATUS) },
    required: [ERROR_MEMBER],
    additionalProperties: false,
  };
  const items = { anyOf: [line, end] };
  const example = sample === undefined ? undefined : `${JSON.stringify(sample)}\n`;
  return { schema: { type: 'array', description: 'A line of JSON for each.', items }, ...exampleMember(example), 'x-itemSchema': items };
}
