import type { DescField, DescOneof } from '@bufbuild/protobuf';

/** Reads one field of a message as ts-proto has decoded it; undefined where it is not set. */
export type ReadMember = (message: Record<string, unknown>) => unknown;

/** ts-proto keeps the members of a oneof as one `{ $case, value }` under the oneof's name. */
export function memberReader(field: DescField): ReadMember {
  const { oneof } = field;
  const name = propertyOf(field);
  if (oneof === undefined) return (message) => message[name];
  const ofOneof = propertyOf(oneof);
  return (message) => {
    const choice = message[ofOneof] as { $case: string; value: unknown } | undefined;
    return choice?.$case === name ? choice.value : undefined;
  };
}

/** The property that ts-proto has for a field or a oneof. protobuf-es alone calls `value_of` and the like `valueOf$`. */
export function propertyOf({ localName }: DescField | DescOneof): string {
  return localName.replace(/\$$/, '');
}

/** The members of a map field by the text of their keys: ts-proto keeps all but string keys in a Map. */
export function mapEntries(map: unknown): [string, unknown][] {
  if (map instanceof Map) return Array.from(map as Map<unknown, unknown>, ([key, member]) => [String(key), member]);
  return typeof map === 'object' && map !== null ? Object.entries(map) : [];
}
