import type { DescField } from '@bufbuild/protobuf';

/** Reads one field of a message as ts-proto has decoded it; undefined where it is not set. */
export type ReadMember = (message: Record<string, unknown>) => unknown;

/** ts-proto keeps the members of a oneof as one `{ $case, value }` under the oneof's name. */
export function memberReader(field: DescField): ReadMember {
  const { oneof, localName } = field;
  if (oneof === undefined) return (message) => message[localName];
  return (message) => {
    const choice = message[oneof.localName] as { $case: string; value: unknown } | undefined;
    return choice?.$case === localName ? choice.value : undefined;
  };
}
