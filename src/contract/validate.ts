import { ScalarType } from '@bufbuild/protobuf';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { Violation } from './fault.ts';
import { compileFieldRules } from './field_rules.ts';
import type { CompiledRules } from './field_rules.ts';
import type { Image } from './image.ts';
import { mapEntries, memberReader } from './members.ts';

/** Lists what a decoded message violates; empty if nothing. */
export type Validator = (message: object) => Violation[];

type Check = (value: unknown, path: string, violations: Violation[]) => void;

/**
 * Makes the validator of a message from its fields' rules
 * (keyturn.options.v1.field), nested messages, lists, maps and oneofs included.
 * Over both wires a message passes it before its handler. Throws if a rule
 * does not fit its field.
 */
export function compileValidator(image: Image, desc: DescMessage): Validator {
  const check = isWellKnown(desc) ? checkPlain : compileMessage(image, desc, new Map());
  return (message) => {
    const violations: Violation[] = [];
    check(message, '', violations);
    return violations;
  };
}

function compileMessage(image: Image, desc: DescMessage, made: Map<DescMessage, Check>): Check {
  const known = made.get(desc);
  if (known !== undefined) return known;
  const fields: { read: (message: Record<string, unknown>) => unknown; name: string; check: Check }[] = [];
  const all: Check = (message, path, violations) => {
    const prefix = path === '' ? '' : `${path}.`;
    for (const { read, name, check } of fields) check(read(message as Record<string, unknown>), prefix + name, violations);
  };
  made.set(desc, all);
  for (const field of desc.fields) {
    const check = compileField(image, field, made);
    if (mayViolate(field)) fields.push({ read: memberReader(field), name: field.name, check });
  }
  return all;
}

/** A single number, bool, enum value or piece of bytes has no rule but its type. */
function mayViolate({ fieldKind, scalar }: DescField): boolean {
  return fieldKind !== 'enum' && (fieldKind !== 'scalar' || scalar === ScalarType.STRING);
}

function compileField(image: Image, field: DescField, made: Map<DescMessage, Check>): Check {
  const rules = compileFieldRules(image, field);
  const element = compileElement(image, field, rules, made);
  if (field.fieldKind === 'list') return compileList(rules, element);
  if (field.fieldKind === 'map') return compileMap(rules, element);
  return (value, path, violations) => {
    if (value === undefined || value === '') {
      if (rules.required) violations.push({ field: path, description: rules.missing });
    } else {
      element(value, path, violations);
    }
  };
}

/** ts-proto decodes several of these to plain values, also where they are the whole message. */
function isWellKnown({ typeName }: DescMessage): boolean {
  return typeName.startsWith('google.protobuf.');
}

function checkPlain(value: unknown, path: string, violations: Violation[]): void {
  const fault = plainFault(value);
  if (fault !== undefined) violations.push({ field: path, description: fault });
}

/** Checks one value of a field, a list or a map. */
function compileElement(image: Image, field: DescField, rules: CompiledRules, made: Map<DescMessage, Check>): Check {
  if (field.message !== undefined && !isWellKnown(field.message)) return compileMessage(image, field.message, made);
  return (value, path, violations) => {
    const fault = typeof value === 'string' ? rules.text(value) : plainFault(value);
    if (fault !== undefined) violations.push({ field: path, description: fault });
  };
}

function compileList(rules: CompiledRules, element: Check): Check {
  return (value, path, violations) => {
    const members = Array.isArray(value) ? value : [];
    if (!checkCount(members.length, rules, path, violations)) return;
    for (const [index, member] of members.entries()) element(member, `${path}[${index}]`, violations);
  };
}

function compileMap(rules: CompiledRules, element: Check): Check {
  return (value, path, violations) => {
    const entries = mapEntries(value);
    if (!checkCount(entries.length, rules, path, violations)) return;
    if (!(value instanceof Map) && !isPlain(value)) violations.push({ field: path, description: FORBIDDEN });
    for (const [key, member] of entries) {
      if (key.includes('\0')) violations.push({ field: path, description: 'must not hold U+0000' });
      else element(member, `${path}.${key}`, violations);
    }
  };
}

function checkCount(count: number, { required, missing, maxItems }: CompiledRules, path: string, violations: Violation[]): boolean {
  const tooMany = maxItems > 0 && count > maxItems;
  if (tooMany) violations.push({ field: path, description: `has more than ${maxItems} members` });
  if (required && count === 0) violations.push({ field: path, description: missing });
  return !tooMany;
}

const FORBIDDEN = 'must not have the key __proto__';

/** What is wrong with a well-known type such as Struct, by now a plain value; its depth was bounded when it was read. */
function plainFault(value: unknown): string | undefined {
  if (typeof value === 'string') return value.includes('\0') ? 'must not hold U+0000' : undefined;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return undefined;
  if (!Array.isArray(value) && !isPlain(value)) return FORBIDDEN;
  for (const [key, member] of Object.entries(value)) {
    const fault = plainFault(key) ?? plainFault(member);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** ts-proto assigns the members of maps, and with the key `__proto__` what they inherit. */
function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null || Object.getPrototypeOf(value) === Object.prototype;
}
