import type { DescField } from '@bufbuild/protobuf';
import { FieldRules } from '../../../../gen/keyturn/options/v1/options.ts';
import { readOption } from '../../../contract/image.ts';
import type { Image } from '../../../contract/image.ts';
import type { Part } from '../part.ts';

/** A pattern that is a choice of plain words. */
const WORDS = /^[\w-]+(?:\|[\w-]+)*$/;

export function rulesOf(image: Image, field: DescField): FieldRules {
  return readOption(image, field, 'keyturn.options.v1.field', FieldRules) ?? FieldRules.create();
}

/** What the rules of a field say of one text of a request. Unless it is required an empty one counts as none, but not as a member of a list or a map. */
export function textRules({ required, pattern, maxLength }: FieldRules, isMember: boolean): Part {
  return {
    ...patternOf(pattern, required || isMember),
    ...(required && !isMember && pattern === '' ? { minLength: 1 } : {}),
    ...(maxLength > 0 ? { maxLength } : {}),
  };
}

function patternOf(pattern: string, isNeeded: boolean): Part {
  if (pattern === '') return {};
  if (isNeeded && WORDS.test(pattern)) return { enum: pattern.split('|') };
  return { pattern: `^(?:${pattern})${isNeeded ? '' : '?'}$` };
}

/** What they say of a list or a map. */
export function countRules({ required, maxItems }: FieldRules, kind: 'list' | 'map'): Part {
  const [least, most] = kind === 'list' ? ['minItems', 'maxItems'] : ['minProperties', 'maxProperties'];
  return { ...(required ? { [least]: 1 } : {}), ...(maxItems > 0 ? { [most]: maxItems } : {}) };
}
