import { createHash } from 'node:crypto';
import type { Call, Head, IncomingCall, MetadataValue } from './call.ts';
import type { Endpoint } from './endpoints.ts';
import { isSendable } from './metadata.ts';
import type { Principal } from './authenticate/principal.ts';

/** A call that has passed all checks, and whose handler may begin. */
export interface Admitted {
  readonly endpoint: Endpoint;
  readonly incoming: IncomingCall;
  readonly principal: Principal;
  readonly request: object;
  /** By lower-case name, what was sent of the request metadata that the method's rules list. */
  readonly metadata: ReadonlyMap<string, readonly MetadataValue[]>;
}

/** The call as its handler sees it. `begin` settles what comes before its messages. */
export function newCall({ endpoint, incoming, principal, metadata }: Admitted): { call: Call; begin: () => Head } {
  const { rules } = endpoint.method;
  const sent = new Map<string, string>();
  let status = rules.statuses[0] ?? 200;
  let form: string | undefined;
  let hasBegun = false;
  const call: Call = {
    requestId: incoming.requestId,
    peer: incoming.peer,
    principal,
    signal: incoming.signal,
    bodyDigest: () => createHash('sha256').update(`${incoming.wire} `).update(incoming.raw.body).digest(),
    metadata,
    setMetadata(name, value) {
      if (!rules.responseHeaders.includes(name)) throw new Error(`${endpoint.path} does not list the header ${name}`);
      if (hasBegun) throw new Error(`${endpoint.path} sets the header ${name} after its answer has begun`);
      if (!isSendable(value)) throw new Error(`${endpoint.path} sets the header ${name} to what is not printable ASCII`);
      sent.set(name, value);
    },
    setStatus(chosen) {
      if (!rules.statuses.includes(chosen)) throw new Error(`${endpoint.path} does not list the status ${chosen}`);
      if (hasBegun) throw new Error(`${endpoint.path} sets its status after its answer has begun`);
      status = chosen;
    },
    setForm(name) {
      if (!rules.responseForms.some((listed) => listed.name === name)) throw new Error(`${endpoint.path} has no response form ${name}`);
      form = name;
    },
  };
  const begin = (): Head => {
    hasBegun = true;
    return { status, metadata: sent, form };
  };
  return { call, begin };
}
