import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { FieldRules } from '../../gen/keyturn/options/v1/options.ts';
import type { Violation } from './fault.ts';
import { readOption } from './image.ts';
import type { Image } from './image.ts';

/** Lists what a decoded message violates; empty if nothing. */
export type Validator = (message: object) => Violation[];

type Check = (message: Record<string, unknown>, path: string, violations: Violation[]) => void;

/**
 * Makes the validator of a message from its fields' rules
 * (keyturn.options.v1.field). Over both wires a message passes it before its
 * handler. Throws if a rule does not fit its field.
 */
export function compileValidator(image: Image, desc: DescMessage): Validator {
  const check = compileMessage(image, desc, new Map());
  return (message) => {
    const violations: Violation[] = [];
    check(message as Record<string, unknown>, '', violations);
    return violations;
  };
}

function compileMessage(image: Image, desc: DescMessage, made: Map<DescMessage, Check>): Check {
  const known = made.get(desc);
  if (known !== undefined) return known;
  const checks: Check[] = [];
  const all: Check = (message, path, violations) => {
    for (const check of checks) check(message, path, violations);
  };
  made.set(desc, all);
  for (const field of desc.fields) {
    const check = compileField(image, field, made);
    if (check !== undefined) checks.push(check);
  }
  return all;
}

function compileField(image: Image, field: DescField, made: Map<DescMessage, Check>): Check | undefined {
  const rules = readOption(image, field, 'keyturn.options.v1.field', FieldRules) ?? FieldRules.create();
  if (field.fieldKind === 'message' && !field.message.typeName.startsWith('google.protobuf.')) {
    const inner = compileMessage(image, field.message, made);
    return (message, path, violations) => {
      const value = message[field.localName];
      if (typeof value === 'object' && value !== null) inner(value as Record<string, unknown>, `${path}${field.name}.`, violations);
    };
  }
  if (field.scalar !== ScalarType.STRING) {
    if (rules.required || rules.pattern !== '' || rules.maxLength > 0) throw new Error(`${field.toString()}: its rules are for text`);
    return undefined;
  }
  const fits = compileText(rules);
  return (message, path, violations) => {
    const value = message[field.localName];
    const fault = Array.isArray(value) ? listFault(value as string[], rules, fits) : textFault(value, rules, fits);
    if (fault !== undefined) violations.push({ field: path + field.name, description: fault });
  };
}

/** The fault of one text as a sentence, or undefined. */
type TextFault = (value: string) => string | undefined;

function compileText(rules: FieldRules): TextFault {
  const pattern = rules.pattern === '' ? undefined : new RegExp(`^(?:${rules.pattern})$`, 'u');
  const expects = rules.expects === '' ? 'has not the expected form' : `expects ${rules.expects}`;
  return (value) => {
    if (value.includes('\0')) return 'must not hold U+0000';
    if (rules.maxLength > 0 && value.length > rules.maxLength && codePoints(value) > rules.maxLength) return expects;
    return pattern !== undefined && !pattern.test(value) ? expects : undefined;
  };
}

function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count += 1;
  return count;
}

function textFault(value: unknown, rules: FieldRules, fits: TextFault): string | undefined {
  if (value === undefined || value === '') {
    return rules.required ? `is required${rules.expects === '' ? '' : `: ${rules.expects}`}` : undefined;
  }
  return typeof value === 'string' ? fits(value) : undefined;
}

function listFault(values: readonly string[], rules: FieldRules, fits: TextFault): string | undefined {
  if (rules.required && values.length === 0) return 'must not be empty';
  if (rules.maxItems > 0 && values.length > rules.maxItems) return `has more than ${rules.maxItems} members`;
  for (const value of values) {
    const fault = fits(value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
