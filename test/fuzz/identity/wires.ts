import { IdentityBindingServiceService as Service } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Answer } from '../../wire/answer.ts';
import { GrpcClient } from '../../wire/grpc.ts';
import { RestClient } from '../../wire/rest.ts';
import { Random } from '../random.ts';
import { drawCall, requestOf } from './calls.ts';
import type { IdentityCall } from './calls.ts';
import type { IdentityMaterial } from './material.ts';
import { checkIdentityRefusal, reasonOf } from './refusals.ts';

/** INTERNAL and UNKNOWN, which no request may come to, and UNAVAILABLE. */
const FAULTS = new Set([2, 13, 14]);
/** Budgets know when, not what. */
const BY_TIME = 'AUTHENTIQ_RATE_LIMIT';
/** How often two wires may differ because others have changed what is asked about. */
const MOST_ATTEMPTS = 4;

/** What a call came to over one wire: a reason, or `success`. */
type Outcome = string;

/** Makes the same hostile call over both wires, which must agree. */
export class BothWires implements Disposable {
  readonly #rest: RestClient;
  readonly #grpc: GrpcClient;
  readonly #material: IdentityMaterial;

  constructor(ports: { readonly rest: number; readonly grpc: number }, material: IdentityMaterial) {
    this.#rest = new RestClient(`http://127.0.0.1:${ports.rest}`);
    this.#grpc = new GrpcClient(`127.0.0.1:${ports.grpc}`);
    this.#material = material;
  }

  /** The case of a seed. Returns whether it was refused over both wires; throws an Error that says what is wrong. */
  async try(seed: number): Promise<boolean> {
    const call = drawCall(new Random(seed), this.#material);
    for (let attempt = 1; ; attempt += 1) {
      const rest = await this.#overRest(call);
      const grpc = await this.#overGrpc(call);
      const isRefused = rest !== 'success' && grpc !== 'success';
      if (!isRefused || rest === grpc || rest === BY_TIME || grpc === BY_TIME || isOfHttp(call, rest)) return isRefused;
      if (attempt === MOST_ATTEMPTS) throw new Error(`${rest} over REST is ${grpc} over gRPC: ${describe(call)}`);
    }
  }

  async #overRest(call: IdentityCall): Promise<Outcome> {
    const { method, target, type, body } = requestOf(call);
    const { status, body: answer } = await this.#rest.send({ method, target, body, headers: type === undefined ? [] : [['Content-Type', type]] });
    if (status < 400) return 'success';
    if (status >= 500) throw new Error(`status ${status}: ${describe(call)}`);
    checkIdentityRefusal(status, answer);
    return reasonOf(status, answer) ?? String(status);
  }

  async #overGrpc(call: IdentityCall): Promise<Outcome> {
    const { status, reason, body }: Answer = await this.#grpc.call(Service[call.method] as never, messageOf(call));
    if (status === 0) return 'success';
    if (FAULTS.has(status) || reason === undefined) throw new Error(`code ${status} over gRPC (${body}): ${describe(call)}`);
    return reason;
  }

  [Symbol.dispose](): void {
    this.#rest[Symbol.dispose]();
    this.#grpc[Symbol.dispose]();
  }
}

const TEXTS = ['pk', 'job', 'jwt', 'secret', 'email', 'phone', 'callback'];

/** A field without presence is empty where a request leaves it out. */
function messageOf({ request }: IdentityCall): object {
  const given = Object.entries(request).map(([name, value]) => [name, typeof value === 'string' ? value.toWellFormed() : value]);
  return { ...Object.fromEntries(TEXTS.map((name) => [name, ''])), ...Object.fromEntries(given) };
}

/** Whether HTTP refuses what a message may say: NUL in a target, no segment at all, a target that is too long, a JWT under the label of a code. */
function isOfHttp({ request }: IdentityCall, rest: Outcome): boolean {
  const inTarget = Object.entries(request).filter(([name]) => name !== 'jwt').map(([, value]) => String(value));
  return rest === 'AUTHENTIQ_NOT_FOUND' || inTarget.some((value) => value.includes('\0') || value.length > 1_000);
}

function describe({ method, request }: IdentityCall): string {
  return `${method} ${JSON.stringify(request)}`;
}
