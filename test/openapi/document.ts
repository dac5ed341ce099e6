import { readFileSync } from 'node:fs';

export interface Reference {
  readonly $ref: string;
}

export interface MediaType {
  readonly schema?: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, Example | Reference>>;
}

export interface Example {
  readonly description?: string;
  readonly value: unknown;
  readonly 'x-gateway-value'?: unknown;
}

export interface Header {
  readonly required?: boolean;
  readonly schema: object;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Header | Reference>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: object;
  readonly example?: unknown;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly required: boolean; readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

export type Components = Readonly<Record<string, Readonly<Record<string, object>>>>;

export interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly summary?: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Components;
}

/** An operation with its place. */
export interface Placed {
  /** In upper case. */
  readonly verb: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The document that is committed, and served. */
export const KEYTURN = readDocument(new URL('../../gen/openapi.json', import.meta.url));

export function readDocument(file: URL | string): Document {
  return JSON.parse(readFileSync(file, 'utf8')) as Document;
}

export function operationsOf({ paths }: Document): Placed[] {
  return Object.entries(paths).flatMap(([path, item]) => {
    const more = Object.entries((item['x-additionalOperations'] ?? {}) as Record<string, Operation>);
    const usual = Object.entries(item).filter(([name]) => !name.startsWith('x-'));
    return [...usual, ...more].map(([verb, operation]) => ({ verb: verb.toUpperCase(), path, operation }));
  });
}

/** What a reference within the document leads to; what is no reference is itself. Throws if it leads nowhere. */
export function resolve<T extends object>(document: Document, part: T | Reference): T {
  if (!('$ref' in part)) return part;
  let found: unknown = document;
  for (const step of part.$ref.replace(/^#\//, '').split('/')) found = (found as Record<string, unknown> | undefined)?.[step];
  if (found === undefined) throw new Error(`${part.$ref} leads nowhere`);
  return resolve(document, found as T);
}

/** Every object and list in a part of the document, with the way that leads there. */
export function* partsOf(part: unknown, way: readonly string[] = []): Iterable<{ way: readonly string[]; part: object }> {
  if (typeof part !== 'object' || part === null) return;
  yield { way, part };
  for (const [name, member] of Object.entries(part)) yield* partsOf(member, [...way, name]);
}
