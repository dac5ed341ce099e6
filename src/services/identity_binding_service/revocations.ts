import type { KeyRevokeNosecretRequest, KeyRevokeNosecretResponse } from '../../../gen/keyturn/v1/identity_binding_service.ts';
import type { Call } from '../../call/call.ts';
import type { BothAddresses, NewCode, RevocableKey, RevocationStore } from '../../db/identity_revocation.ts';
import type { Origin } from '../../db/origin.ts';
import { SENDING_WINDOW } from '../../db/sending_budget.ts';
import { Unavailable } from '../../unavailable.ts';
import { originOf } from '../origin.ts';
import { normalise } from '../addresses/address.ts';
import type { Address, AddressKind } from '../addresses/address.ts';
import { CODE_LIFE, isCode, isOpen, latestStart, newCode } from './codes.ts';
import type { IdentityParts } from './parts.ts';
import { authError, badRequest, confirmFirst, rateLimit, unknownKey } from './refusals.ts';
import type { SendingBudgets } from './sending_budget.ts';

/** What a revocation by code stands on. */
export interface RevocationParts extends IdentityParts {
  readonly codes: RevocationStore;
  readonly budgets: SendingBudgets;
}

/** The address and the number that name a key. */
interface Named {
  readonly email: Address;
  readonly phone: Address;
}

/** How often a code may be asked for or spent by others while this call is checked. */
const MOST_ATTEMPTS = 5;

/** KeyRevokeNosecret: contracts/authentiq.md 7.2. */
export class Revocations {
  readonly #parts: RevocationParts;

  constructor(parts: RevocationParts) {
    this.#parts = parts;
  }

  async revoke(request: KeyRevokeNosecretRequest, call: Call): Promise<KeyRevokeNosecretResponse> {
    const { codes, hash, clock } = this.#parts;
    const named = { email: addressIn(request, 'email'), phone: addressIn(request, 'phone') };
    const macs = { email: hash.ofAddress(named.email), phone: hash.ofAddress(named.phone) };
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const origin = originOf(call, clock, 'identity');
      const key = await codes.read(macs, origin.at);
      if (key === undefined) throw unknownKey();
      if (request.code !== undefined) {
        await this.#spend(key, macs, request.code, origin);
        return { status: 'done' };
      }
      if (key.code !== undefined && isOpen(key.code, origin.at)) throw confirmFirst();
      if (key.fullSince !== null) throw rateLimit(key.fullSince.getTime() + SENDING_WINDOW - origin.at.getTime());
      if (await this.#request(this.#newCode(key.pk, named, macs, origin.at), named, origin)) return { status: 'pending' };
    }
    throw new Unavailable('the code of a revocation comes and goes');
  }

  /** Revokes the key. Throws AUTHENTIQ_AUTH_ERROR, and counts a wrong code. */
  async #spend({ pk, code }: RevocableKey, macs: BothAddresses, text: string, origin: Origin): Promise<void> {
    const { codes, hash } = this.#parts;
    if (code === undefined || !isOpen(code, origin.at)) throw authError('no code is open');
    if (!isCode(hash, 'revocation', subjectOf(pk, macs), text, code)) {
      await codes.countWrong(pk, code, origin);
      throw authError('the code is wrong');
    }
    if (!(await codes.revoke(pk, code, origin))) throw authError('the code does not count any more');
  }

  /** False if the key or its code has changed since. Throws AUTHENTIQ_RATE_LIMIT; a code that is not made has cost nothing. */
  async #request(code: NewCode, { email, phone }: Named, origin: Origin): Promise<boolean> {
    const { codes, budgets, wake } = this.#parts;
    const giveBack = budgets.take([email, phone], origin.peer, origin.at);
    let isMade = false;
    try {
      isMade = await codes.request(code, origin);
    } finally {
      if (!isMade) giveBack();
    }
    if (isMade) wake();
    return isMade;
  }

  #newCode(pk: string, { email, phone }: Named, macs: BothAddresses, now: Date): NewCode {
    const { hash, outgoing } = this.#parts;
    const code = newCode();
    const codeExpiresAt = new Date(now.getTime() + CODE_LIFE);
    const messages = [email, phone].map((address) => outgoing.code(address, code, 'revoke your key', { pk, jobId: undefined }, now, codeExpiresAt));
    return { pk, ...macs, codeMac: hash.ofCode('revocation', subjectOf(pk, macs), code), codeExpiresAt, latestStart: latestStart(now), messages };
  }
}

/** What a code is for: once the key holds another address, a code that was sent to the former one shows nothing. */
function subjectOf(pk: string, { email, phone }: BothAddresses): string {
  return [pk, email.toString('base64url'), phone.toString('base64url')].join(':');
}

function addressIn(request: KeyRevokeNosecretRequest, kind: AddressKind): Address {
  const address = normalise(kind, request[kind]);
  if (address === undefined) throw badRequest(kind, 'is not in its form');
  return address;
}
