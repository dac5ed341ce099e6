/** A JSON object of the document. */
export type Part = Readonly<Record<string, unknown>>;

/** A part without the members that are undefined. */
export function partOf(members: Part): Part {
  return Object.fromEntries(Object.entries(members).filter(([, member]) => member !== undefined));
}

/** The part with every reference replaced. */
export function mapRefs(value: unknown, rename: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map((member) => mapRefs(member, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, name === '$ref' && typeof member === 'string' ? rename(member) : mapRefs(member, rename)]),
  );
}

/** All references in a part, in their order. */
export function refsOf(value: unknown): string[] {
  const refs: string[] = [];
  mapRefs(value, (ref) => {
    refs.push(ref);
    return ref;
  });
  return refs;
}
