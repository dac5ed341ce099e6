import type { DescField } from '@bufbuild/protobuf';
import type { HttpRule } from '../../../gen/google/api/http.ts';
import type { Method } from '../../contract/model.ts';
import { ANY_TYPE, FORM, JSON_TYPE } from '../../transport/rest/body/media.ts';
import { rawKindOf } from '../../transport/rest/body/raw.ts';
import type { RawKind } from '../../transport/rest/body/raw.ts';
import { commentOf } from '../comments.ts';
import { markdownOf } from './markdown.ts';
import type { Making } from './making.ts';
import type { Part } from './part.ts';
import { exampleMember, fieldSample, sampleOf } from './samples.ts';
import { fieldSchema } from './schemas/field.ts';
import { messageSchema } from './schemas/message.ts';
import type { Mode } from './schemas/mode.ts';

/** The body of a route's requests; undefined if it takes none. `bound`: the fields that the path gives. */
export function requestBody(making: Making, method: Method, rule: HttpRule, bound: readonly string[]): Part | undefined {
  const { desc, rules } = method;
  if (rule.body === '') return undefined;
  const field = desc.input.fields.find(({ name }) => name === rule.body);
  const raw = rawKindOf(desc.input, field);
  const content = rules.mediaTypes.map((type) => {
    const isRaw = raw === 'http_body' || !(type === JSON_TYPE || type === FORM);
    if (isRaw) return [type, { schema: raw === 'text' ? { type: 'string' } : {}, ...rawSample(making, raw, field) }] as const;
    const mode: Mode = type === FORM ? { way: 'text' } : { way: 'request', input: rules.jsonInput, jsonNames: rules.jsonNames };
    return [type, { schema: bodySchema(making, method, field, mode, bound), ...exampleMember(bodySample(making, method, field, mode, bound)) }] as const;
  });
  const mayBeAway = rules.emptyBody === true || (raw !== undefined && rules.mediaTypes.includes(ANY_TYPE));
  return { description: descriptionOf(method, field), required: !mayBeAway, content: Object.fromEntries(content) };
}

function bodySchema(making: Making, { desc }: Method, field: DescField | undefined, mode: Mode, bound: readonly string[]): Part {
  if (field === undefined) return messageSchema(making, desc.input, mode, bound);
  return fieldSchema(making, field, mode, (message, way) => messageSchema(making, message, way));
}

function bodySample(making: Making, { desc }: Method, field: DescField | undefined, mode: Mode, bound: readonly string[]): unknown {
  return field === undefined ? sampleOf(making, desc.input, mode, bound) : fieldSample(making, field, mode);
}

function rawSample(making: Making, raw: RawKind | undefined, field: DescField | undefined): Part {
  return raw === 'text' && field !== undefined ? exampleMember(fieldSample(making, field, { way: 'text' })) : {};
}

function descriptionOf({ desc, rules }: Method, field: DescField | undefined): string {
  const comment = markdownOf(commentOf(field ?? desc.input));
  const limit = `At most ${rules.maxBodyBytes} bytes.`;
  const empty = rules.emptyBody === true ? ['An empty body counts as an empty message.'] : [];
  return [...(comment === '' ? [] : [comment]), limit, ...empty].join(' ');
}

