import assert from 'node:assert/strict';
import { KEYTURN, resolve } from './document.ts';
import type { Document, Operation, Parameter, Placed } from './document.ts';
import { Operations } from './find.ts';
import { Schemas } from './schemas.ts';

/** A request as far as the document speaks of it. */
export interface Asked {
  readonly method: string;
  /** The raw target. */
  readonly target: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** A member by its JSON name, which the document mentions without listing it. */
const BY_JSON_NAME = /"[a-z]+[A-Z]\w*"\s*:/;

/** Compares requests that have succeeded with a document. */
export class RequestCheck {
  readonly #document: Document;
  readonly #operations: Operations;
  readonly #schemas: Schemas;

  constructor(document: Document) {
    this.#document = document;
    this.#operations = new Operations(document);
    this.#schemas = new Schemas(document);
  }

  /** Fails if the document does not allow what the service has done. */
  assertAllowed(asked: Asked): void {
    const placed = this.#operations.find(asked.method, asked.target);
    if (placed === undefined) return;
    const { operation, verb, path } = placed;
    const parameters = (operation.parameters ?? []).map((parameter) => resolve<Parameter>(this.#document, parameter));
    const headers = new Map(asked.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const faults = [...this.#proofFaults(operation, headers), ...this.#queryFaults(operation, parameters, asked.target), ...this.#bodyFaults(placed, headers, asked.body)];
    assert.deepEqual(faults, [], `${verb} ${path} was done: ${asked.target} ${asked.body}`);
  }

  #proofFaults({ security }: Operation, headers: ReadonlyMap<string, string>): string[] {
    const schemes = this.#document.components['securitySchemes'] as Readonly<Record<string, { readonly type: string; readonly name?: string }>>;
    const hasHeader = (scheme: string): boolean => {
      const name = schemes[scheme]?.name?.toLowerCase() ?? 'authorization';
      // One call takes the spelling of its document, too.
      return headers.has(name) || (name === 'authorization' && headers.has('authorisation'));
    };
    return security.length === 0 || security.some((proof) => Object.keys(proof).every(hasHeader)) ? [] : ['without a proof'];
  }

  #queryFaults({ description = '' }: Operation, parameters: readonly Parameter[], target: string): string[] {
    const query = new URLSearchParams(target.split('?').slice(1).join('?'));
    const known = parameters.filter((parameter) => parameter.in === 'query');
    const missing = known.filter(({ name, required }) => required === true && !query.has(name)).map(({ name }) => `${name} is missing`);
    const wrong = [...query].flatMap(([name, text]) => {
      const parameter = known.find((each) => each.name === name);
      if (parameter !== undefined) return this.#schemas.faults(parameter.schema, valueOf(parameter, text)) === '' ? [] : [`${name} is ${text}`];
      return description.includes('of the query are ignored') || description.includes('query is ignored') || /[A-Z]/.test(name) ? [] : [`${name} is not documented`];
    });
    return [...missing, ...wrong];
  }

  #bodyFaults({ operation: { requestBody }, path }: Placed, headers: ReadonlyMap<string, string>, body: string): string[] {
    if (body === '') return requestBody?.required === true ? ['the body is missing'] : [];
    const type = headers.get('content-type')?.replace(/;.*$/s, '').trim().toLowerCase() ?? '';
    const media = requestBody?.content[type] ?? requestBody?.content['*/*'];
    if (media === undefined) return [`a body of ${type} is not documented`];
    if (headers.has('content-encoding') || BY_JSON_NAME.test(body) || media.schema === undefined) return [];
    const value: unknown = type === 'application/json' ? JSON.parse(body) : type === 'application/x-www-form-urlencoded' ? Object.fromEntries(new URLSearchParams(body)) : body;
    const fault = this.#schemas.faults(media.schema, withoutBound(value, path));
    return fault === '' ? [] : [fault];
  }
}

/** What the path gives a body may say again. */
function withoutBound(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !path.includes(`{${name}}`)));
}

function valueOf({ schema }: Parameter, text: string): unknown {
  const { type } = schema as { readonly type?: string };
  if (type === 'integer') return Number(text);
  return type === 'boolean' && /^(?:true|false)$/.test(text) ? text === 'true' : text;
}

const keyturn = new RequestCheck(KEYTURN);

/** Fails if Keyturn has done what gen/openapi.json does not allow. */
export function assertAllowed(asked: Asked): void {
  keyturn.assertAllowed(asked);
}
