import { BinaryReader } from '@bufbuild/protobuf/wire';
import { compileRedactor } from '../contract/redact.ts';
import type { Redactor } from '../contract/redact.ts';
import { compileValidator } from '../contract/validate.ts';
import type { Validator } from '../contract/validate.ts';
import { memberReader } from '../contract/members.ts';
import type { ReadMember } from '../contract/members.ts';
import type { Contract, Method } from '../contract/model.ts';
import type { Call, Handler, Stream } from './call.ts';

/** A method of a ts-proto service definition. */
interface MethodDefinition<Request, Response> {
  readonly path: string;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (message: Response) => Buffer;
}

/** The handlers of a service, one for each method of its definition. */
export type Implementation<Definition> = {
  readonly [Name in keyof Definition]: Definition[Name] extends MethodDefinition<infer Request, infer Response>
    ? (request: Request, call: Call) => Definition[Name] extends { readonly responseStream: true } ? Stream<Response> : Promise<Response>
    : never;
};

/** A handler with the codecs of its messages. */
export interface Binding {
  readonly path: string;
  readonly decode: (bytes: Uint8Array) => object;
  readonly encode: (message: object) => Uint8Array;
  readonly handle: Handler;
}

/** A method of the contract with all that a call of it needs. */
export interface Endpoint extends Binding {
  readonly method: Method;
  readonly validate: Validator;
  readonly redact: Redactor;
  /** Reads the method's project_field; undefined if it has none. */
  readonly project: ReadMember | undefined;
}

/** Joins the definition of a service, as ts-proto generates it, with its handlers. */
export function bind<Definition extends object>(
  definition: Definition,
  implementation: Implementation<Definition>,
): Binding[] {
  return Object.entries(definition).map(([name, method]: [string, MethodDefinition<object, object>]) => ({
    path: method.path,
    decode: (bytes) => method.requestDeserialize(strictReader(bytes)),
    encode: (message) => method.responseSerialize(message),
    handle: (implementation as Record<string, Handler>)[name] ?? missing(method.path),
  }));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** By itself the reader lets bytes pass that are not UTF-8, which REST refuses. */
function strictReader(bytes: Uint8Array): Buffer {
  const reader: unknown = new BinaryReader(bytes, (text) => utf8.decode(text));
  // Declared for a Buffer, requestDeserialize only hands it on to the message's decode, which takes a reader.
  return reader as Buffer;
}

function missing(path: string): never {
  throw new Error(`${path} has no handler`);
}

/**
 * Gives every method of the contract its handler. Throws if a method has none
 * or two, or if a handler belongs to no method.
 */
export function joinEndpoints(contract: Contract, bindings: readonly Binding[]): Endpoint[] {
  const byPath = new Map<string, Binding>();
  for (const binding of bindings) {
    if (byPath.has(binding.path)) throw new Error(`${binding.path} has two handlers`);
    byPath.set(binding.path, binding);
  }
  const endpoints: Endpoint[] = [];
  for (const method of contract.services.flatMap((service) => service.methods)) {
    const binding = byPath.get(method.path) ?? missing(method.path);
    byPath.delete(method.path);
    endpoints.push({
      ...binding,
      method,
      validate: compileValidator(contract.image, method.desc.input),
      redact: compileRedactor(method.desc.input),
      project: projectOf(method),
    });
  }
  for (const path of byPath.keys()) throw new Error(`${path} has a handler but is not in the contract`);
  return endpoints;
}

function projectOf({ desc, rules }: Method): ReadMember | undefined {
  const field = desc.input.fields.find(({ name }) => name === rules.projectField);
  return field && memberReader(field);
}
