import type { DescMessage } from '@bufbuild/protobuf';

/**
 * In JSON and in a query either name of a field counts. Adds a hole for every
 * message below this one where a name is the proto name of one field and the
 * JSON name of another, for it would depend on the reader whose it is.
 */
export function checkNames(desc: DescMessage, seen: Set<DescMessage>, holes: string[]): void {
  if (seen.has(desc)) return;
  seen.add(desc);
  const byProtoName = new Map(desc.fields.map((field) => [field.name, field]));
  for (const field of desc.fields) {
    const other = byProtoName.get(field.jsonName);
    if (other !== undefined && other !== field) holes.push(`${desc.toString()}: ${field.jsonName} is a field, and the JSON name of ${field.name}`);
    if (field.message !== undefined) checkNames(field.message, seen, holes);
  }
}
