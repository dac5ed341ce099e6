import { BlockList, SocketAddress, isIP, isIPv4 } from 'node:net';

/** Finds out who is at the other end of a call. */
export class Peers {
  readonly #proxies: BlockList;

  /** `proxies`: the networks whose word on the caller's address counts. */
  constructor(proxies: BlockList = new BlockList()) {
    this.#proxies = proxies;
  }

  /**
   * The caller's address: that of the connection or, if a trusted proxy is at
   * its other end, the last one in X-Forwarded-For that is not a trusted
   * proxy's. What is before that could be anyone's invention, and so could
   * everything if an entry on the way is no address.
   */
  addressOf(connected: string, forwardedFor: readonly string[]): string {
    let address = plainAddress(connected);
    if (forwardedFor.length === 0) return address;
    const hops = forwardedFor.join(',').split(',');
    while (hops.length > 0 && this.#isProxy(address)) {
      const hop = plainAddress((hops.pop() ?? '').trim());
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  }

  #isProxy(address: string): boolean {
    const version = isIP(address);
    return version !== 0 && this.#proxies.check(address, version === 4 ? 'ipv4' : 'ipv6');
  }
}

/**
 * In the one spelling that each address has here (RFC 5952), without the zone
 * and the port and brackets that some proxies add, an IPv4 address in its own
 * form. What is no address stays as it is.
 */
export function plainAddress(text: string): string {
  // What nearly all are needs none of the patterns.
  if (isIPv4(text)) return text;
  const address = text.replace(/^\[([^\]]*)\](?::\d{1,5})?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/, '$1');
  if (isIP(address) !== 6) return address;
  const canonical = new SocketAddress({ address: address.replace(/%.*$/, ''), family: 'ipv6' }).address;
  return canonical.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, '');
}
