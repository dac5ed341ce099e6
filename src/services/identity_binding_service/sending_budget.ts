import { Allowance } from '../../call/allowance.ts';
import { KeyedAllowance } from '../../call/keyed_allowance.ts';
import { networkOf } from '../../network.ts';
import type { AuthentiqSettings } from '../../settings.ts';
import { prefixOf } from '../addresses/address.ts';
import type { Address } from '../addresses/address.ts';
import { rateLimit } from './refusals.ts';

/** Gives back what was taken for messages that have not come to be. */
export type GiveBack = () => void;

/** Takes an event from a budget: 0, or how long until there is one, milliseconds. */
interface Budget {
  take(now: number): number;
  giveBack(now: number): void;
}

/**
 * How many messages a node lets callers cause in a minute: in all, for one peer, and to one e-mail domain or number prefix.
 * How many go to one address is the database's to count, for all nodes.
 */
export class SendingBudgets {
  readonly #all: Allowance;
  readonly #peers: KeyedAllowance;
  readonly #prefixes: KeyedAllowance;

  constructor({ jobsPerMinute, jobsPerPeerPerMinute, jobsPerPrefixPerMinute }: AuthentiqSettings) {
    this.#all = new Allowance(jobsPerMinute);
    this.#peers = new KeyedAllowance(jobsPerPeerPerMinute);
    this.#prefixes = new KeyedAllowance(jobsPerPrefixPerMinute);
  }

  /** Takes a message to each address from all budgets, or nothing from any: then throws AUTHENTIQ_RATE_LIMIT. */
  take(addresses: readonly Address[], peer: string, now: Date): GiveBack {
    const at = now.getTime();
    const taken: Budget[] = [];
    const giveBack = (): void => taken.forEach((budget) => budget.giveBack(at));
    // The prefixes last: what is refused for another cause does not add to those that are remembered.
    const budgets = [...addresses.map(() => this.#whole()), ...addresses.map(() => keyed(this.#peers, networkOf(peer)))];
    for (const budget of [...budgets, ...addresses.map((address) => keyed(this.#prefixes, `${address.kind}:${prefixOf(address)}`))]) {
      const wait = budget.take(at);
      if (wait > 0) {
        giveBack();
        throw rateLimit(wait);
      }
      taken.push(budget);
    }
    return giveBack;
  }

  #whole(): Budget {
    return {
      take: (now) => {
        const wait = this.#all.wait(now);
        if (wait === 0) this.#all.take(now);
        return wait;
      },
      giveBack: () => this.#all.giveBack(),
    };
  }
}

function keyed(allowance: KeyedAllowance, key: string): Budget {
  return { take: (now) => allowance.take(key, now), giveBack: (now) => allowance.giveBack(key, now) };
}
