import type { DescMessage } from '@bufbuild/protobuf';
import { FORBIDDEN_KEY } from './json/well_known.ts';
import { propertyOf } from './members.ts';

/**
 * In JSON and in a query either name of a field counts. Adds a hole for every
 * message below this one where a name is the proto name of one field and the
 * JSON name of another, for it would depend on the reader whose it is; where a
 * field has a name that no object keeps; and where a field and a oneof, or two
 * of them, are one property in memory.
 */
export function checkNames(desc: DescMessage, seen: Set<DescMessage>, holes: string[]): void {
  if (seen.has(desc)) return;
  seen.add(desc);
  const say = (hole: string): unknown => holes.push(`${desc.file.proto.name}: ${desc.toString()}: ${hole}`);
  const byProtoName = new Map(desc.fields.map((field) => [field.name, field]));
  for (const field of desc.fields) {
    const other = byProtoName.get(field.jsonName);
    if (other !== undefined && other !== field) say(`${field.jsonName} is a field, and the JSON name of ${field.name}`);
    if (field.name === FORBIDDEN_KEY || field.jsonName === FORBIDDEN_KEY) say(`no field can be called ${FORBIDDEN_KEY}`);
    if (field.message !== undefined) checkNames(field.message, seen, holes);
  }
  const byProperty = new Map<string, string>();
  for (const member of desc.members) {
    const property = propertyOf(member);
    const other = byProperty.get(property);
    if (other !== undefined) say(`${other} and ${member.name} are both ${property} in memory`);
    byProperty.set(property, member.name);
  }
}
