import type { DescMessage } from '@bufbuild/protobuf';

/** A copy of a decoded message that is fit for the log. */
export type Redactor = (message: object) => Record<string, unknown>;

/** Makes the redactor of a message: every field marked `debug_redact` is blanked, in nested messages too. */
export function compileRedactor(desc: DescMessage): Redactor {
  return compile(desc, new Map());
}

function compile(desc: DescMessage, made: Map<DescMessage, Redactor>): Redactor {
  const known = made.get(desc);
  if (known !== undefined) return known;
  const fields: { name: string; member: string; show: (value: unknown) => unknown }[] = [];
  const redact: Redactor = (message) => {
    const shown: Record<string, unknown> = {};
    for (const { name, member, show } of fields) {
      const value = (message as Record<string, unknown>)[member];
      if (value !== undefined && value !== '') shown[name] = show(value);
    }
    return shown;
  };
  made.set(desc, redact);
  for (const field of desc.fields) {
    const inner = field.message === undefined ? undefined : compile(field.message, made);
    fields.push({
      name: field.name,
      member: field.localName,
      show: field.proto.options?.debugRedact === true ? () => '[redacted]' : (value) => showValue(value, inner),
    });
  }
  return redact;
}

function showValue(value: unknown, inner: Redactor | undefined): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => showValue(element, inner));
  if (typeof value === 'bigint') return value.toString();
  if (inner !== undefined && typeof value === 'object' && value !== null) return inner(value);
  return value;
}
