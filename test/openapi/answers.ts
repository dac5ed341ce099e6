import assert from 'node:assert/strict';
import { bodyFault, exampleOf } from './bodies.ts';
import { KEYTURN, resolve } from './document.ts';
import type { Document, Header, MediaType, Response } from './document.ts';
import { Operations } from './find.ts';
import { Schemas } from './schemas.ts';

/** An answer as far as the document speaks of it. */
export interface Answered {
  readonly status: number;
  readonly body: string;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** The headers of every answer: of the connection, of the body, and for safety. */
const ALWAYS = new Set([
  'cache-control', 'connection', 'content-length', 'content-security-policy', 'content-type', 'date', 'keep-alive', 'referrer-policy', 'strict-transport-security', 'transfer-encoding',
  'x-content-type-options',
]);

/** The answers that are compared from now on until it is disposed of. */
export class Seen implements Disposable {
  /** Operation id and status. */
  readonly pairs = new Set<string>();
  /** Operation id, status and reason of refusals. */
  readonly reasons = new Set<string>();

  constructor() {
    open.add(this);
  }

  add(operationId: string, status: number, reason: string | undefined): void {
    this.pairs.add(`${operationId} ${status}`);
    if (reason !== undefined) this.reasons.add(`${operationId} ${status} ${reason}`);
  }

  [Symbol.dispose](): void {
    open.delete(this);
  }
}

const open = new Set<Seen>();
/** What a listener that does not serve a call answers, as to any unknown path. */
const UNSERVED = '"reason":"ROUTE_NOT_FOUND"';
const ENVELOPES = ['RpcStatus', 'IotIdpError', 'IotdaError', 'IamError', 'AuthentiqError'];

/** Compares answers with a document. */
export class AnswerCheck {
  readonly #document: Document;
  readonly #operations: Operations;
  readonly #schemas: Schemas;
  readonly #envelopes: object;

  constructor(document: Document) {
    this.#document = document;
    this.#operations = new Operations(document);
    this.#schemas = new Schemas(document, true);
    const names = ENVELOPES.filter((name) => document.components['schemas']?.[name] !== undefined);
    this.#envelopes = { anyOf: names.map((name) => ({ $ref: `#/components/schemas/${name}` })) };
  }

  /** Fails if an answer is not as the document says. Of what asks for no operation refusals have one of the envelopes. */
  assertDocumented(method: string, target: string, answer: Answered): void {
    const placed = this.#operations.find(method, target);
    const isOtherMethod = method === 'HEAD' && (answer.status === 404 || answer.status === 405);
    if (placed === undefined || isOtherMethod || answer.body.includes(UNSERVED)) return this.#assertEnvelope(method, target, answer);
    const { operation, verb, path } = placed;
    const { status, body } = answer;
    const place = `${verb} ${path} ${status}`;
    const documented = operation.responses[status];
    assert.ok(documented !== undefined, `${place} is not documented: ${body}`);
    const response = resolve<Response>(this.#document, documented);
    assert.deepEqual(this.#headerFaults(response, answer), [], place);
    const reason = method === 'HEAD' ? undefined : this.#assertBody(place, response, answer);
    for (const seen of open) seen.add(operation.operationId, status, reason);
  }

  /** Of the pages and of other programs nothing is said. */
  #assertEnvelope(method: string, target: string, { status, body, headers }: Answered): void {
    if (status < 400 || method === 'HEAD' || !headers.has('x-request-id')) return;
    assert.equal(bodyFault(this.#schemas, 'application/json', { schema: this.#envelopes }, body), '', `${method} ${target} ${status}: ${body}`);
  }

  /** Returns the reason of a refusal. */
  #assertBody(place: string, { content = {} }: Response, { status, body, headers }: Answered): string | undefined {
    const [type = ''] = (headers.get('content-type') ?? []).map((value) => value.replace(/;.*$/, ''));
    if (Object.keys(content).length === 0) {
      assert.deepEqual([type, body], ['', ''], `${place} has no body`);
      return undefined;
    }
    const media: MediaType | undefined = content[type] ?? content['*/*'];
    assert.ok(media !== undefined, `${place}: ${type} is not documented`);
    assert.equal(bodyFault(this.#schemas, type, media, body), '', `${place}: ${body}`);
    if (status < 400) return undefined;
    const reason = exampleOf(this.#document, media, body);
    assert.ok(reason !== undefined, `${place} has no such example: ${body}`);
    return reason;
  }

  #headerFaults({ headers: documented = {} }: Response, { headers }: Answered): string[] {
    const known = new Map(Object.entries(documented).map(([name, header]) => [name.toLowerCase(), resolve<Header>(this.#document, header)]));
    const unknown = Array.from(headers.keys()).filter((name) => !ALWAYS.has(name) && !known.has(name));
    const wrong = Array.from(known).flatMap(([name, { required = false, schema }]) => {
      const [value, ...more] = headers.get(name) ?? [];
      if (value === undefined) return required ? [`${name} is missing`] : [];
      const sent = 'type' in schema && schema.type === 'integer' ? Number(value) : value;
      return more.length > 0 ? [`${name} is repeated`] : this.#schemas.faults(schema, sent) === '' ? [] : [`${name}: ${value}`];
    });
    return [...unknown.map((name) => `${name} is not documented`), ...wrong];
  }
}

const keyturn = new AnswerCheck(KEYTURN);

/** Fails if an answer of Keyturn is not as gen/openapi.json says. */
export function assertDocumented(method: string, target: string, answer: Answered): void {
  keyturn.assertDocumented(method, target, answer);
}
