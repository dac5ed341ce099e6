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

/** The members of a map field by the text of their keys: ts-proto keeps all but string keys in a Map. */
export function mapEntries(map: unknown): [string, unknown][] {
  if (map instanceof Map) return Array.from(map as Map<unknown, unknown>, ([key, member]) => [String(key), member]);
  return typeof map === 'object' && map !== null ? Object.entries(map) : [];
}
