import { isIPv6 } from 'node:net';

/** An IPv6 host has a whole /64 to call from; an IPv4 address stands for itself. */
export function networkOf(address: string): string {
  // Every IPv6 address has a colon; looking for one takes much less than the pattern of them all.
  if (!address.includes(':') || !isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === '' ? [] : tail.split(':');
  const missing = address.includes('::') ? 8 - groups.length - after.length : 0;
  return [...groups, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...after].slice(0, 4).join(':');
}
