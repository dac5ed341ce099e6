import type { DescMessage } from '@bufbuild/protobuf';
import { Edition } from '@bufbuild/protobuf/wkt';
import { FORBIDDEN_KEY } from './json/well_known.ts';
import { propertyOf } from './members.ts';

/** Adds the holes of a message and of every one below it, each once. */
export function checkMessages(desc: DescMessage, seen: Set<DescMessage>, holes: string[]): void {
  if (seen.has(desc)) return;
  seen.add(desc);
  const say = (hole: string): unknown => holes.push(`${desc.file.proto.name}: ${desc.toString()}: ${hole}`);
  // ts-proto reads all of them by the rules of proto3, and would lose values by those of others.
  if (desc.file.edition !== Edition.EDITION_PROTO3) say('is not proto3');
  checkNames(desc, say);
  checkProperties(desc, say);
  for (const { message } of desc.fields) if (message !== undefined) checkMessages(message, seen, holes);
}

/**
 * In JSON and in a query either name of a field counts. Where a name is the
 * proto name of one field and the JSON name of another, it would depend on the
 * reader whose it is; and one name is kept by no object.
 */
function checkNames({ fields }: DescMessage, say: (hole: string) => void): void {
  const byProtoName = new Map(fields.map((field) => [field.name, field]));
  for (const field of fields) {
    const other = byProtoName.get(field.jsonName);
    if (other !== undefined && other !== field) say(`${field.jsonName} is a field, and the JSON name of ${field.name}`);
    if (field.name === FORBIDDEN_KEY || field.jsonName === FORBIDDEN_KEY) say(`no field can be called ${FORBIDDEN_KEY}`);
  }
}

/** A field and a oneof, or two oneofs, can be one property, which would hold the last of them. */
function checkProperties({ members }: DescMessage, say: (hole: string) => void): void {
  const byProperty = new Map<string, string>();
  for (const member of members) {
    const property = propertyOf(member);
    const other = byProperty.get(property);
    if (other !== undefined) say(`${other} and ${member.name} are both ${property} in memory`);
    byProperty.set(property, member.name);
  }
}
