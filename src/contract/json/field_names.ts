import type { DescField, DescMessage } from '@bufbuild/protobuf';

/** Which names of a field count: that of the proto file, or its JSON name as well. */
export type Spelling = 'proto' | 'both';

const namesByMessage = new WeakMap<DescMessage, Readonly<Record<Spelling, ReadonlyMap<string, DescField>>>>();

/** The field that a name stands for; the start has seen to it that it is one only. */
export function fieldNamed(desc: DescMessage, name: string, spelling: Spelling): DescField | undefined {
  let names = namesByMessage.get(desc);
  if (names === undefined) {
    const proto = new Map(desc.fields.map((field) => [field.name, field]));
    names = { proto, both: new Map([...desc.fields.map((field) => [field.jsonName, field] as const), ...proto]) };
    namesByMessage.set(desc, names);
  }
  return names[spelling].get(name);
}
