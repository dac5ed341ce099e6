import { ScalarType } from '@bufbuild/protobuf';
import type { DescField } from '@bufbuild/protobuf';
import { FieldRules } from '../../gen/keyturn/options/v1/options.ts';
import { readOption } from './image.ts';
import type { Image } from './image.ts';

/** The fault of a value as a sentence, or undefined. */
export type ValueFault<T> = (value: T) => string | undefined;

/** The rules of one field, ready to be applied. */
export interface CompiledRules {
  readonly required: boolean;
  /** What a missing value is told. */
  readonly missing: string;
  /** Most members of a list or map; 0: no limit. */
  readonly maxItems: number;
  /** What is wrong with one text that is not empty. */
  readonly text: ValueFault<string>;
}

/** Reads the rules of a field. Throws an Error that names the field if they do not fit it. */
export function compileFieldRules(image: Image, field: DescField): CompiledRules {
  const rules = readOption(image, field, 'keyturn.options.v1.field', FieldRules) ?? FieldRules.create();
  const fail = (fault: string): never => {
    throw new Error(`${field.toString()}: ${fault}`);
  };
  const isText = field.scalar === ScalarType.STRING && field.fieldKind !== 'map';
  const isMany = field.fieldKind === 'list' || field.fieldKind === 'map';
  if (!isText && (rules.pattern !== '' || rules.maxLength > 0 || rules.anyText)) fail('pattern, max_length and any_text are rules for text');
  if (!isMany && rules.maxItems > 0) fail('max_items is a rule for lists and maps');
  if (rules.required && !isText && !isMany && field.fieldKind !== 'message') fail('required is a rule for text, messages, lists and maps');
  const { required, maxItems, expects } = rules;
  const missing = `is required${expects === '' ? '' : `: ${expects}`}`;
  return { required, maxItems, missing, text: compileText(rules, fail) };
}

function compileText({ pattern, maxLength, expects, anyText }: FieldRules, fail: (fault: string) => never): ValueFault<string> {
  const whole = pattern === '' ? undefined : compilePattern(pattern, fail);
  const misfit = expects === '' ? 'has not the expected form' : `expects ${expects}`;
  return (value) => {
    if (!anyText && value.includes('\0')) return 'must not hold U+0000';
    if (maxLength > 0 && value.length > maxLength && codePoints(value) > maxLength) return misfit;
    return whole !== undefined && !whole.test(value) ? misfit : undefined;
  };
}

function compilePattern(pattern: string, fail: (fault: string) => never): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u');
  } catch (error) {
    return fail(`its pattern is not a regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}
