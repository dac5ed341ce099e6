import { ScalarType } from '@bufbuild/protobuf';
import type { Method } from './model.ts';

/** RFC 6838 section 4.2. */
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/;

/** Whether this is a media type in lower case without parameters. */
export function isMediaType(type: string): boolean {
  return MEDIA_TYPE.test(type);
}

/** Each form has a name of its own and can be written. */
export function checkResponseForms({ desc, rules, isStream }: Method, say: (hole: string) => unknown): void {
  const { responseForms: forms } = rules;
  if (isStream && forms.length > 0) say('answers with a stream, which has one form: leave out response_forms');
  if (new Set(forms.map(({ name }) => name)).size < forms.length) say('has two response_forms of one name');
  for (const { name, mediaType, field } of forms) {
    if (name === '') say('has a response form without a name');
    if (!isMediaType(mediaType)) say(`media type ${mediaType} of its response form ${name} is not type/subtype in lower case without parameters`);
    const found = desc.output.fields.find((candidate) => candidate.name === field);
    const hasBareValue = found?.fieldKind === 'scalar' && (found.scalar === ScalarType.STRING || found.scalar === ScalarType.BYTES);
    if (field !== '' && !hasBareValue) say(`the field ${field} of its response form ${name} is neither a string nor bytes`);
  }
}
