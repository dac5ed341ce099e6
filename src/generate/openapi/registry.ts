import { mapRefs, refsOf } from './part.ts';
import type { Part } from './part.ts';

const PREFIX = '#/components/schemas/';

/** One form of a message: as a request, as an answer with nulls, and so on. */
export interface Variant {
  /** The message's name in the document, where it has one form only. */
  readonly name: string;
  /** Tells the forms of one message apart. */
  readonly form: string;
  /** What is put behind the name of a form that is not the message's first. */
  readonly suffix: string;
}

interface Entry extends Variant {
  schema: Part;
}

/**
 * The schemas of messages. Each message has one for each form in which it is
 * used; forms that turn out to be the same are one in the document.
 */
export class SchemaRegistry {
  readonly #entries = new Map<string, Entry>();

  /** A reference to the schema of a message in a form, which is made the first time it is asked for. It may refer to itself. */
  refer(variant: Variant, make: () => Part): Part {
    const key = `${variant.name} ${variant.form}`;
    if (!this.#entries.has(key)) {
      const entry: Entry = { ...variant, schema: {} };
      this.#entries.set(key, entry);
      entry.schema = make();
    }
    return { $ref: PREFIX + key };
  }

  /** The document with names for its references, and the schemas that it refers to by them. */
  finish(document: Part): { document: Part; schemas: Record<string, unknown> } {
    const names = this.#names();
    const rename = (ref: string): string => (ref.startsWith(PREFIX) ? PREFIX + (names.get(ref.slice(PREFIX.length)) ?? ref.slice(PREFIX.length)) : ref);
    const schemas: Record<string, unknown> = {};
    for (const [key, { schema }] of this.#entries) schemas[names.get(key) ?? key] ??= mapRefs(schema, rename);
    return { document: mapRefs(document, rename) as Part, schemas };
  }

  #names(): Map<string, string> {
    const classes = this.#classes();
    const names = new Map<string, string>();
    const taken = new Map<string, string>();
    for (const [key, entry] of this.#entries) {
      const own = classes.get(key) ?? key;
      const candidates = [entry.name, `${entry.name}${entry.suffix}`, ...Array.from({ length: this.#entries.size }, (_, index) => `${entry.name}${entry.suffix}${index + 2}`)];
      const name = candidates.find((candidate) => [undefined, own].includes(taken.get(candidate))) ?? key;
      taken.set(name, own);
      names.set(key, name);
    }
    return names;
  }

  /** The class of each form: two of one message are in one if they look alike, and what they refer to does too. */
  #classes(): Map<string, string> {
    let classes = new Map(Array.from(this.#entries, ([key, { name }]) => [key, name]));
    for (;;) {
      const next = new Map<string, string>();
      const known = new Map<string, string>();
      for (const [key, { name, schema }] of this.#entries) {
        const looks = JSON.stringify([name, mapRefs(schema, (ref) => classes.get(ref.slice(PREFIX.length)) ?? ref)]);
        if (!known.has(looks)) known.set(looks, key);
        next.set(key, known.get(looks) ?? key);
      }
      if (new Set(next.values()).size === new Set(classes.values()).size) return next;
      classes = next;
    }
  }
}

/** The components that a document refers to, directly or by others of them. */
export function reachable(document: Part, components: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Part {
  const wanted = new Set<string>();
  const waiting = refsOf(document);
  for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
    if (wanted.has(ref)) continue;
    wanted.add(ref);
    const [, , section = '', name = ''] = ref.split('/');
    waiting.push(...refsOf(components[section]?.[name]));
  }
  const kept = Object.entries(components).map(([section, parts]) => {
    const used = Object.entries(parts).filter(([name]) => wanted.has(`#/components/${section}/${name}`));
    return [section, Object.fromEntries(used.toSorted(([a], [b]) => (a < b ? -1 : 1)))] as const;
  });
  return Object.fromEntries(kept.filter(([, parts]) => Object.keys(parts).length > 0));
}
