import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { mapEntries, memberReader } from './members.ts';
import type { ReadMember } from './members.ts';

/** A copy of a decoded message that is fit for the log. */
export type Redactor = (message: object) => Record<string, unknown>;

const BLANK = '[redacted]';

/** Makes the redactor of a message: every field marked `debug_redact` is blanked, in nested messages too. */
export function compileRedactor(desc: DescMessage): Redactor {
  // ts-proto decodes several of these to plain values, in which no field can be marked: nothing of them is shown.
  if (desc.typeName.startsWith('google.protobuf.')) return () => ({});
  return compile(desc, new Map());
}

type Show = (value: unknown) => unknown;

function compile(desc: DescMessage, made: Map<DescMessage, Redactor>): Redactor {
  const known = made.get(desc);
  if (known !== undefined) return known;
  const fields: { name: string; read: ReadMember; show: Show }[] = [];
  const redact: Redactor = (message) => {
    const shown: Record<string, unknown> = {};
    for (const { name, read, show } of fields) {
      const value = read(message as Record<string, unknown>);
      if (value !== undefined && value !== '') shown[name] = show(value);
    }
    return shown;
  };
  made.set(desc, redact);
  for (const field of desc.fields) {
    const isHidden = field.proto.options?.debugRedact === true;
    fields.push({ name: field.name, read: memberReader(field), show: isHidden ? () => BLANK : compileField(field, made) });
  }
  return redact;
}

function compileField(field: DescField, made: Map<DescMessage, Redactor>): Show {
  const show = compileElement(field, made);
  if (field.fieldKind === 'list') return (value) => (Array.isArray(value) ? value.map(show) : value);
  if (field.fieldKind !== 'map') return show;
  return (value) => Object.fromEntries(mapEntries(value).map(([key, member]) => [key, show(member)]));
}

function compileElement({ message }: DescField, made: Map<DescMessage, Redactor>): Show {
  if (message !== undefined && !message.typeName.startsWith('google.protobuf.')) {
    const redact = compile(message, made);
    return (value) => redact(value as object);
  }
  return printable;
}

/** The log is JSON, which has neither 64-bit integers nor bytes. */
function printable(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map(printable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, printable(member)]));
}
