import { Fault } from '../../gen/keyturn/options/v1/options.ts';
import type { Caller } from '../../gen/keyturn/options/v1/options.ts';
import { FaultError } from '../contract/fault.ts';
import type { Contract, Service } from '../contract/model.ts';
import { newCall } from './admitted.ts';
import type { Admitted } from './admitted.ts';
import type { Authenticator } from './authenticate/authenticator.ts';
import type { Answer, IncomingCall, Outcome, Refusal, Sink, StreamOutcome, Success } from './call.ts';
import type { Endpoint } from './endpoints.ts';
import { readMetadata } from './metadata.ts';
import type { Observer } from './observer.ts';
import type { Principal } from './authenticate/principal.ts';
import { pour, streamOf } from './pour.ts';
import { isFailure, limited, refuse } from './refusal.ts';
import type { Arrival, Pass, Turnstile } from './turnstile.ts';

/** How each kind of caller proves who it is. */
export type Authenticators = ReadonlyMap<Caller, Authenticator>;

export interface PipelineParts {
  readonly contract: Contract;
  readonly endpoints: readonly Endpoint[];
  readonly authenticators: Authenticators;
  readonly turnstile: Turnstile;
  readonly observer: Observer;
}

/** A request that leads to no method. */
export interface Unrouted extends Arrival {
  readonly requestId: string;
}

/** How far a call has come. */
interface Progress {
  /** Its place, once it was let in and until it has given it up. */
  pass?: Pass | undefined;
  principal?: Principal;
}

/**
 * The chain that every call passes, whichever wire it came over: log, limit,
 * authenticate, authorize, decode, validate, handle. Who is asking is settled on
 * headers before the body is decoded, because the contracts fix that order.
 */
export class Pipeline {
  readonly #contract: Contract;
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #authenticators: Authenticators;
  readonly #turnstile: Turnstile;
  readonly #observer: Observer;
  #streams = 0;

  /** Throws if a method's caller has no authenticator. */
  constructor({ contract, endpoints, authenticators, turnstile, observer }: PipelineParts) {
    this.#contract = contract;
    this.#endpoints = new Map(endpoints.map((endpoint) => [endpoint.path, endpoint]));
    this.#authenticators = authenticators;
    this.#turnstile = turnstile;
    this.#observer = observer;
    for (const { path, method } of endpoints) {
      if (!authenticators.has(method.rules.caller)) throw new Error(`${path}: nothing authenticates its caller`);
    }
  }

  /** Streams that have begun and have not ended. */
  get streams(): number {
    return this.#streams;
  }

  /** Runs a call to its end. Never throws. */
  run(incoming: IncomingCall): Promise<Outcome> {
    return this.#run(incoming, (admitted) => this.#handle(admitted));
  }

  /** Runs a call whose answers are a stream to the end of that. Never throws. */
  stream(incoming: IncomingCall, sink: Sink): Promise<StreamOutcome> {
    return this.#run(incoming, (admitted, progress) => this.#pour(admitted, sink, progress));
  }

  async #run<S extends Success>(incoming: IncomingCall, handle: (admitted: Admitted, progress: Progress) => Promise<S>): Promise<S | Refusal> {
    const { method } = incoming;
    const ended = this.#observer.begin(incoming);
    const progress: Progress = {};
    let outcome: S | Refusal;
    let fault: unknown;
    try {
      outcome = await handle(await this.#pass(incoming, progress), progress);
      progress.pass?.succeed();
    } catch (error) {
      fault = error;
      outcome = this.#charge(progress, method.service, refuse(this.#contract, method.service, method.reasons, error));
    }
    tell(() => ended(outcome, fault));
    return outcome;
  }

  /** Refuses a request for which there is no method, under the same limits as any other. Never throws. */
  async refuseUnrouted(request: Unrouted, service: Service, fault: Fault): Promise<Refusal> {
    const progress: Progress = {};
    let error: unknown = new FaultError(fault, 'no route');
    try {
      await this.#enter(request, progress);
    } catch (refused) {
      error = refused;
    }
    const refusal = this.#charge(progress, service, refuse(this.#contract, service, new Set(), error));
    tell(() => this.#observer.unrouted(request, refusal));
    return refusal;
  }

  /** Undefined for a call that is let in at once. */
  #enter(arrival: Arrival, progress: Progress): Promise<void> | undefined {
    const pass = this.#turnstile.enter(arrival);
    if (pass instanceof Promise) return pass.then((own) => void (progress.pass = own));
    progress.pass = pass;
    return undefined;
  }

  /** Counts a refusal for its peer, unless the caller was the operator, whose calls have a limit of their own, or asks for others. */
  #charge({ pass, principal }: Progress, service: Service, refusal: Refusal): Refusal {
    if (pass === undefined) return refusal;
    if (isFailure(refusal) && principal?.kind !== 'operator' && principal?.asksForOthers !== true) return limited(service, refusal, pass.fail());
    pass.leave();
    return refusal;
  }

  async #pass(incoming: IncomingCall, progress: Progress): Promise<Admitted> {
    const endpoint = this.#endpointOf(incoming);
    const authenticator = this.#authenticatorOf(endpoint);
    const turn = this.#enter(incoming, progress);
    if (turn !== undefined) await turn;
    limitSize(incoming);
    const principal = await authenticator.authenticate(incoming);
    progress.principal = principal;
    authenticator.authorize(principal, incoming);
    authenticator.limit(principal);
    if (incoming.unpack !== undefined) await incoming.unpack().catch((error: unknown) => conceal(principal, error));
    const { request, metadata } = content(principal, () => {
      const message = incoming.decode();
      validate(endpoint, message);
      return { request: message, metadata: readMetadata(incoming.metadata, endpoint.method.rules.requestHeaders) };
    });
    incoming.signal.throwIfAborted();
    this.#observer.request(incoming, endpoint, request);
    return { endpoint, incoming, principal, request, metadata };
  }

  async #handle(admitted: Admitted): Promise<Answer> {
    const { call, begin } = newCall(admitted);
    const message = await admitted.endpoint.handle(admitted.request as never, call);
    const answer: Answer = { ok: true, message, ...begin() };
    admitted.incoming.encode?.(answer);
    return answer;
  }

  /** The handler of a stream may go on for hours: once it has begun, the call has succeeded as far as its place is concerned. */
  async #pour(admitted: Admitted, sink: Sink, progress: Progress): Promise<Success> {
    const { endpoint, incoming, request } = admitted;
    const { call, begin } = newCall(admitted);
    if (sink.isHeadOnly) {
      sink.begin(begin());
      return { ok: true };
    }
    const messages = streamOf(endpoint.path, await endpoint.handle(request as never, call));
    let open = 0;
    try {
      await pour({
        messages,
        signal: incoming.signal,
        begin: () => {
          sink.begin(begin());
          progress.pass?.succeed();
          progress.pass = undefined;
          open = 1;
          this.#streams += open;
        },
        send: (message) => sink.send(message),
      });
    } finally {
      this.#streams -= open;
    }
    return { ok: true };
  }

  #endpointOf(incoming: IncomingCall): Endpoint {
    const endpoint = this.#endpoints.get(incoming.method.path);
    if (endpoint === undefined) throw new Error(`${incoming.method.path} is not an endpoint`);
    return endpoint;
  }

  #authenticatorOf(endpoint: Endpoint): Authenticator {
    const authenticator = this.#authenticators.get(endpoint.method.rules.caller);
    if (authenticator === undefined) throw new Error(`${endpoint.path}: nothing authenticates its caller`);
    return authenticator;
  }
}

/** A call that cannot be logged or counted is answered all the same. */
function tell(say: () => void): void {
  try {
    say();
  } catch {
    // There is nobody left who could be told.
  }
}

function limitSize({ bodyBytes, method }: IncomingCall): void {
  const most = method.rules.maxBodyBytes;
  if (bodyBytes > most) throw new FaultError(Fault.FAULT_BODY_TOO_LARGE, `the body has more than ${most} bytes`);
}

function validate(endpoint: Endpoint, message: object): void {
  const violations = endpoint.validate(message);
  if (violations.length === 0) return;
  throw new FaultError(Fault.FAULT_CONTENT_INVALID, 'the request has fields that do not fit', violations);
}

function content<T>(principal: Principal, read: () => T): T {
  try {
    return read();
  } catch (error) {
    return conceal(principal, error);
  }
}

/** Some principals must not learn what is wrong with their content. */
function conceal({ contentFault }: Principal, error: unknown): never {
  if (contentFault === undefined) throw error;
  throw new FaultError(contentFault, 'the content does not fit, and this caller may not learn why', [], { cause: error });
}
