import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Document } from './document.ts';

/** Formats of OpenAPI's registry that ajv-formats does not know. */
const FORMATS = ['uint64'];

/** Checks values against schemas of a document. */
export class Schemas {
  readonly #ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true, allowUnionTypes: true, ownProperties: true });
  readonly #compiled = new WeakMap<object, ValidateFunction>();
  readonly #isClosed: boolean;

  /** With `isClosed` an object has no members but those that its schema names. */
  constructor({ components }: Document, isClosed = false) {
    const schemas = isClosed ? closed(components['schemas']) : components['schemas'];
    addFormats.default(this.#ajv);
    for (const format of FORMATS) this.#ajv.addFormat(format, true);
    this.#ajv.addVocabulary(['components', 'x-debug-redact', 'x-enum-descriptions']);
    this.#ajv.addSchema({ $id: 'document', components: { schemas } });
    this.#isClosed = isClosed;
  }

  /** What is wrong with a value; empty if it fits. */
  faults(schema: object, value: unknown): string {
    let validate = this.#compiled.get(schema);
    if (validate === undefined) {
      validate = this.#ajv.compile(absolute(this.#isClosed ? closed(schema) : schema) as object);
      this.#compiled.set(schema, validate);
    }
    return validate(value) ? '' : this.#ajv.errorsText(validate.errors, { dataVar: 'value' });
  }
}

function absolute(part: unknown): unknown {
  return map(part, (object) => ('$ref' in object ? { ...object, $ref: `document${String(object['$ref'])}` } : object));
}

function closed(part: unknown): unknown {
  return map(part, (object) => ('properties' in object && object['type'] === 'object' ? { additionalProperties: false, ...object } : object));
}

function map(part: unknown, change: (object: Readonly<Record<string, unknown>>) => object): unknown {
  if (Array.isArray(part)) return part.map((member) => map(member, change));
  if (typeof part !== 'object' || part === null) return part;
  return change(Object.fromEntries(Object.entries(part).map(([name, member]) => [name, map(member, change)])));
}
